"""The end of a training: a net is made as sure of its answers as the validation split bears out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.engine.proof import evaluate, whole
from pipelines.models.fitted import Fitted
from pipelines.task import Method, Part, Source


def calibrate(model: Any, method: Method, config: Any, source: Source) -> dict[str, float]:
    """What `method.calibrate` noted down of a trained `model`; {} if there is nothing to judge
    by."""
    if isinstance(model, Fitted) or not source.parts().get("validation"):
        return {}
    predict = evaluate.Decoder(model, method, config)
    answers = _answers(predict, source.held_out("validation"), method, config)
    noted = dict(method.calibrate(model, answers, config))
    if noted:
        listed = [f"{name.replace('_', ' ')} {value:.3f}" for name, value in noted.items()]
        print(f"calibrated on the validation split: {', '.join(listed)}", flush=True)
    return noted


def _answers(predict: evaluate.Decoder, part: Part, method: Method, config: Any) -> Iterator:
    """(raw outputs, targets) of each batch, NumPy; of whole examples, if rows are parts of them."""
    parts = method.parts(part, config)
    if parts is not None:
        targets, decoded = whole.joined(list(_decoded(predict, part)), parts)
        yield method.raw(decoded, config), targets
        return
    for inputs, targets in part.batches().as_numpy_iterator():
        predict(inputs)
        yield evaluate.to_numpy(predict.outputs), targets


def _decoded(predict: evaluate.Decoder, part: Part) -> Iterator:
    """(targets, decoded) of each batch, NumPy."""
    for inputs, targets in part.batches().as_numpy_iterator():
        yield targets, predict(inputs)
