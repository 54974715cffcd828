"""One `.points` file: x, y and a label a line."""

import numpy as np

from pipelines.formats.examples import Data, Examples, cut_splits


def detect(path):
    """Whether it is such a file."""
    return path.suffix == ".points"


def read(path):
    """Path -> Data with `point` and `label`."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    labels = sorted({label for *_, label in rows})
    names = [f"{i:04d}" for i in range(len(rows))]
    columns = {
        "point": [np.array([x, y], np.float32) for x, y, _ in rows],
        "label": [labels.index(label) for *_, label in rows],
    }
    examples = Examples(names, columns, [f"{path.name}:{i + 1}" for i in range(len(rows))])
    return Data(str(path), "points", cut_splits({"train": examples}), {"label": labels})
