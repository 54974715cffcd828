"""What a user brings to a training: a Keras model, a loss and metrics, kept in the run's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from pipelines import catalog, optimization
from pipelines.config import settings
from pipelines.engine.training import logits
from pipelines.errors import PipelineError, brief
from pipelines.files import write_json
from pipelines.records import read_json
from pipelines.task import Method, Source

FILE, MODEL = "own.json", "own.keras"


@dataclass(frozen=True)
class Own:
    """A functional Keras model with the task's output, a loss and training metrics of a user.

    loss: as `keras.Model.compile` takes it, or None for the method's. metrics: likewise.
    """

    model: Any = None
    loss: Any = None
    metrics: Sequence = ()

    @property
    def given(self) -> list[str]:
        """The names of those that are given."""
        pairs = {"model": self.model is not None, "loss": self.loss is not None}
        return [name for name, there in {**pairs, "metrics": bool(self.metrics)}.items() if there]


NOTHING = Own()


def asked(own: Own, name: str, given: Mapping) -> dict:
    """The settings with a method that trains in one phase, and the model's picture size.

    Raises PipelineError if the task has no such method.
    """
    made = dict(given)
    task, method = catalog.split(name)
    if not method and "method" not in made:
        plain = _plain(task)
        if not plain:
            raise PipelineError(
                f"{own.given[0]}= is for nets, and {task} has no method that trains one in one"
                " phase."
            )
        made["method"] = plain[0].name
    taken = catalog.method(made.get("method", method), task)
    if own.model is not None:
        _functional(own.model)
        if "image_size" in {field.name for field in settings(taken.Config)}:
            made.setdefault("image_size", _side(own.model))
    return made


def checked(own: Own, method: Method, config: Any, source: Source) -> Method:
    """`method` with what the user brought in place of its own.

    Raises PipelineError if the method trains in phases, the model has another form, or the loss
    does not fit.
    """
    if not _is_plain(method, config):
        names = ", ".join(f"method={other.name}" for other in _plain(method.task))
        raise PipelineError(
            f"{own.given[0]}= needs a method that trains a net in one phase, and {method.name} does"
            f" not. Name another: {names or 'there is none'}."
        )
    net = None if own.model is None else _fitting(own.model, method.model(config))
    changed = applied(method, own, net)
    made = changed.model(config)
    _try(made, source, own)
    logits.check_loss(own.loss, made)
    return changed


def applied(method: Method, own: Own, net: Any = None) -> Method:
    """`method` with another loss and metrics, and with `net` as its model if there is one."""

    class Changed(type(method)):  # type: ignore[misc]
        """A method with what a user brought."""

        def model(self, config: Any) -> Any:
            made = super().model(config)
            compiled = keras.models.clone_model(net) if net is not None else made
            if net is not None:
                compiled.set_weights(net.get_weights())
            loss = made.loss if own.loss is None else own.loss
            # Metrics of a model that is compiled are used up by it: each model gets copies.
            metrics = [_copy(metric) for metric in own.metrics]
            optimization.compile(compiled, config, loss=loss, metrics=metrics)
            return compiled

        def calibrate(self, model: Any, answers: Iterable, config: Any) -> Mapping[str, float]:
            """The method knows which of its own layers to scale, and none of the user's."""
            return {} if net is not None else super().calibrate(model, answers, config)

    Changed.__name__ = type(method).__name__
    return Changed(method.task, method.name)


def write(own: Own, folder: Path, model: keras.Model) -> None:
    """Keeps what the user brought in the folder of a run, as far as anything was.

    Raises PipelineError if a loss or metric could not be read again.
    """
    if not own.given:
        return
    kept = {"loss": _kept("loss", own.loss, keras.losses)}
    kept["metrics"] = [_kept("metrics", metric, keras.metrics) for metric in own.metrics]
    kept["model"] = own.model is not None
    write_json(folder / FILE, kept)
    if own.model is not None:
        plain = keras.models.clone_model(model)
        plain.set_weights(model.get_weights())
        plain.save(folder / MODEL)


