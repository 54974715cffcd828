"""A TFLite file on TensorFlow Lite Micro's interpreter, in a process of its own: it tells what it
allocates by printing
it, and C++ of two runtimes does not share a process. Needs the package tflite-micro."""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipelines.engine.export import tflite_file

LARGEST = 256 * 2**20  # bytes of arena that are tried; no microcontroller has as many
LONGEST_REASON = 300  # characters


def installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec("tflite_micro") is not None


def run(
    path: Path, inputs: Mapping[str, np.ndarray] | None = None
) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    """A file -> ({"total", "head", "tail"}, {output name: (N, ...)} of `inputs`, {name: (N, ...)}).

    The first are the bytes of arena that it takes: `head` for tensors, `tail` for what is kept
    about tensors and ops, which takes less where pointers have 32 bits. Raises ValueError in one
    line if it does not run.
    """
    into, out_of = tflite_file.names(path)
    with tempfile.TemporaryDirectory() as scratch:
        given, got = Path(scratch) / "in.npz", Path(scratch) / "out.npz"
        np.savez(given, **{str(into[name]): values for name, values in (inputs or {}).items()})
        root = str(Path(__file__).resolve().parents[3])
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
        }
        command = [
            sys.executable,
            "-m",
            __name__,
            str(path),
            given,
            got,
            *map(str, range(len(out_of))),
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise ValueError(_reason(done.stderr) or f"exit code {done.returncode}")
        printed = re.findall(r"Arena allocation (\w+) (\d+) bytes", done.stderr)
        arena = {part: int(size) for part, size in printed}
        with np.load(got, allow_pickle=False) as file:
            return arena, {name: file[str(i)] for name, i in out_of.items() if inputs}


def _reason(printed):
    """One line of what the child printed, without the lines of a traceback."""
    lines = [line for line in printed.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith((" ", "Traceback"))]
    return " ".join(said)[:LONGEST_REASON]


def main(path: str, given: str, got: str, *outputs: str) -> None:
    """The child: outputs go to the file `got`, allocations to standard error."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(path, arena_size=LARGEST)
    with np.load(given, allow_pickle=False) as file:
        inputs = dict(file)
    rows = []
    for i in range(len(next(iter(inputs.values()), ()))):
        for index, values in inputs.items():
            kind = interpreter.get_input_details(int(index))["dtype"]
            interpreter.set_input(np.ascontiguousarray(values[i : i + 1], kind), int(index))
        interpreter.invoke()
        rows.append([interpreter.get_output(int(index)) for index in outputs])
    columns = zip(outputs, *rows, strict=True) if rows else ()
    np.savez(got, **{index: np.concatenate(found) for index, *found in columns})
    interpreter.print_allocations()


if __name__ == "__main__":
    main(*sys.argv[1:])
