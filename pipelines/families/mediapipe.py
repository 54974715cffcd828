"""A file of its own for MediaPipe Tasks, which wants other outputs, and sometimes inputs, than
people do."""

from collections.abc import Callable, Mapping

from pipelines.task import NOTHING, Program

FILE = "model_mediapipe.tflite"


def program(call: Callable, inputs: Mapping, metadata: Mapping = NOTHING) -> dict[str, Program]:
    """The program, for `Method.programs`; metadata: how MediaPipe is to read the file."""
    return {"mediapipe": Program(call, inputs, file=FILE, metadata=metadata)}
