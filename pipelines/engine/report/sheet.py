"""Examples as the net sees them, with what is true of them: one sheet of pictures, or texts."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipelines import canvas, markup
from pipelines.engine.data.source import DataSet
from pipelines.errors import PipelineError
from pipelines.files import write_bytes, write_text

COLUMNS = 4
FOLDER = "shown"


class Sheet:
    """Some examples: `picture`, uint8 (H, W, 3), or else `text`; in a file at `path`."""

    def __init__(self, title: str, path: Path, picture: np.ndarray | None, text: str):
        self.title, self.path, self.picture, self.text = title, path, picture, text

    def __repr__(self) -> str:
        shown = f"\n{self.text}" if self.text else ""
        return f"{self.title}: {self.path}{shown}"

    def _repr_png_(self) -> bytes | None:
        return None if self.picture is None else canvas.png(self.picture)

    def _repr_html_(self) -> str | None:
        """None for pictures, which a notebook then shows as PNG."""
        if self.picture is not None:
            return None
        return markup.page(self.title, f"<pre>{markup.escaped_lines(self.text)}</pre>")


def sheet(run: Any, batch: str, count: int) -> Sheet:
    """`count` examples of a split; those of "train" are shuffled and augmented as in the first
    steps.

    Raises PipelineError if the run learns from no data set, or there is no such split.
    """
    if not isinstance(run.source, DataSet):
        raise PipelineError(f"{run.path} learns from no data set: there are no examples to show.")
    part = run.split(batch)
    if not len(part):
        raise PipelineError(f"the split {batch} of {run.path} is empty.")
    batches = run.source.train(0) if batch == "train" else part.batches()
    drawn = [_drawn(run, *example) for example in itertools.islice(_each(batches), count)]
    noun = "example" if len(drawn) == 1 else "examples"
    title = f"{len(drawn)} {noun} of {batch}, as the net sees them"
    stem = run.path / FOLDER / batch
    if isinstance(drawn[0], str):
        text = "\n\n".join(drawn)
        write_text(stem.with_suffix(".txt"), f"{text}\n")
        return Sheet(title, stem.with_suffix(".txt"), None, text)
    picture = canvas.grid(drawn, COLUMNS)
    write_bytes(stem.with_suffix(".png"), canvas.png(picture))
    return Sheet(title, stem.with_suffix(".png"), picture, "")


def _each(batches: Any):
    """(inputs, targets) of single examples."""
    for inputs, targets in batches.as_numpy_iterator():
        for i in range(len(keras.tree.flatten(inputs)[0])):
            yield tuple(keras.tree.map_structure(lambda v, i=i: v[i], v) for v in (inputs, targets))


def _drawn(run: Any, inputs: Mapping, targets: Any) -> Any:
    """One example with its truth, as a picture or text; without it if the task has no such
    answer."""
    truth = run.method.truth(targets, run.config)
    if truth is not None:
        return run.method.draw(inputs, truth, run.config)
    pictures = [value for value in inputs.values() if _is_picture(value)]
    if pictures:
        return canvas.captioned(canvas.grid(pictures, len(pictures)), ())
    return "\n".join(f"{name} {np.asarray(value).tolist()}" for name, value in inputs.items())


def _is_picture(value: np.ndarray) -> bool:
    return value.dtype == np.uint8 and value.ndim == 3 and value.shape[-1] == 3
