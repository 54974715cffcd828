"""A file beside the others for MediaPipe Tasks, which wants other outputs than people do."""

import tempfile
from pathlib import Path

from pipelines.engine.export import convert, saved_model, tflite_file
from pipelines.engine.proof import proof
from pipelines.errors import Refused

FILE = "model_mediapipe.tflite"


def write(model, run, folder, inputs, description):
    """Writes FILE in `folder` where the run's task has a `mediapipe(outputs, config)` -> its
    record, or None.

    That function is like `decode` and gives what MediaPipe's task takes; a task may also have
    `mediapipe_metadata(config)`, arguments of `tflite_file.attach_metadata` that tell MediaPipe how
    to take it, and `mediapipe_inputs(model, inputs, config)`, which gives model and inputs as
    MediaPipe feeds them. inputs: a batch that the file is compared with the Keras model on;
    description: for the file's metadata. Raises Refused where it cannot be made or differs.
    """
    task, config = run.task, run.config
    if not hasattr(task, "mediapipe"):
        return None

    if hasattr(task, "mediapipe_inputs"):
        model, inputs = task.mediapipe_inputs(model, inputs, config)

    def answer(values):
        return task.mediapipe(model(values, training=False), config)

    with tempfile.TemporaryDirectory() as scratch:
        saved_model.write(model, answer, Path(scratch) / "saved_model", inputs)
        (made,) = convert.convert(
            Path(scratch) / "saved_model", Path(scratch), ["float32"], {}
        ).values()
        if isinstance(made, str):
            raise Refused(f"{FILE}: {made}")
        tflite_file.refuse_foreign(made)
        made = made.rename(folder / FILE)
    more = task.mediapipe_metadata(config) if hasattr(task, "mediapipe_metadata") else {}
    tflite_file.attach_metadata(
        made, name=run.path.name, description=description, labels=config.labels, **more
    )
    got, wanted = proof.runner(made)(inputs), answer(inputs)
    gap = max(proof.difference(wanted[name], got[name]) for name in wanted)
    if not gap <= proof.FLOAT_SLACK:
        raise Refused(f"{FILE}: outputs differ by {gap:.3g} from the Keras model's.")
    return {"path": FILE, "size_bytes": made.stat().st_size, "max_difference": gap}
