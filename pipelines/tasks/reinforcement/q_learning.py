"""Q-learning: a table of what each action is worth in each state, learned episode by episode."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.task import Phase
from pipelines.tasks.reinforcement import Reinforcement

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines.environments import grid_world


@dataclass(frozen=True, kw_only=True)
class _Config(settings.SteppedConfig):
    """The settings of a training by steps of its own, and those of Q-learning."""

    epochs: int = setting(10, "parts of the training, each with a validation", "epochs", low=1)
    steps_per_epoch: int = setting(50, "steps per epoch", "steps", low=1)
    batch_size: int = setting(10, "episodes per step", "episodes", low=1)
    monitor: str = setting("val_mean_return", "what decides which epoch is kept")
    discount: float = setting(0.97, "worth of a reward one step later", low=0.0, high=1.0)
    rate: float = setting(0.1, "share of the error that a value moves by", low=0.0, high=1.0)
    explore: float = setting(0.3, "share of random actions in training", low=0.0, high=1.0)


class QLearning(Reinforcement):
    """The update does not depend on the policy that explores."""

    Config = _Config
    paper = "Watkins & Dayan 1992"

    def model(self, config):
        """{"state": int32 (B,)} -> {"values": (B, A)}: a table, zero at first."""
        state = keras.Input((), dtype="int32", name="state")
        count = grid_world.GridWorld().states
        table = keras.layers.Embedding(
            count, len(grid_world.ACTIONS), embeddings_initializer="zeros", name="table"
        )
        return keras.Model({"state": state}, {"values": table(state)}, name="q_learning")

    def phases(self, config):
        """One, whose steps are episodes; all that lasts is the table."""

        def steps(net, source, first_step):
            table = net.get_layer("table")
            step = first_step
            while True:
                values = np.array(table.get_weights()[0])
                numbers = _episodes(values, source, config, step)
                table.set_weights([values])
                step += 1
                yield numbers

        return [Phase("train", config, steps=steps)]

    def unsupported(self, config):
        """No table has an int8 file: actions that are worth nearly the same change places."""
        return {"int8": "256 steps cannot tell actions apart that are worth nearly the same"}

    def decode(self, outputs, config):
        """The best action, int32 (B,), and the values of all."""
        values = outputs["values"]
        if keras.backend.backend() == "tensorflow":  # keras.ops.argmax does not run in plain LiteRT
            action = tf.argmax(values, -1, output_type=tf.int32)
        else:
            action = keras.ops.argmax(values, -1)
        return {"action": action, "values": values}


def _episodes(values, world, config, step):
    """Changes the table (S, A) by the episodes of one step -> {"loss", "train_return"}."""
    random = np.random.default_rng((config.seed, step))
    table = np.cumsum(world.transitions(), -1)
    errors, total = [], 0.0
    for _ in range(config.batch_size):
        state = 0
        for _ in range(grid_world.LONGEST):
            explores = random.random() < config.explore
            action = (
                random.integers(values.shape[1]) if explores else _greedy(values[state], random)
            )
            after = int((random.random() >= table[state, action, :-1]).sum())
            reward, ends = world.reward(after), world.is_end(after)
            # Being cut off is no end of the return: only a state that ends has no value behind it.
            target = reward + (0.0 if ends else config.discount * values[after].max())
            error = target - values[state, action]
            values[state, action] += config.rate * error
            errors.append(abs(error))
            total += reward
            state = after
            if ends:
                break
    return {"loss": float(np.mean(errors)), "train_return": total / config.batch_size}


def _greedy(row, random):
    """One of the best actions, at random if there are several."""
    best = np.flatnonzero(row == row.max())
    return int(best[random.integers(len(best))])
