"""Whether a user's model or loss has probabilities, if the task has logits: then it would learn
wrongly."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from pipelines.errors import PipelineError

PROBABILITIES = ("softmax", "sigmoid")  # activations that the loss of a task does itself


def last(model: Any) -> str:
    """The activation that a model ends in, if it makes probabilities; else ""."""
    layer = model.layers[-1]
    if getattr(layer, "layers", None):  # a model within the model
        return last(layer)
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return name if name in PROBABILITIES else ""


def check_model(model: Any) -> None:
    """Raises PipelineError if a user's model ends in probabilities."""
    if activation := last(model):
        raise PipelineError(
            f"the model's last layer ends in {activation}, and the task takes logits and does that"
            " itself. Leave the activation out."
        )


def check_loss(loss: Any, model: keras.Model) -> None:
    """Raises PipelineError if a user's loss takes probabilities, and `model` gives logits."""
    name = _taking_probabilities(loss)
    if name and not last(model):
        raise PipelineError(
            f"loss={name} takes probabilities, and the model gives logits. Write"
            f" loss=keras.losses.{name}(from_logits=True)."
        )


def _taking_probabilities(loss: Any) -> str:
    """The class in keras.losses of a loss that is told to take no logits; "" of any other."""
    found = keras.losses.get(loss) if isinstance(loss, str) else loss
    if isinstance(found, keras.losses.Loss):
        name, takes = type(found).__name__, found.get_config().get("from_logits")
    elif inspect.isfunction(found):
        known = inspect.signature(found).parameters.get("from_logits")
        name, takes = found.__name__.title().replace("_", ""), known and known.default
    else:
        return ""
    return name if takes is False and hasattr(keras.losses, name) else ""
