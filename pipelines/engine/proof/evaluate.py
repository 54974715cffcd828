"""One protocol for every model and file: predict, decode, and the task's metrics."""

import heapq

import keras
import numpy as np
from tqdm import tqdm

from pipelines import terminal
from pipelines.engine.parallel import devices
from pipelines.errors import PipelineError

WORST = 24  # examples that the report shows
LOSSES = 5000  # most examples whose loss is taken one by one to find the worst


class Decoder:
    """inputs -> decoded {name: NumPy array} of a Keras model; `outputs` are the raw ones of the last batch."""

    def __init__(self, model, task, config):
        self.model = model
        self._decode = compiled(lambda outputs: task.decode(outputs, config))
        self._loss = compiled(
            lambda x, y, outputs: model.compute_loss(x, y, outputs, training=False)
        )

    def loss(self, inputs, targets, outputs):
        """The mean loss of a batch with these raw outputs, as a number."""
        return float(keras.ops.convert_to_numpy(self._loss(inputs, targets, outputs)))

    def __call__(self, inputs):
        self.outputs = devices.whole(self.model.predict_on_batch, inputs)
        return to_numpy(self._decode(self.outputs))


def compiled(function):
    """`function` of arrays as a graph under TensorFlow, where loops over the parts of a sequence are slow otherwise."""
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    return tf.function(function, reduce_retracing=True)


def to_numpy(values):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, values)


def score(predict, split, task, config, each=None, title=""):
    """The task's metrics of `predict` over one pass of `split` -> {name: value, "per_class": ...,
    "matrices": ...}.

    each: called with (start, inputs, targets, decoded) of every batch. title: of the progress bar;
        "" shows none.
    """
    if not len(split):
        raise PipelineError(
            "the split is empty: there is nothing to measure. Add examples, or name another split."
        )
    metrics, at = task.metrics(config), 0
    with tqdm(
        total=len(split), desc=title, unit="ex", disable=terminal.quiet() or not title, leave=False
    ) as bar:
        for inputs, targets in split.batches().as_numpy_iterator():
            decoded = predict(inputs)
            for metric in metrics:
                metric.update_state(targets, decoded)
            if each:
                each(at, inputs, targets, decoded)
            count = len(keras.tree.flatten(inputs)[0])
            at += count
            bar.update(count)
    return collect(metrics, config.labels)


def collect(metrics, labels):
    """Results of Keras metrics as plain values: scalars, vectors per class by label, matrices and
    curves by name.

    A metric whose classes are others than `labels` names them by "labels", which stays in the
    result. A curve is what `page.render` draws: {"x": [...], "y": [...], "x_label": ..., "y_label":
    ..., "diagonal": bool}.
    """
    result, per_class, matrices, curves, own = {}, {}, {}, {}, None
    for metric in metrics:
        value = metric.result()
        value = dict(value) if isinstance(value, dict) else {metric.name: value}
        curves |= value.pop("curves", {})  # plain values already
        own = value.pop("labels", own)
        value = to_numpy(value)
        per_class |= value.pop("per_class", {})
        matrices |= value.pop("matrices", {})
        result |= {name: float(number) for name, number in value.items()}
    if per_class:
        result["per_class"] = {
            label: {
                name: (int if name == "support" else float)(values[i])
                for name, values in per_class.items()
            }
            for i, label in enumerate(labels if own is None else own)
        }
    if own is not None:
        result["labels"] = list(own)
    if matrices:
        result["matrices"] = {
            name: np.asarray(matrix).tolist() for name, matrix in matrices.items()
        }
    if curves:
        result["curves"] = curves
    return result


def headline(task, config):
    """Name of the metric that files are judged by: the first that the task names."""
    first = task.metrics(config)[0]
    value = first.result()
    return next(iter(value)) if isinstance(value, dict) else first.name


def better(name):
    """+1 where more of a metric is better, -1 where less is, by its name."""
    return -1 if any(word in name for word in ("loss", "error", "distance")) else 1


def validate(predict, split, task, config):
    """{"loss": ..., metrics} of a Decoder on `split`, in one pass."""
    total = 0.0

    def add_loss(at, inputs, targets, decoded):
        nonlocal total
        total += predict.loss(inputs, targets, predict.outputs) * len(keras.tree.flatten(inputs)[0])

    result = score(predict, split, task, config, add_loss)
    return {"loss": total / max(1, len(split)), **result}


def evaluate(model, split, task, config, title="evaluate"):
    """(result, worst): the task's metrics, and the examples with the largest loss, worst first.

    worst: list of {"name", "loss", "inputs", "targets", "decoded"}.
    """
    worst, predict = [], Decoder(model, task, config)

    def keep_worst(at, inputs, targets, decoded):
        if at >= LOSSES:
            return
        for i in range(len(keras.tree.flatten(inputs)[0])):

            def pick(value, i=i):
                return keras.tree.map_structure(lambda t: np.asarray(t)[i : i + 1], value)

            loss = predict.loss(pick(inputs), pick(targets), pick(predict.outputs))
            item = (loss, -(at + i), [pick(inputs), pick(targets), pick(decoded)])
            (heapq.heappush if len(worst) < WORST else heapq.heappushpop)(worst, item)

    result = score(predict, split, task, config, keep_worst, title)

    def first(value):
        return keras.tree.map_structure(lambda t: t[0], value)

    ordered = [
        {
            "name": split.names[-at],
            "loss": loss,
            "inputs": first(x),
            "targets": first(y),
            "decoded": first(d),
        }
        for loss, at, (x, y, d) in sorted(worst, key=lambda item: item[:2], reverse=True)
    ]
    return {"examples": len(split), **result}, ordered
