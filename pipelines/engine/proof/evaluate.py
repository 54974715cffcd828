"""One protocol for every model and file: predict, decode, and the method's metrics."""

import functools
import heapq

import keras
import numpy as np

from pipelines.engine.data import reading
from pipelines.engine.parallel import devices
from pipelines.engine.proof import whole
from pipelines.engine.proof.compiled import compiled
from pipelines.errors import PipelineError
from pipelines.models.fitted import Fitted
from pipelines.progress import Progress
from pipelines.task import SERVE, Task

WORST = 24  # examples that the report shows
LOSSES = 5000  # most examples whose loss is taken one by one to find the worst


class Decoder:
    """inputs -> decoded {name: NumPy array} of a Keras model; `outputs` are the raw ones of the
    last batch.

    What it does is compiled at the first batch, and its metrics are made once: keep it as long as
    the model is used.
    """

    def __init__(self, model, method, config):
        def forward(inputs):
            return model(inputs, training=False)

        def decode(outputs):
            return method.decode(outputs, config)

        def loss(inputs, targets, outputs):
            return model.compute_loss(inputs, targets, outputs, training=False)

        def forward_and_judge(inputs, targets):
            outputs = forward(inputs)
            return decode(outputs), loss(inputs, targets, outputs)

        self.model = model
        self._decode, self._loss = compiled(decode, model), compiled(loss, model)
        if keras.backend.backend() == "tensorflow":
            self._forward = compiled(forward, model)
            self._judge = compiled(forward_and_judge, model)
        else:
            self._forward = functools.partial(devices.whole, model.predict_on_batch)
            self._judge = self._judge_in_parts
        self._make_metrics = functools.partial(method.metrics, config)

    @functools.cached_property
    def _metrics(self):
        return self._make_metrics()

    def metrics(self):
        """The method's metrics, made once, with nothing counted yet."""
        for metric in self._metrics:
            metric.reset_state()
        return self._metrics

    def loss(self, inputs, targets, outputs):
        """The mean loss of a batch with these raw outputs, as a number."""
        return float(keras.ops.convert_to_numpy(self._loss(inputs, targets, outputs)))

    def judge(self, inputs, targets):
        """(decoded, mean loss) of a batch, in one graph under TensorFlow."""
        decoded, loss = to_numpy(self._judge(inputs, targets))
        return decoded, float(loss)

    def _judge_in_parts(self, inputs, targets):
        """Compiled one by one: a `decode` of TensorFlow's ops cannot be, and the loss still is."""
        outputs = self._forward(inputs)
        return self._decode(outputs), self._loss(inputs, targets, outputs)

    def raw(self, inputs):
        """The raw outputs of a batch, which are not decoded."""
        return self._forward(inputs)

    def __call__(self, inputs):
        self.outputs = self._forward(inputs)
        return to_numpy(self._decode(self.outputs))


def explained(model, part, method, config):
    """What `method.explain` says of the answers on a part, as a dict."""
    if not len(part) or type(method).explain is Task.explain:
        return {}
    return dict(method.explain(Programs(model, method, config), part, config))


def decoder(model, method, config):
    """inputs -> decoded {name: NumPy array} of a trained model of either kind."""
    if not isinstance(model, Fitted):
        return Decoder(model, method, config)

    def answer(inputs):
        return method.answer(model, inputs, config)

    return answer


class Programs:
    """A trained model as a file would be: (inputs, program) -> outputs of that program, NumPy.

    names: of the programs. inputs: {name: {"shape", "dtype"}} of the first one, for one example.
    """

    def __init__(self, model, method, config):
        self.model, self.inputs = model, {}
        self._calls, self._serve = {SERVE: None}, decoder(model, method, config)
        if not isinstance(model, Fitted):
            tensors = {t.name: t for t in keras.tree.flatten(model.input)}
            shapes = {name: [1, *t.shape[1:]] for name, t in tensors.items()}
            types = {name: keras.backend.standardize_dtype(t.dtype) for name, t in tensors.items()}
            empty = {
                name: np.zeros([length or 1 for length in shape], types[name])
                for name, shape in shapes.items()
            }
            programs = method.programs(model, config, empty)
            self._calls = {
                name: compiled(p.call, model) for name, p in programs.items() if not p.file
            }
            first = next(iter(programs.values())).inputs
            self.inputs = {
                name: {"shape": shapes.get(name, [1, *np.shape(v)[1:]]), "dtype": str(v.dtype)}
                for name, v in first.items()
            }

    @property
    def names(self):
        return list(self._calls)

    def raw(self, inputs):
        """The raw outputs of a net for a batch, before `decode`."""
        return self._serve.raw(inputs)

    def __call__(self, inputs, program=SERVE):
        if isinstance(self.model, Fitted):
            return self.model(inputs, program)
        if program == SERVE:
            return self._serve(inputs)
        given = {name: keras.ops.convert_to_tensor(values) for name, values in inputs.items()}
        return to_numpy(self._calls[program](given))


