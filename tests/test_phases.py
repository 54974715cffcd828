import csv
import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
import staged
from conftest import ROOT, SMALL, once, write_photos

import pipelines
from pipelines.engine.proof import evaluate
from pipelines.engine.training import checkpoint
from pipelines.engine.training import fit as train
from pipelines.errors import PipelineError
from pipelines.records import read_json
from pipelines.tasks.classification.scratch import Scratch

# 32 photos make 4 steps an epoch: phases of 8 and 12 steps, with all that is random and has a
# state.
SETTINGS = SMALL | dict(
    epochs=5, dropout=0.3, cutout=0.2, mixup=0.2, ema=0.9, checkpoint_steps=3, keep_checkpoints=9
)
BORDER, STEPS = 8, 20
TIMES = ("seconds", "examples_per_second", "elapsed")
KILLED = """
import os, signal, sys
import staged
from pipelines import cli
from pipelines.engine.training import fit as train

def ended(self, *arguments, **named):
    plain(self, *arguments, **named)
    if self.step >= int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

plain, train.Loop.on_train_batch_end = train.Loop.on_train_batch_end, ended
staged.install()
raise SystemExit(cli.main(sys.argv[2:]))
"""


@pytest.fixture(autouse=True)
def two_phases(monkeypatch):
    monkeypatch.setattr(Scratch, "phases", staged.phases)


@pytest.fixture(scope="module")
def data():
    counts = {
        f"{s}/{c}": n
        for s, n in (("train", 16), ("validation", 6), ("test", 4))
        for c in ("cat", "dog")
    }
    return (
        once("phases_data", lambda folder: write_photos(folder / "photos", counts, size=(20, 16)))
        / "photos"
    )


@pytest.fixture(scope="module")
def whole(data):
    """A run that nothing interrupts."""

    def make(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Scratch, "phases", staged.phases)
            pipelines.train("classification", data=data, run=folder / "run", **SETTINGS)

    return pipelines.load(once("phases_whole", make) / "run")


def history(run):
    with open(run.path / "history.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k not in TIMES} for row in csv.DictReader(file)]


def stopped(monkeypatch, step, method="on_train_batch_end"):
    plain = getattr(train.Loop, method)

    def ended(self, *arguments, **named):
        if method != "on_train_batch_end" and self.step == step:
            raise KeyboardInterrupt
        plain(self, *arguments, **named)
        if self.step == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(train.Loop, method, ended)


@pytest.mark.parametrize(
    ("step", "method"),
    [
        pytest.param(5, "on_train_batch_end", marks=pytest.mark.exhaustive),
        (BORDER, "finish"),
        pytest.param(BORDER + 1, "on_train_batch_end", marks=pytest.mark.exhaustive),
        (14, "on_train_batch_end"),
    ],
)
def test_stopped_in_either_phase_or_at_their_border_it_ends_with_the_same_weights(
    data, whole, tmp_path, monkeypatch, step, method
):
    with monkeypatch.context() as patch:
        stopped(patch, step, method)
        with pytest.raises(KeyboardInterrupt):
            pipelines.train("classification", data=data, run=tmp_path / "run", **SETTINGS)
    again = pipelines.resume(tmp_path / "run")
    assert again.info["weights_sha256"] == whole.info["weights_sha256"]
    assert history(again) == history(whole)


@pytest.mark.slow
@pytest.mark.exhaustive  # as killed processes are in `test_train`
def test_killed_in_the_second_phase_it_ends_with_the_same_weights(data, whole, tmp_path):
    run, step = tmp_path / "run", random.Random().randint(BORDER + 1, STEPS - 1)
    words = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [
        sys.executable,
        "-c",
        KILLED,
        str(step),
        "train",
        "classification",
        "--data",
        data,
        "--run",
        run,
        *words,
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert read_json(run / "run.json")["status"] == "running"
    assert pipelines.resume(run).info["weights_sha256"] == whole.info["weights_sha256"], (
        f"killed at step {step}"
    )


def test_a_phase_has_its_own_schedule(whole):
    rows = history(whole)
    assert [row["phase"] for row in rows] == ["head", "head", "all", "all", "all"]
    assert [row["epoch"] for row in rows] == list("12345")
    rates = [float(row["learning_rate"]) for row in rows]
    # Constant after a warm-up of 4 steps; then a warm-up of 4 steps, and 3 and 7 of 8 steps of a
    # cosine.
    wanted = [0.01, 0.01, 1e-3, *(1e-3 * (1 + np.cos(np.pi * t / 8)) / 2 for t in (3, 7))]
    assert rates == pytest.approx(wanted, rel=1e-4)


def test_what_is_frozen_stays_and_the_next_phase_begins_with_the_best_of_the_one_before(
    data, tmp_path, monkeypatch
):
    seen, losses = [], iter([0.5, 0.9, 0.8, 0.7, 0.6])

    def validate(predict, split, method, config):
        seen.append([np.array(v) for v in predict.model.get_weights()])
        return {"loss": next(losses), "accuracy": 0.5}

    begun = []
    plain = train.Loop.__init__

    def noted(self, model, *arguments):
        begun.append([np.array(v) for v in model.get_weights()])
        plain(self, model, *arguments)

    monkeypatch.setattr(evaluate, "validate", validate)
    monkeypatch.setattr(train.Loop, "__init__", noted)
    settings = SETTINGS | {"calibrated": False}
    run = pipelines.train("classification", data=data, run=tmp_path / "run", **settings)

    def same(a, b):
        return [np.array_equal(x, y) for x, y in zip(a, b, strict=True)]

    names = [w.path for w in run.model.weights]
    kernels = [
        i for i, name in enumerate(names) if name.endswith("kernel") and "logits" not in name
    ]
    assert all(same(begun[0], seen[0])[i] for i in kernels)
    assert not any(same(begun[0], seen[-1])[i] for i in kernels)
    assert all(same(begun[1], seen[0]))
    # The smallest loss of the whole run belongs to the first phase; what is kept is the second
    # one's best.
    assert all(same(run.model.get_weights(), seen[-1]))


def test_a_phase_that_stops_early_hands_over_to_the_next_at_its_step(data, tmp_path, monkeypatch):
    losses = iter([0.5, 0.9, 0.8])
    monkeypatch.setattr(evaluate, "validate", lambda *a: {"loss": next(losses), "accuracy": 0.5})

    def three(self, config):
        return [
            phase if i else staged.Phase("head", phase.config.replace(epochs=4), phase.begin)
            for i, phase in enumerate(staged.phases(self, config.replace(epochs=3)))
        ]

    monkeypatch.setattr(Scratch, "phases", three)
    run = pipelines.train("classification", data=data, run=tmp_path / "run", **SETTINGS)
    assert [(row["epoch"], row["phase"]) for row in history(run)] == [
        ("1", "head"),
        ("2", "head"),
        ("5", "all"),
    ]
    arrays, state = checkpoint.load(max((run.path / "checkpoints").glob("step_*.npz")))
    assert (state["step"], state["phase"]) == (STEPS, 1)


@pytest.mark.parametrize("stages", [[], [("a", 2), ("b", 2)]])
def test_phases_must_add_up(data, tmp_path, monkeypatch, stages):
    def made(self, config):
        return [staged.Phase(name, config.replace(epochs=n)) for name, n in stages]

    monkeypatch.setattr(Scratch, "phases", made)
    with pytest.raises(
        PipelineError,
        match="epochs of all phases must add up to epochs=5; got (0 .none|4 .a 2, b 2)",
    ):
        pipelines.train("classification", data=data, run=tmp_path / "run", **SETTINGS)
    assert not (tmp_path / "run").exists()
