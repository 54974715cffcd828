"""A TFLite file as a function of named arrays, for each of its programs."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

SERVE = "serving_default"  # the program of a file that has one only
FREE = -1  # an axis of any length, in a shape
ALONE = threading.Lock()  # for standard error, of which a process has one


@contextlib.contextmanager
def _silently() -> Iterator[None]:
    """Within it, LiteRT does not greet on standard error. One thread at a time is in it."""
    with ALONE:
        kept = _turned_off()
        try:
            yield
        finally:
            if kept is not None:
                os.dup2(kept, 2)
                os.close(kept)


def _turned_off() -> int | None:
    """Leads standard error to nowhere -> where it led, or None if it is closed."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # of None, or a closed one
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:
        return None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return kept


class Model:
    """A TFLite file, ready to run on the CPU. Not for use from two threads at once.

    `programs` is {name: {"inputs": {name: {"shape": [...], "dtype": "uint8"}}, "outputs": ...}}, as
    the file has them; an axis of -1 takes any length. `inputs` and `outputs` are those of
    `serving_default`, or of the first program if there is none of that name.
    Raises ValueError in one line if the file is missing or broken, has no program, or holds an
    op that LiteRT does not know.
    """

    def __init__(self, path: Path | str, threads: int | None = None):
        from ai_edge_litert.interpreter import Interpreter  # takes 0.15 s, and `--help` should not

        try:
            with _silently():
                interpreter = Interpreter(str(path), num_threads=threads)
                interpreter.allocate_tensors()  # of the first program; others when they run
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{path} does not run in LiteRT: {_one_line(error)}") from error
        names = list(interpreter.get_signature_list())
        if not names:
            raise ValueError(f"{path} does not run in LiteRT: it has no signature.")
        runners = {name: interpreter.get_signature_runner(name) for name in names}
        self._programs = {name: _Program(runner) for name, runner in runners.items()}
        self.programs = {name: program.specs() for name, program in self._programs.items()}
        first = self.programs[SERVE if SERVE in names else names[0]]
        self.inputs, self.outputs = first["inputs"], first["outputs"]

    def __call__(self, inputs: Mapping[str, Any], program: str = SERVE) -> dict[str, np.ndarray]:
        """{name: array} -> {name: new array} of a program, real numbers both ways: a quantised
        tensor's scale is applied here.

        Raises ValueError on an unknown program, a missing or unknown name, another shape, numbers
        that the input's type cannot hold, or a step that fails.
        """
        if program not in self.programs:
            raise ValueError(f"the programs are {', '.join(self.programs)}; got {program}.")
        return self._programs[program](inputs)


class _Program:
    """One signature of a file, as a function of named arrays."""

    def __init__(self, runner):
        self._run = runner
        self._inputs = runner.get_input_details()
        self._outputs = runner.get_output_details()

    def specs(self) -> dict[str, dict]:
        """{"inputs": {name: {"shape", "dtype"}}, "outputs": the same}."""
        return {
            "inputs": {name: _spec(details) for name, details in self._inputs.items()},
            "outputs": {name: _spec(details) for name, details in self._outputs.items()},
        }

    def __call__(self, inputs):
        if inputs.keys() != self._inputs.keys():
            raise ValueError(
                f"the inputs must be {', '.join(self._inputs)}; got {', '.join(inputs) or 'none'}."
            )
        encoded = {
            name: _encoded(name, inputs[name], details) for name, details in self._inputs.items()
        }
        try:
            outputs = self._run(**encoded)
        except RuntimeError as error:
            raise ValueError(_one_line(error)) from error
        return {name: _decoded(outputs[name], details) for name, details in self._outputs.items()}


def _one_line(error):
    return " ".join(str(error).split())


def _shape(details):
    """A tensor's lengths, FREE for those that are any."""
    return details["shape_signature"].tolist()


def _spec(details):
    return {"shape": _shape(details), "dtype": np.dtype(details["dtype"]).name}


def _fits(shape, wanted):
    """Whether an array's shape is the wanted one, but for free axes."""
    if len(shape) != len(wanted):
        return False
    return all(length in (given, FREE) for given, length in zip(shape, wanted, strict=True))


def _encoded(name, values, details):
    """Real numbers -> what the input tensor holds."""
    values, dtype = np.asarray(values), details["dtype"]
    # The runner would resize the file to any shape, and a file with a fixed batch then fails or is
    # silently wrong.
    if not _fits(values.shape, _shape(details)):
        raise ValueError(f"{name} must have shape {_shape(details)}; got {list(values.shape)}.")
    scale, zero_point = details["quantization"]
    if scale and not (values.dtype == dtype and (scale, zero_point) == (1, 0)):
        limits = np.iinfo(dtype)
        return np.clip(np.round(values / scale + zero_point), limits.min, limits.max).astype(dtype)
    if not np.can_cast(values.dtype, dtype, "same_kind"):
        raise ValueError(f"{name} must be {np.dtype(dtype).name}; got {values.dtype.name}.")
    return values.astype(dtype, copy=False)


def _decoded(values, details):
    """What the output tensor holds -> real numbers."""
    scale, zero_point = details["quantization"]
    return (values.astype(np.float32) - zero_point) * np.float32(scale) if scale else values
