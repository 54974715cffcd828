import csv
import random
import shutil
import signal
import sys

import child
import keras
import numpy as np
import pytest
import zygote
from conftest import SMALL, once, write_photos

import pipelines
from pipelines import cli
from pipelines.engine.proof import evaluate
from pipelines.engine.training import checkpoint
from pipelines.engine.training import fit as train
from pipelines.engine.training import weights as files
from pipelines.errors import PipelineError
from pipelines.records import read_json

TIMES = (
    "seconds",
    "examples_per_second",
    "elapsed",
)  # the columns of history.csv that differ from run to run
# 48 photos make 6 steps an epoch. All that is random is on, and all that has a state.
EVERYTHING = SMALL | dict(
    epochs=3,
    dropout=0.3,
    flip="on",
    cutout=0.2,
    mixup=0.2,
    ema=0.9,
    schedule="cosine",
    warmup_epochs=1,
    checkpoint_steps=4,
    clip_norm=1.0,
    keep_checkpoints=3,
)
STEPS = 18
# `pipelines train` that kills itself: as Loop's method `where` ends at `step`, or halfway through
# writing a checkpoint.
KILLED = """
import os, signal, sys
from pipelines import cli
from pipelines.engine.training import checkpoint
from pipelines.engine.training import fit as train

where, step = sys.argv[1], int(sys.argv[2])
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
if where == "writing":
    def half(file, **arrays):
        plain(file, **arrays)
        if "step_%09d" % step in file.name:
            file.truncate(file.tell() // 2)
            die()
    plain, checkpoint.np.savez = checkpoint.np.savez, half
else:
    def ended(self, *arguments, **named):
        result = method(self, *arguments, **named)
        if self.step >= step:
            die()
        return result
    method = getattr(train.Loop, where)
    setattr(train.Loop, where, ended)
raise SystemExit(cli.main(sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def data():
    counts = {
        f"{s}/{c}": n
        for s, n in (("train", 24), ("validation", 8), ("test", 4))
        for c in ("cat", "dog")
    }
    return (
        once("train_data", lambda folder: write_photos(folder / "photos", counts, size=(20, 16)))
        / "photos"
    )


@pytest.fixture(scope="module")
def whole(data):
    """A run of EVERYTHING that nothing interrupts."""

    def make(folder):
        return pipelines.train("classification", data=data, run=folder / "run", **EVERYTHING)

    return pipelines.load(once("whole", make) / "run")


def small(data, folder, **settings):
    return pipelines.train(
        "classification", data=data, run=folder, **{**SMALL, "epochs": 1, **settings}
    )


def history(run):
    with open(run.path / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def same(run, other):
    assert run.info["weights_sha256"] == other.info["weights_sha256"]
    rows = [
        [{k: v for k, v in row.items() if k not in TIMES} for row in history(r)]
        for r in (run, other)
    ]
    assert rows[0] == rows[1]


def stop_at(monkeypatch, step):
    """Lets a training in this process end as by Ctrl-C after `step`."""
    plain = train.Loop.on_train_batch_end

    def ended(self, *arguments, **named):
        plain(self, *arguments, **named)
        if self.step == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(train.Loop, "on_train_batch_end", ended)


def arrays(values):
    return [np.array(v) for v in values]


def command(*arguments):
    return zygote.run([sys.executable, *arguments])


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_it_ends_with_the_same_weights(data, whole, tmp_path):
    run, draw = tmp_path / "run", random.Random().randint
    settings = [word for name, value in EVERYTHING.items() for word in ("--set", f"{name}={value}")]
    begin = ["train", "classification", "--data", data, "--run", run, *settings]
    kills = [("on_train_batch_end", draw(1, 17)), ("writing", STEPS)]
    for moment, words in zip(kills, [begin, ["train", "--resume", run]], strict=True):
        done = command("-c", KILLED, *moment, *words)
        assert done.returncode == -signal.SIGKILL, (kills, done.stderr)
    assert read_json(run / "run.json")["status"] == "running"
    print("killed at", kills)
    same(pipelines.resume(run), whole)


@pytest.mark.parametrize("step", [2, 12])  # before any checkpoint, and at an epoch's last step
def test_stopped_and_resumed_in_one_process(data, whole, tmp_path, monkeypatch, capsys, step):
    with monkeypatch.context() as patch:
        stop_at(patch, step)
        with pytest.raises(KeyboardInterrupt):
            pipelines.train("classification", data=data, run=tmp_path / "run", **EVERYTHING)
    if step == 2:
        with pytest.raises(PipelineError, match="has no model yet, and no checkpoint. `pipelines"):
            pipelines.load(tmp_path / "run").model  # noqa: B018
        with pytest.raises(PipelineError, match="has no checkpoint yet, so there is nothing to"):
            pipelines.resume(tmp_path / "run", finish=True)
    else:
        of_use(tmp_path, capsys)
    same(pipelines.resume(tmp_path / "run"), whole)


def of_use(folder, capsys):
    """A run that was stopped in its second epoch answers with its first one, and can end there."""
    best, state = checkpoint.load(folder / "run/checkpoints/best.npz")
    assert state["epoch"] == 1
    stopped = pipelines.load(folder / "run")
    capsys.readouterr()
    result = stopped.evaluate("validation")
    assert "its best epoch so far, 1 of 3" in capsys.readouterr().err
    for got, wanted in zip(arrays(stopped.model.weights), best, strict=True):
        np.testing.assert_array_equal(got, wanted)
    shutil.copytree(folder / "run", folder / "ended")
    ended = pipelines.resume(folder / "ended", finish=True)
    assert (ended.info["status"], ended.info["epochs_done"]) == ("finished", 1)
    assert files.sha256(ended.model) == ended.info["weights_sha256"]
    factor = ended.info["calibration"]["factor"]  # the end calibrates, which a stop does not
    for weight, wanted in zip(ended.model.weights, best, strict=True):
        scale = np.float32(factor if "logits" in weight.path else 1)
        np.testing.assert_allclose(np.asarray(weight), wanted * scale, rtol=1e-6)
    judged = pipelines.load(folder / "ended").evaluate("validation")
    assert judged["accuracy"] == result["accuracy"]
    assert judged["matrices"] == result["matrices"]


def test_a_damaged_checkpoint_is_passed_over(data, whole, tmp_path, monkeypatch, capfd):
    with monkeypatch.context() as patch:
        stop_at(patch, 17)
        with pytest.raises(KeyboardInterrupt):
            pipelines.train("classification", data=data, run=tmp_path / "run", **EVERYTHING)
    files = sorted((tmp_path / "run" / "checkpoints").glob("step_*.npz"))
    assert [file.name for file in files] == [f"step_{i:09d}.npz" for i in (8, 12, 16)]
    files[2].write_bytes(files[2].read_bytes()[:-1000])
    altered = bytearray(files[1].read_bytes())
    for i in range(
        len(altered) // 2, len(altered) // 2 + 100
    ):  # wherever that falls, some of it matters
        altered[i] ^= 1
    files[1].write_bytes(altered)
    same(pipelines.resume(tmp_path / "run"), whole)
    errors = capfd.readouterr().err
    for file in files[1:]:
        assert f"{file} is damaged" in errors
    assert str(files[0]) not in errors


def test_a_finished_run_is_not_trained_again(whole):
    before = (whole.path / "model.keras").stat().st_mtime_ns
    assert pipelines.resume(whole.path).info == whole.info
    assert (whole.path / "model.keras").stat().st_mtime_ns == before


def test_what_a_run_leaves(whole):
    assert {p.name for p in whole.path.iterdir()} - {"evaluations", "report.html"} == {
        "audit.json", "checkpoints", "config.yaml", "environment.json", "held_out.json", "history.csv", "lock",
        "model.keras",
        "run.json", "tensorboard",
    }  # fmt: skip
    assert sorted(p.name for p in (whole.path / "checkpoints").iterdir()) == [
        "best.npz", "step_000000012.npz", "step_000000016.npz", "step_000000018.npz",
    ]  # fmt: skip
    assert whole.info["weights_sha256"] == files.sha256(pipelines.load(whole.path).model)
    assert [row["epoch"] for row in history(whole)] == ["1", "2", "3"]
    rates = [float(row["learning_rate"]) for row in history(whole)]
    # Of each epoch's last step: the peak as the warm-up ends; then 5 and 11 of the 12 steps of the
    # cosine.
    assert rates == pytest.approx(
        [1e-3 * (1 + np.cos(np.pi * t / 12)) / 2 for t in (0, 5, 11)], rel=1e-4
    )


def test_data_that_has_changed_is_not_gone_on_with(tmp_path, data, monkeypatch):
    photos = shutil.copytree(data, tmp_path / "photos")
    with monkeypatch.context() as patch:
        stop_at(patch, 1)
        with pytest.raises(KeyboardInterrupt):
            small(photos, tmp_path / "run")
    (photos / "train" / "cat" / "000.jpg").unlink()
    with pytest.raises(PipelineError, match="has changed since the run started"):
        pipelines.resume(tmp_path / "run")


@pytest.mark.parametrize("ema", [pytest.param(0.0, marks=pytest.mark.exhaustive), 0.9])
def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_checkpoint(
    data, tmp_path, capfd, ema
):
    # 10 times a decay of 1 multiplies the weights by -9 in each step.
    settings = dict(
        optimizer="sgd",
        learning_rate=10,
        weight_decay=1,
        warmup_epochs=0,
        schedule="constant",
        ema=ema,
    )
    words = [
        f"--set={name}={value}"
        for name, value in (SMALL | settings | dict(epochs=20, checkpoint_steps=1)).items()
    ]
    assert (
        cli.main(
            ["train", "classification", "--data", str(data), "--run", str(tmp_path / "run"), *words]
        )
        == 1
    )
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("pipelines: training diverged: ")
    assert "Lower learning_rate, or set clip_norm=1." in error
    newest = max((tmp_path / "run" / "checkpoints").glob("step_*.npz"))
    state = checkpoint.load(newest)
    assert all(np.isfinite(a).all() for a in state[0] if a.dtype.kind == "f")
    assert f"the checkpoint of step {state[1]['step']} is kept" in error
    assert f"at step {state[1]['step'] + 1} (epoch" in error
    assert read_json(tmp_path / "run" / "run.json")["status"] == "running"


def scripted(monkeypatch, losses):
    """Lets validation give these losses; the weights that it sees are kept in the list returned."""
    seen, losses = [], iter(losses)

    def validate(predict, split, method, config):
        seen.append(arrays(predict.model.get_weights()))
        return {"loss": next(losses), "accuracy": 0.5}

    monkeypatch.setattr(evaluate, "validate", validate)
    return seen


def test_early_stopping_goes_back_to_the_best_weights(data, tmp_path, monkeypatch):
    seen = scripted(monkeypatch, [1.0, 0.5, 0.7, 0.6, 0.1])
    run = small(data, tmp_path / "run", epochs=5, patience=2, calibrated=False)
    assert (len(seen), run.info["epochs_done"]) == (4, 4)
    for weights in (run.model.get_weights(), pipelines.load(run.path).model.get_weights()):
        for kept, best, last in zip(weights, seen[1], seen[3], strict=True):
            np.testing.assert_array_equal(kept, best)
            assert not np.array_equal(kept, last)
    assert [row["val_loss"] for row in history(run)] == ["1", "0.5", "0.7", "0.6"]


@pytest.mark.parametrize(
    ("settings", "epoch"), [({"keep": "last"}, 2), ({"monitor": "val_accuracy"}, 0)]
)
def test_which_weights_are_kept(data, tmp_path, monkeypatch, settings, epoch):
    seen = scripted(monkeypatch, [1.0, 0.5, 0.7])
    run = small(data, tmp_path / "run", epochs=3, calibrated=False, **settings)
    for kept, wanted in zip(run.model.get_weights(), seen[epoch], strict=True):
        np.testing.assert_array_equal(kept, wanted)


def test_a_validation_that_is_no_number_is_never_the_best(data, tmp_path, monkeypatch):
    seen = scripted(monkeypatch, [float("nan"), 0.5, float("nan")])
    run = small(data, tmp_path / "run", epochs=3, calibrated=False)
    for kept, wanted in zip(run.model.get_weights(), seen[1], strict=True):
        np.testing.assert_array_equal(kept, wanted)


def test_an_unknown_monitor_is_refused(data, tmp_path):
    with pytest.raises(
        PipelineError, match="monitor must be one of val_loss, val_accuracy.*; got 'val_acuracy'"
    ):
        small(data, tmp_path / "run", monitor="val_acuracy")


def test_averaged_weights_fit_their_batch_statistics(data, whole, tmp_path):
    assert whole.evaluate("validation")["accuracy"] >= 0.9
    plain = pipelines.train(
        "classification", data=data, run=tmp_path / "run", **EVERYTHING | {"ema": 0.0}
    )
    gap = whole.evaluate("validation")["accuracy"] - plain.evaluate("validation")["accuracy"]
    assert abs(gap) <= 0.1


@pytest.mark.parametrize(
    "precision", [pytest.param("mixed_bfloat16", marks=pytest.mark.exhaustive), "mixed_float16"]
)
def test_mixed_precision_trains_and_leaves_no_trace(data, tmp_path, precision):
    run = small(data, tmp_path / "run", epochs=4, precision=precision, learning_rate=5e-3, ema=0.5)
    assert keras.config.dtype_policy().name == "float32"
    assert float(history(run)[-1]["loss"]) < float(history(run)[0]["loss"])
    trained = keras.saving.load_model(run.path / "model.keras", compile=False)
    assert trained.get_layer("stem").compute_dtype == precision.removeprefix("mixed_")
    again = pipelines.load(run.path)
    assert again.model.get_layer("stem").compute_dtype == "float32"
    assert files.sha256(again.model) == run.info["weights_sha256"]
    assert again.evaluate("test")["accuracy"] > 0.7


def test_balanced_class_weights_by_hand(tmp_path):
    counts = {
        "train/a": 6,
        "train/b": 3,
        "train/c": 3,
        **{f"{s}/{c}": 1 for s in ("val", "test") for c in "abc"},
    }
    run = small(
        write_photos(tmp_path / "photos", counts), tmp_path / "run", class_weights="balanced"
    )
    # 12 examples, 3 classes: 12 / (3 * 6), 12 / (3 * 3)
    assert run.config.class_weight_values == pytest.approx((2 / 3, 4 / 3, 4 / 3))
    assert (
        run.model.loss.class_weights == run.config.class_weight_values if run.model.loss else True
    )
    assert pipelines.load(run.path).config.class_weight_values == run.config.class_weight_values


def test_settings_follow_the_data_unless_they_are_given(tmp_path):
    counts = {f"{s}/{c}": n for s, n in (("train", 5), ("val", 1), ("test", 1)) for c in "ab"}
    photos = write_photos(tmp_path / "photos", counts, size=(50, 39))
    run = pipelines.train(
        "classification", photos, tmp_path / "run", backbone="compact_8", batch_size=4, epochs=1
    )
    # The shorter side is 39: the nearest multiple of 16 is 32. Ten pictures in steps of 4 are 3
    # steps.
    assert (run.config.image_size, run.config.labels, run.config.steps_per_epoch) == (
        32,
        ("a", "b"),
        3,
    )
    assert pipelines.load(run.path).config == run.config
    fewer = small(photos, tmp_path / "fewer", steps_per_epoch=1)
    assert fewer.config.steps_per_epoch == 1


@pytest.mark.slow
def test_the_jax_backend_trains_what_tensorflow_then_exports(data, tmp_path):
    words = [f"--set={name}={value}" for name, value in EVERYTHING.items()]
    task = ("classification", "--data", data, "--run", tmp_path / "run")
    done = child.command("train", *task, *words)
    assert done.returncode == 0, done.stderr
    run = pipelines.load(tmp_path / "run")
    assert read_json(run.path / "environment.json")["backend"] == "jax"
    assert files.sha256(run.model) == run.info["weights_sha256"]
    assert run.evaluate("validation")["accuracy"] >= 0.9
