"""A file of its own for a program, for a client that wants other outputs than people do."""

import tempfile
from pathlib import Path

from pipelines.engine.export import convert, metadata, saved_model, tflite_file
from pipelines.engine.proof import proof
from pipelines.errors import Refused
from pipelines.ops import gaps
from pipelines.task import SERVE, Program


def write(model, program, folder, description, labels, name):
    """Writes `program.file` in `folder` -> its record. Raises Refused if it cannot be made or differs."""
    own = Program(program.call, program.inputs, program.free)
    with tempfile.TemporaryDirectory() as scratch:
        saved_model.write(model, {SERVE: own}, Path(scratch) / "saved_model")
        (made,) = convert.convert(
            Path(scratch) / "saved_model", Path(scratch), ["float32"], {}
        ).values()
        if isinstance(made, str):
            raise Refused(f"{program.file}: {made}")
        tflite_file.refuse_foreign(made)
        made = made.rename(folder / program.file)
    metadata.attach_metadata(
        made, name=name, description=description, labels=labels, **program.metadata
    )
    one = {key: values[:1] for key, values in program.inputs.items()}
    got, wanted = proof.runner(made)(one), program.call(one)
    gap = max(gaps.gap(wanted[key], got[key]) for key in wanted)
    if not gap <= proof.FLOAT_SLACK:
        raise Refused(f"{program.file}: outputs differ by {gap:.3g} from the Keras model's.")
    return {"path": program.file, "size_bytes": made.stat().st_size, "max_difference": gap}
