"""A program in a file of its own, for a client that wants other outputs than people do."""

import dataclasses
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipelines.engine.export import convert, metadata, saved_model, tflite_file
from pipelines.engine.proof import proof
from pipelines.errors import Refused
from pipelines.ops import gaps
from pipelines.task import SERVE, Program

COMPARED = 4  # examples on which the file is compared with its program


def write(
    model: Any,
    program: Program,
    folder: Path,
    description: str,
    labels: Sequence[str],
    name: str,
) -> dict:
    """Writes `program.file` in `folder`, float32, with the program as its `serving_default` -> its
    record, {"path", "size_bytes", "max_difference"}.

    model: the Keras model that the program calls. description, labels, name: for the file's
    metadata, with `program.metadata`. Raises Refused if it cannot be made, holds an op that LiteRT
    does not have, or differs from the program.
    """
    path = Path(folder) / program.file
    with tempfile.TemporaryDirectory() as scratch:
        saved = Path(scratch) / "saved_model"
        saved_model.write(model, {SERVE: dataclasses.replace(program, file="")}, saved)
        made = convert.convert(saved, scratch, ["float32"], {})["float32"]
        if isinstance(made, str):
            raise Refused(f"{program.file}: {made}")
        shutil.move(made, path)  # maybe to another disk
    tflite_file.refuse_foreign(path)
    metadata.attach_metadata(
        path, name=name, description=description, labels=labels, **program.metadata
    )
    gap = _difference(path, program)
    if not gap <= proof.FLOAT_SLACK:  # NaN too
        raise Refused(f"{program.file}: outputs differ by {gap:.3g} from the Keras model's.")
    return {"path": program.file, "size_bytes": path.stat().st_size, "max_difference": gap}


def _difference(path, program):
    """The largest difference of any output between a file and its program."""
    run, found = proof.runner(path), []
    for i in range(COMPARED):
        example = {name: np.asarray(values[i : i + 1]) for name, values in program.inputs.items()}
        if not all(map(len, example.values())):
            break
        got = run(example)
        for name, values in program.call(example).items():
            found.append(gaps.gap(keras.ops.convert_to_numpy(values), got[name]))
    return max(found)
