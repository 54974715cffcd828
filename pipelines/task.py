"""What a task or method is made of: the contract with the engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SERVE = "serving_default"  # a file's only program, if its method names none; TFLite's usual name


@dataclass(frozen=True)
class Program:
    """A named signature of every exported file.

    call: {name: tensor (1, ...)} -> {name: tensor}; traced by TensorFlow, made of what LiteRT has.
    inputs: {name: array (N, ...)}: examples of what goes in. They give shape and dtype of the
        signature, and set the ranges of int8.
    free: {input name: axes} that stay free in the file (its batch is 1).
    file: name of a file of its own, float32, in place of a signature in every file (for a client
        that wants other outputs, such as MediaPipe).
    metadata: more arguments of `tflite_file.attach_metadata` for such a file.
    """

    call: Callable
    inputs: Mapping
    free: Mapping = field(default_factory=dict)
    file: str = ""
    metadata: Mapping = field(default_factory=dict)
