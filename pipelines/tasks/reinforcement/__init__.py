"""Reinforcement learning: a policy that earns much reward in an environment."""

from etils import epy

from pipelines.errors import PipelineError
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines.environments import spaces as kinds
    from pipelines.tasks.reinforcement import _episodes, _world

BANDITS = ("bandit", "contextual_bandit")
LONGEST = 100_000  # steps of an episode; a checkpoint holds as many actions of each environment
TABLE = 10_000  # states up to which a table is the method that is taken
WIDE = 2.5  # deviations from the mean within which int8 files know observations


class Reinforcement(Method):
    """What every method shares: environments, returns, the policy's device half.

    A method decodes to {"action": int32 (B,) or float32 (B, D)}, and what it is chosen by: "values"
    or "probabilities" (B, A).
    """

    data = "grid"
    features = {"state": Feature("number")}
    scores = (
        Score("mean_return", tolerance=0.01, relative=True),
        Score("success_rate", tolerance=0.02),
    )
    page = "reinforcement.md"
    _takes_vectors = _takes_states = _acts_by_number = _acts_by_vector = True

    def source(self, data, config):
        """The environment of that name. Raises PipelineError if there is none, or it does not fit."""
        found = _world.world(self.data if data in (None, "") else data, config)
        if config is not None:
            self._fits(found)
        return found

    def _fits(self, world):
        spaces = world.spaces
        wrong = [
            (spaces.states and not self._takes_states, "counts its states"),
            (not spaces.states and not self._takes_vectors, "observes vectors"),
            (spaces.actions and not self._acts_by_number, "counts its actions"),
            (not spaces.actions and not self._acts_by_vector, "acts by vectors"),
        ]
        other = "dqn or ppo" if spaces.actions else "ppo"
        for is_wrong, what in wrong:
            if is_wrong:
                raise PipelineError(
                    f"{world.name} {what}, which {self.name} cannot take. Try method={other}."
                )

    def default(self, read, settings):
        """A table if states and actions can be counted and are few, else PPO."""
        spaces = _world.world(read or self.data, None).spaces
        if str(read) in BANDITS:
            return "bandit", "it is one"
        if 0 < spaces.states <= TABLE and spaces.actions:
            return "q_learning", f"there are {spaces.states:,} states"
        return "ppo", "observations are vectors" if not spaces.states else "there are many states"

    def learn(self, examples, config):
        """The name of the environment, its spaces, and the limit of steps of an episode."""
        limit = [str(examples.make().longest)]
        return {"environment": [examples.name], "spaces": examples.spaces.lines(), "limit": limit}

    def _spaces(self, config):
        """The spaces of the environment; those of the default one if none was read."""
        if "spaces" in config.learned:
            return kinds.of_lines(config.learned["spaces"])
        return _world.world(self.data, config).spaces

    def _limit(self, config):
        """Steps of an episode at most."""
        if "limit" not in config.learned:
            return _world.world(self.data, config).make().longest
        (text,) = config.learned["limit"]
        if not (text.isascii() and text.isdigit() and 0 < int(text) <= LONGEST):
            raise PipelineError(f"the limit of steps of an episode is damaged: {text[:20]!r}.")
        return int(text)

    def floor(self, part, config):
        """The best mean return of random and of constant actions."""
        return max(_episodes.floors(part).values())

    def evaluate(self, answer, part, config):
        """Returns of the greedy policy over the episodes of a part.

        mean_return with its 95 % interval, median_return, success_rate, episode_length.
        """
        played = part.play(lambda states: answer({"state": states})["action"])
        returns, count = played.returns, len(played.returns)
        half = 1.96 * returns.std(ddof=1) / count**0.5 if count > 1 else 0.0
        threshold = part.make().threshold
        enough = returns > 0 if threshold is None else returns >= threshold
        return {
            "mean_return": float(returns.mean()),
            "mean_return_low": float(returns.mean() - half),
            "mean_return_high": float(returns.mean() + half),
            "median_return": float(np.median(returns)),
            "success_rate": float(enough.mean()),
            "episode_length": float(played.lengths.mean()),
        }

    def device(self, config):
        """The names of the actions, and of the environment; how many states there are, 0 if they are
        vectors; and after how many steps an episode is cut off."""
        spaces = self._spaces(config)
        return {
            "actions": list(spaces.actions),
            "states": spaces.states,
            "limit": self._limit(config),
            "environment": config.learned.get("environment", [self.data])[0],
        }

    def decode(self, outputs, config):
        """The best action, int32 (B,), and the values of all."""
        return {"action": best(outputs["values"]), "values": outputs["values"]}

    def programs(self, model, config, inputs):
        """One; int8 files know the observations that training met, and those near its start."""
        return super().programs(model, config, _known(model, inputs))

    def on_tpu(self, config):
        """Nothing, of what counts: a table or a bandit."""
        return (
            f"nothing of {self.name} runs on a TPU: environments and tables are NumPy, on the host"
        )

    def difference(self, wanted, got, config):
        """The largest difference of what actions are chosen by: near ties may change an action."""
        names = [name for name in wanted if name != "action"] or ["action"]
        return max(float(np.abs(np.subtract(wanted[n], got[n])).max()) for n in names)


def best(values):
    """The number of the largest of (B, A), int32 (B,)."""
    if keras.backend.backend() == "tensorflow":  # keras.ops.argmax does not run in plain LiteRT
        return tf.argmax(values, -1, output_type=tf.int32)
    return keras.ops.argmax(values, -1)


def _known(net, inputs):
    """States (N, ...) with as many more that are like those of the training, if the net knows them."""
    scale = next((layer for layer in net.layers if layer.name == "scale"), None)
    if not hasattr(scale, "seen") or not float(scale.seen.numpy()):
        return inputs
    mean, variance, _ = scale.get_weights()
    random = np.random.default_rng(0)
    away = np.sqrt(variance) * random.uniform(-WIDE, WIDE, inputs["state"].shape)
    return {"state": np.concatenate([inputs["state"], (mean + away).astype(np.float32)])}
