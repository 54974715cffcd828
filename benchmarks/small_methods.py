"""Methods that train in seconds, with their floors, over three seeds.

    python benchmarks/small_methods.py [METHOD ...]

Prints a table: the test split's score as mean and standard deviation, the floor, and the drop of
the smallest file. Needs two cores and about two minutes.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import pipelines
from pipelines import catalog, terminal

METHODS = ("ngram", "q_learning", "autoencoder")
SEEDS = (0, 1, 2)


def main(names):
    rows = []
    for name in names or METHODS:
        score = catalog.method(name).scores[0].name
        found = [_run(name, seed, score) for seed in SEEDS]
        values = np.array([run[0] for run in found])
        worst = max(run[2] for run in found)
        row = [name, score, f"{values.mean():.4f}", f"{values.std(ddof=1):.4f}"]
        row += [f"{np.mean([run[1] for run in found]):.4f}", f"{worst:.4f}"]
        rows.append([*row, f"{np.mean([run[3] for run in found]):.0f}"])
    header = ["method", "score", "mean of 3 seeds", "deviation", "floor", "largest drop", "s"]
    print(terminal.table(rows, header))


def _run(name, seed, score):
    """(score on the test split, floor, largest drop of a file, seconds of training)."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        run = pipelines.train(name, run=Path(folder) / "run", seed=seed)
        seconds = time.perf_counter() - began
        result = run.evaluate()
        bundle = run.export(Path(folder) / "bundle")
        drop = max(record["drop"] for record in bundle.files.values())
    return result[score], result["floor"], drop, seconds


if __name__ == "__main__":
    main(sys.argv[1:])
