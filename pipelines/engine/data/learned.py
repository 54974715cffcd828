"""What a task learned from the training split beside its weights, as files: lists of text, and
arrays."""

from pathlib import Path

import numpy as np

from pipelines.edge import learned as edge
from pipelines.errors import PipelineError
from pipelines.files import write_text
from pipelines.records import read_arrays

FOLDER = "learned"  # of a run, and of a bundle


def write(folder, learned):
    """{name: list of str, or array} -> NAME.txt, an entry a line, or NAME.npy. Nothing is made of
    an empty dict.

    Raises PipelineError if an entry cannot stand on a line.
    """
    for name, values in learned.items():
        if isinstance(values, np.ndarray):
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / f"{name}.npy", values, allow_pickle=False)
            continue
        text = "".join(f"{value}\n" for value in values)
        if text.count("\n") != len(values):
            bad = next(value for value in values if "\n" in value)
            raise PipelineError(
                f"{name}: {bad!r} has a line break within and cannot be kept. Leave it out."
            )
        write_text(folder / f"{name}.txt", text)


def read(folder):
    """What `write` wrote. Raises PipelineError if a file cannot be read."""
    folder = Path(folder)
    arrays = {}
    for file in sorted(folder.glob("*.npy")):
        arrays |= read_arrays(file)
    try:
        return {**edge.read(folder), **arrays}
    except (OSError, ValueError) as error:
        raise PipelineError(f"{folder} cannot be read: {' '.join(str(error).split())}") from error


def lists(learned):
    """Those of `learned` that are lists of text, which the device needs; arrays are what training
    starts from."""
    return {
        name: list(values) for name, values in learned.items() if not isinstance(values, np.ndarray)
    }
