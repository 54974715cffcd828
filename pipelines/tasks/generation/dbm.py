"""A deep Boltzmann machine: two hidden layers, each of which listens to the other."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import Score
from pipelines.tasks.generation import _boltzmann
from pipelines.tasks.generation._boltzmann import Part

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from keras import ops

    from pipelines.ops import boltzmann


@dataclass(frozen=True, kw_only=True)
class _Config(_boltzmann.Config):
    """The settings of a machine, and those of its second layer."""

    monitor: str = setting("val_elbo", "what decides which epoch is kept")
    top: int = setting(
        50, "units of the second hidden layer", "units", low=1, high=_boltzmann.WIDEST
    )
    pretrain_epochs: int = setting(
        0, "epochs, out of `epochs`, that each layer is trained alone before both are", "epochs",
        low=0, high=100_000,
    )  # fmt: skip


class DBM(_boltzmann.Boltzmann):
    """Mean field for what the picture makes likely, persistent chains for what the model does."""

    Config = _Config
    paper = "Salakhutdinov & Hinton 2009"
    scores = (Score("elbo", tolerance=0.2), *_boltzmann.Boltzmann.scores)
    _judged = ("elbo", "log_likelihood")

    def _latent(self, config):
        return config.top

    def _parts(self, config):
        each, rest = config.pretrain_epochs, config.epochs - 2 * config.pretrain_epochs
        if rest < 1:
            raise PipelineError(
                f"pretrain_epochs={each} for each of two layers leaves none of epochs={config.epochs}"
                f" for both. Set epochs={2 * each + 1} or more."
            )
        both = Part("both layers", rest)
        return [*_pretraining(each), both] if each else [both]


def _pretraining(epochs):
    """Each layer as a machine of its own, by contrastive divergence: Salakhutdinov & Hinton 2009,
    section 3.1.

    What the first gets from the picture counts twice, as nothing comes from above yet; likewise
    what the second one gives. Its visible units are the first layer, whose biases stay as they are.
    """
    alone = {"latent": 0, "persists": False}
    return [
        Part("first layer", epochs, _first, _put_first, base=_first_base,
             changes={**alone, "up": 2.0}),
        Part("second layer", epochs, _second, _put_second, _hidden_states, _second_base,
             changes={**alone, "down": 2.0, "trains": (1.0, 0.0, 1.0)}),
    ]  # fmt: skip


def _first(layer):
    own = layer.machine
    return boltzmann.Machine(own.weights[: layer.size], own.visible[: layer.size], own.hidden)


def _put_first(layer, part):
    own = layer.machine
    weights = ops.concatenate([part.weights, own.weights[layer.size :]], 0)
    visible = ops.concatenate([part.visible, own.visible[layer.size :]], 0)
    layer.assign(boltzmann.Machine(weights, visible, part.hidden))


def _first_base(layer):
    return layer.numbers["base"][: layer.size]


def _second(layer):
    own = layer.machine
    return boltzmann.Machine(
        ops.transpose(own.weights[layer.size :]), own.hidden, own.visible[layer.size :]
    )


def _put_second(layer, part):
    own = layer.machine
    weights = ops.concatenate([own.weights[: layer.size], ops.transpose(part.weights)], 0)
    visible = ops.concatenate([own.visible[: layer.size], part.hidden], 0)
    layer.assign(boltzmann.Machine(weights, visible, own.hidden))


def _second_base(layer):
    return layer.numbers["hidden_bias"]


def _hidden_states(layer, pixels, seed):
    """States of the first layer that pictures give, drawn."""
    odds = boltzmann.hidden_probability(layer.scaled(pixels), _first(layer), 2.0)
    chance = np.random.default_rng(seed).random(odds.shape, np.float32)
    return ops.cast(chance < odds, "float32")