def of_run(folder: Path, method: Method) -> Method:
    """`method` with what the user brought when the run of this folder was made.

    Raises PipelineError if a layer, loss or metric of the user's is not known to Keras here.
    """
    if not (folder / FILE).is_file():
        return method
    kept = read_json(
        folder / FILE, {"loss": (str, dict, type(None)), "metrics": [(str, dict)], "model": bool}
    )
    try:
        loss = kept["loss"] and keras.losses.get(kept["loss"])
        metrics = [metric for metric in kept["metrics"] if keras.metrics.get(metric)]
        net = None
        if kept["model"]:
            net = keras.saving.load_model(folder / MODEL, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise PipelineError(
            f"the model, loss or metrics that were given to {folder} cannot be read:"
            f" {str(error).strip().splitlines()[0]} Import the module that registers them with"
            " keras.saving.register_keras_serializable()."
        ) from error
    return applied(method, Own(net, loss, metrics), net)


def _is_plain(method: Method, config: Any = None) -> bool:
    """Whether a method trains a net by gradients, in one phase, and leaves it as it is compiled."""
    if method.fitted:
        return False
    try:
        stages = method.phases(method.Config() if config is None else config)
    except (PipelineError, ValueError, KeyError):
        return False
    own = [(s.begin, s.cut, s.solve, s.steps) for s in stages]
    return own == [(None, None, None, None)]


def _plain(task: str) -> list[Method]:
    """The methods of a task that are plain and learn from what the task itself learns from."""
    known = [catalog.method(entry.name, task) for entry in catalog.tasks()[task].methods]
    alike = [other for other in known if other.unlabelled == catalog.task(task).unlabelled]
    return list(filter(_is_plain, alike))


def _functional(model: Any) -> None:
    """Raises PipelineError if this is no model that is built of layers."""
    try:
        has_inputs = isinstance(model, keras.Model) and bool(model.inputs)
    except (AttributeError, ValueError):  # of a class of its own, or not built yet
        has_inputs = False
    if not has_inputs:
        raise PipelineError(
            f"model must be a functional keras.Model; got {type(model).__name__}. Make it by"
            " keras.Model(inputs, outputs), or by keras.Sequential with a keras.Input as its first"
            " layer."
        )


def _side(model: Any) -> int:
    """The side of the square picture that a model takes; 0 if it takes any, or no picture."""
    shapes = [tensor.shape for tensor in model.inputs]
    if len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][1]:
        return int(shapes[0][1])
    return 0


def _fitting(model: Any, reference: keras.Model) -> keras.Model:
    """A user's model behind the inputs of `reference`, whose outputs have the same shape.

    Raises PipelineError on what differs.
    """
    given = {tensor.name: tensor for tensor in keras.tree.flatten(reference.input)}
    inputs = {
        name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
        for name, tensor in given.items()
    }
    outputs = model(_matched(inputs, model))
    wanted, got = (keras.tree.map_structure(_shape, o) for o in (reference.output, outputs))
    if wanted != got:
        raise PipelineError(
            f"the model's output must be {wanted}, as the data has it, and is {got}. Change its"
            " last layer."
        )
    logits.check_model(model)
    return keras.Model(inputs, outputs, name=reference.name)


def _matched(inputs: Mapping[str, Any], model: Any) -> Any:
    """The task's inputs as the model takes them: by name, or the only one; numbers in its dtype."""
    taken = {tensor.name: tensor for tensor in model.inputs}
    if len(taken) == len(inputs) == 1:
        (own,), (tensor,) = inputs.values(), taken.values()
        _same_shape(own, tensor)
        return keras.layers.Rescaling(1.0, dtype=tensor.dtype)(own)  # it casts, and nothing else
    if taken.keys() != inputs.keys():
        raise PipelineError(
            f"the model takes {', '.join(taken)}, and the data has {', '.join(inputs)}. Name the"
            " model's inputs so."
        )
    return dict(inputs)


def _same_shape(ours: Any, theirs: Any) -> None:
    pairs = zip(ours.shape, theirs.shape, strict=False)
    fits = len(ours.shape) == len(theirs.shape) and all(
        b in (None, a) or a is None for a, b in pairs
    )
    if not fits:
        raise PipelineError(
            f"the model takes {tuple(theirs.shape)}, and the data gives {tuple(ours.shape)}."
        )


def _shape(tensor: Any) -> str:
    return str(tuple(tensor.shape))


def _try(model: keras.Model, source: Source, own: Own) -> None:
    """Raises PipelineError if the loss of one example cannot be computed."""
    for inputs, targets in source.held_out("train").batches(1):
        try:
            outputs = model(inputs, training=False)
            model.compute_loss(inputs, targets, outputs, training=False)
            model.compute_metrics(inputs, targets, outputs)
        except Exception as error:  # Keras and backends raise nearly anything
            shapes = keras.tree.map_structure(_shape, targets)
            raise PipelineError(
                f"{' and '.join(own.given)} do not fit the targets, {shapes}: {brief(error)}"
            ) from error
        return


def _kept(what: str, value: Any, of: Any) -> Any:
    """A loss or metric as JSON. Raises PipelineError if it could not be read again."""
    if value is None or isinstance(value, str):
        return value
    try:
        kept = of.serialize(value)
        of.get(kept)
    except (ValueError, TypeError, KeyError) as error:
        raise PipelineError(
            f"{what}={value!r} could not be read again when the run is opened. Register it:"
            " @keras.saving.register_keras_serializable() above its definition."
        ) from error
    return kept if isinstance(kept, dict) else str(kept)


def _copy(metric: Any) -> Any:
    if isinstance(metric, keras.metrics.Metric):
        return keras.metrics.get(keras.metrics.serialize(metric))
    return keras.metrics.get(metric) if isinstance(metric, dict) else metric
