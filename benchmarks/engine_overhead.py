"""Steps per second of `pipelines.train`, beside a bare `keras.Model.fit` of the same model on data
in memory.

All callbacks are on (validation, checkpoints, history, TensorBoard); both train in turn, in one
process.
Claim: >= 0.95 times the bare rate. `python benchmarks/engine_overhead.py`
"""

import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from pipelines.engine.run import Run

import pipelines
from pipelines import catalog, terminal

EPOCHS, TURNS = 4, 3
SETTINGS = dict(
    epochs=EPOCHS, batch_size=32, image_size=32, steps_per_epoch=100, checkpoint_steps=50, keep="last",
    shift=0, zoom=0, rotate=0, colour=0,
)  # fmt: skip


def main():
    rows = []
    for turn in range(TURNS):
        with tempfile.TemporaryDirectory() as folder:
            run = pipelines.train("classification", "digits", Path(folder) / "run", **SETTINGS)
            history = np.genfromtxt(run.path / "history.csv", delimiter=",", names=True)
            steps = SETTINGS["steps_per_epoch"]
            ours = steps / np.median(history["seconds"][1:])
            whole = steps / np.median(np.diff(history["elapsed"]))
            bare, bare_whole = plain(Run(run.path))
        ratios = (ours / bare, whole / bare_whole)
        rows.append(
            [
                turn,
                *(f"{v:.1f}" for v in (bare, ours, bare_whole, whole)),
                *(f"{r:.3f}" for r in ratios),
            ]
        )
        print(rows[-1], flush=True)
    print(
        "steps per second: within the steps of an epoch, checkpoints included, and of whole epochs"
        " with validation"
    )
    print(
        terminal.table(
            rows,
            ["turn", "bare fit", "ours", "bare, whole", "ours, whole", "ratio", "ratio, whole"],
        )
    )
    print("median ratios", *(f"{np.median([float(row[i]) for row in rows]):.3f}" for i in (5, 6)))


def plain(run):
    """Steps per second of a bare fit on the arrays that the run trained on: in its steps, and with validation."""
    task = catalog.task(run.task_name)
    model = task.model(run.config)
    inputs, targets = run.split("train").sample(10**9)
    count = SETTINGS["steps_per_epoch"] * SETTINGS["batch_size"]
    pick = np.arange(count) % len(targets)
    clock, (held, held_targets) = Clock(), run.split("validation").sample(10**9)
    model.fit(
        inputs["image"][pick],
        targets[pick],
        batch_size=SETTINGS["batch_size"],
        epochs=EPOCHS,
        validation_data=(held["image"], held_targets),
        verbose=2,
        callbacks=[clock],
    )
    return tuple(
        SETTINGS["steps_per_epoch"] / np.median(s) for s in (clock.seconds[1:], np.diff(clock.ends))
    )


class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds, self.ends = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_test_begin(self, logs=None):  # the steps are over, validation begins
        self.seconds.append(time.perf_counter() - self.began)

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(time.perf_counter())


if __name__ == "__main__":
    main()