def to_numpy(values):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, values)


def score(predict, split, method, config, each=None, title=""):
    """The method's metrics of `predict` over one pass of `split` -> {name: value, "per_class": ...,
    "matrices": ...}.

    each: called with (start, inputs, targets, decoded) of every batch. title: what is shown
        meanwhile; "" shows nothing.
    """
    if not len(split):
        raise PipelineError(
            "the split is empty: there is nothing to measure. Add examples, or name another split."
        )
    with Progress(title, shown=bool(title)):
        own = method.evaluate(predict, split, config)
    if own is not None:
        return own
    judge, at = whole.Judge(method.metrics(config), split, method, config), 0
    progress = Progress(title, len(split), "examples", shown=bool(title))
    with reading.named(lambda: [split]), progress as bar:
        for inputs, targets in split.batches().as_numpy_iterator():
            decoded = predict(inputs)
            judge.update(targets, decoded)
            if each:
                each(at, inputs, targets, decoded)
            count = len(keras.tree.flatten(inputs)[0])
            at += count
            bar.update(count)
    return collect(judge.finish(), config.labels)


def collect(metrics, labels):
    """Results of Keras metrics as plain values: scalars, vectors per class by label, matrices and
    curves by name.

    A metric whose classes are others than `labels` names them by "labels", which stays in the
    result. What is said of a class without an example, whose "support" is 0, is None: it was not
    judged. A curve is what `page.render` draws: {"x": [...], "y": [...], "x_label": ..., "y_label":
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
        result["per_class"] = _by_class(per_class, labels if own is None else own)
    if own is not None:
        result["labels"] = list(own)
    if matrices:
        result["matrices"] = {
            name: np.asarray(matrix).tolist() for name, matrix in matrices.items()
        }
    if curves:
        result["curves"] = curves
    return result


def _by_class(vectors, labels):
    """{name: vector} -> {label: {name: number, or None}}"""
    rows = {}
    for i, label in enumerate(labels):
        row = {name: float(values[i]) for name, values in vectors.items()}
        if "support" in row:
            support = int(row["support"])
            judged = row if support else dict.fromkeys(row)
            row = {**judged, "support": support}
        rows[label] = row
    return rows


def validate(predict, split, method, config):
    """{"loss": ..., metrics} of a Decoder on `split`, in one pass."""
    own = method.evaluate(predict, split, config)
    if own is not None:
        return own
    total, judge = 0.0, whole.Judge(predict.metrics(), split, method, config)
    for inputs, targets in split.batches().as_numpy_iterator():
        decoded, loss = predict.judge(inputs, targets)
        total += loss * len(keras.tree.flatten(inputs)[0])
        judge.update(targets, decoded)
    return {"loss": total / len(split), **collect(judge.finish(), config.labels)}


def evaluate(model, split, method, config, title="evaluating"):
    """(result, worst): the method's metrics, and the examples with the largest loss, worst first.

    worst: list of {"name", "loss", "inputs", "targets", "decoded"}.
    """
    worst, predict = [], decoder(model, method, config)
    if isinstance(model, Fitted):
        result = score(predict, split, method, config, title=title)
        return {"examples": whole.count(split, method, config), **result}, []

    def keep_worst(at, inputs, targets, decoded):
        if at >= LOSSES:
            return
        for i in range(len(keras.tree.flatten(inputs)[0])):

            def pick(value, i=i):
                return keras.tree.map_structure(lambda t: np.asarray(t)[i : i + 1], value)

            loss = predict.loss(pick(inputs), pick(targets), pick(predict.outputs))
            item = (loss, -(at + i), [pick(inputs), pick(targets), pick(decoded)])
            (heapq.heappush if len(worst) < WORST else heapq.heappushpop)(worst, item)

    result = score(predict, split, method, config, keep_worst, title)

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
    return {"examples": whole.count(split, method, config), **result}, ordered
