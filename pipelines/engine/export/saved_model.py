"""A Keras model as a SavedModel, with a signature for each of its programs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines.errors import PipelineError
from pipelines.task import Program


def write(model: Any, programs: Mapping[str, Program], folder: Path) -> None:
    """Writes `programs`, {name: Program}, whose calls use `model`, each as a signature with a batch
    of 1; a program with a file of its own is left out.

    Inputs and outputs keep their names. Without a program `serving_default`, the first one has this
    name too, as servers ask for it. Raises PipelineError if it cannot be written.
    """
    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, program in programs.items():
        if not program.file:
            archive.add_endpoint(name, program.call, input_signature=[_specs(program)])
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:  # TensorFlow writes with its own code: this is no OSError
        reason = str(error).strip().splitlines()[0].rpartition("; ")[2]
        raise PipelineError(
            f"cannot write {folder}: {reason}. Free some space or choose a folder that you may"
            " write to."
        ) from error


def signature(program: Program) -> dict[str, dict]:
    """{"inputs": {name: {"shape", "dtype"}}, "outputs": the same} of a program; a free axis is
    -1."""
    given = _specs(program)
    traced = tf.function(program.call).get_concrete_function(given)
    return {"inputs": _plain(given), "outputs": _plain(traced.structured_outputs)}


def _plain(specs):
    found = {}
    for name, spec in specs.items():
        shape = [-1 if length is None else length for length in spec.shape]
        found[name] = {"shape": shape, "dtype": spec.dtype.name}
    return found


def _specs(program):
    """{input name: TensorSpec} of a program's signature."""
    specs = {}
    for name, values in program.inputs.items():
        values = np.asarray(values)
        shape = [1, *values.shape[1:]]
        for axis in program.free.get(name, ()):
            shape[axis] = None
        specs[name] = tf.TensorSpec(shape, values.dtype, name=name)
    return specs
