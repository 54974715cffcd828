"""REINFORCE: whole episodes are played, and actions become likelier by what followed them."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.task import Phase
from pipelines.tasks.reinforcement import _policy, _tf_agents

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from keras import ops

    from pipelines.environments import several
    from pipelines.losses import policies
    from pipelines.models import policy_nets
    from pipelines.models import update as updates
    from pipelines.ops import returns
    from pipelines.tasks.reinforcement import _experience, _gradient

SMALLEST = 256  # rows of a batch; a larger one has a power of two times as many


@dataclass(frozen=True, kw_only=True)
class _Config(_policy.PolicyNet, _tf_agents.Engine):
    """The settings of a policy, and those of REINFORCE."""

    steps_per_epoch: int = setting(10, "steps per epoch", "steps", low=1)
    batch_size: int = setting(8, "episodes per step", "episodes", low=1, high=1024)
    learning_rate: float = setting(3e-3, "learning rate", low=0.0, high=10.0)
    clip_norm: float = setting(1.0, "clip the global gradient norm; 0 is off", low=0.0)
    baseline: str = setting(
        "value",
        "what returns are compared with: what the net says of the state, their mean, or nothing",
        choices=("value", "mean", "none"),
    )


class Reinforce(_policy.Policy):
    """Monte Carlo policy gradient with a baseline, one update for some whole episodes."""

    Config = _Config
    paper = "Williams 1992"

    def phases(self, config):
        """One; a step plays episodes and learns from them once."""
        if _tf_agents.is_asked(config):
            return _tf_agents.phases("reinforce", config)
        kept, spaces = [], self._spaces(config)

        def judge(update, batch, outputs):
            return _loss(outputs, batch, config)

        def begin(net):
            optimizer = _gradient.optimizer(config)
            kept[:] = [updates.ready(updates.Update(net, judge), optimizer)]

        def steps(net, source, first_step):
            run, actor, step = updates.runner(kept[0]), _policy.Actor(net, spaces), first_step
            worlds = [source.make() for _ in range(config.batch_size)]
            while True:
                random = np.random.default_rng((config.seed, step))
                seeds = [
                    several.seed_of(config.seed, step * len(worlds) + i) for i in range(len(worlds))
                ]
                found = _learned_from(_played(worlds, seeds, actor, random), actor, config)
                loss = run({name: values[None] for name, values in _filled(found).items()})
                policy_nets.seen(net, found["state"])
                actor.pull()
                step += 1
                yield {"loss": loss, "train_return": found["total"]}

        def memory():
            return kept[0].optimizer.variables

        return [Phase("train", config, begin=begin, steps=steps, memory=memory)]


def _loss(outputs, batch, config):
    """The loss of the policy and of its values, a mean over steps."""
    logs, weight = policies.log_probability(outputs, batch["action"]), batch["weight"]
    errors = ops.square(batch["return"] - outputs["value"])
    loss = -logs * batch["advantage"] - config.entropy * policies.entropy(outputs)
    return ops.sum((loss + config.value_weight * errors) * weight) / ops.sum(weight)


class _Episode:
    """The states (T + 1 of them), actions and rewards of one episode, and whether it ended."""

    def __init__(self, state):
        self.states, self.actions, self.rewards, self.ended = [state], [], [], False


def _played(worlds, seeds, actor, random):
    """A whole episode of each environment."""
    episodes = [_Episode(world.reset(seed)) for world, seed in zip(worlds, seeds, strict=True)]
    active = list(zip(worlds, episodes, strict=True))
    while active:
        chosen, _ = actor.act(np.array([own.states[-1] for _, own in active]), random)
        going = []
        for (world, own), action in zip(active, chosen, strict=True):
            given = action if world.spaces.action_low else int(action[0])
            state, reward, own.ended, cut = world.step(given)
            own.states.append(state)
            own.actions.append(action)
            own.rewards.append(reward)
            if not (own.ended or cut):
                going.append((world, own))
        active = going
    return episodes


def _learned_from(episodes, actor, config):
    """{"state", "action", "return", "advantage": (n, ...), "total": mean return}."""
    states = np.array([state for own in episodes for state in own.states[:-1]])
    actions = np.array([action for own in episodes for action in own.actions], np.float32)
    totals = []
    for own in episodes:
        # Being cut off is no end of the return: what the last state is worth comes behind it.
        behind = 0.0 if own.ended else float(actor.values(np.array(own.states[-1:]))[0])
        totals.append(returns.to_go(np.array(own.rewards), behind, config.discount))
    found = np.concatenate(totals)
    baseline = {"value": lambda: actor.values(states), "mean": found.mean, "none": lambda: 0.0}
    advantages = found - baseline[config.baseline]()
    if config.baseline != "none":
        advantages = _experience.standard(advantages)
    is_counted = states.dtype.kind == "i"
    return {
        "state": states.astype(np.int32 if is_counted else np.float32),
        "action": actions,
        "return": found.astype(np.float32),
        "advantage": advantages.astype(np.float32),
        "total": float(np.mean([sum(own.rewards) for own in episodes])),
    }


def _filled(found):
    """The arrays with rows of weight 0, so that compiled updates meet few sizes."""
    count = len(found["state"])
    size = SMALLEST
    while size < count:
        size *= 2
    arrays = {name: values for name, values in found.items() if name != "total"}
    arrays["weight"] = np.ones(count, np.float32)
    return {
        name: np.concatenate([values, np.zeros((size - count, *values.shape[1:]), values.dtype)])
        for name, values in arrays.items()
    }
