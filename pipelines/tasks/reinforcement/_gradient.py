"""The settings that all nets of agents share."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.task import Phase
from pipelines.tasks.reinforcement._settings import Stepped

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

WIDEST = 4096  # units of a layer


@dataclass(frozen=True, kw_only=True)
class Net(Stepped):
    """The settings of a training by steps of its own, and those of a net."""

    epochs: int = setting(10, "parts of the training, each with a validation", "epochs", low=1)
    width: int = setting(64, "units of each hidden layer", "units", low=1, high=WIDEST)
    depth: int = setting(2, "hidden layers", "layers", low=0, high=16)
    learning_rate: float = setting(1e-3, "learning rate at first", low=0.0, high=10.0)
    clip_norm: float = setting(0.5, "clip the global gradient norm; 0 is off", low=0.0)
    environments: int = setting(
        8, "environments that run at once", "environments", low=1, high=1024
    )
    normalise: str = setting(
        "off",
        "bring observations to one scale, by their mean and deviation so far, within the net",
        choices=("on", "off"),
    )


def on_tpu(config):
    """What of a training of a net runs on a TPU, as `Method.on_tpu` says it."""
    return (
        "all updates of a step run on the TPU, as one call that XLA compiles; environments, acting and"
        f" what is remembered stay on the host, in NumPy. Layers of {config.width} units keep a TPU"
        " waiting for them: it helps from some thousand units on"
    )


def optimizer(config, epsilon=1e-7):
    """Adam (Kingma & Ba 2015) with the settings' rate and clipping."""
    return keras.optimizers.Adam(
        config.learning_rate, epsilon=epsilon, global_clipnorm=config.clip_norm or None
    )


def phases(trainer, config):
    """The only one, of what has `begin`, `steps` and `memory`."""
    return [Phase("train", config, begin=trainer.begin, steps=trainer.steps, memory=trainer.memory)]


def total_steps(config):
    """Steps of the whole training."""
    return config.epochs * config.steps_per_epoch
