"""Several devices on the JAX backend: the same losses as on one, whatever was wrong said in one line."""

import csv
import json

import child
import pytest
from conftest import ROOT

TRAIN = """
import dataclasses, json, sys
import pipelines
from pipelines import catalog
from pipelines.engine.training import loop

def settings(devices):
    return dict(backbone="compact_8", batch_size=8, steps_per_epoch=1, epochs=4, devices=devices, cache="memory",
                warmup_epochs=0.0, learning_rate=1e-3)

data = catalog.load("digits")
splits = {name: part.take(range(60 if name == "train" else 7)) for name, part in data.splits.items()}
data = dataclasses.replace(data, splits=splits)
found = {}
for devices in (1, 4):
    run = pipelines.train("scratch", data, f"{sys.argv[1]}/{devices}", **settings(devices))
    rows = (run.path / "history.csv").read_text().splitlines()
    found[devices] = [row.split(",") for row in rows]

plain = loop.Loop.on_epoch_end
def ended(self, epoch, logs=None):
    plain(self, epoch, logs)
    if epoch == 1:
        raise KeyboardInterrupt
loop.Loop.on_epoch_end = ended
try:
    pipelines.train("scratch", data, f"{sys.argv[1]}/killed", **settings(4))
except KeyboardInterrupt:
    pass
loop.Loop.on_epoch_end = plain
from pipelines.run import Run
opened = Run(f"{sys.argv[1]}/killed", data)
opened.config = opened.config.replace(devices=2)
found["resumed"] = [row.split(",") for row in (opened.train().path / "history.csv").read_text().splitlines()]
import gc
found["iterators"] = sum(type(thing).__name__ == "OwnedIterator" for thing in gc.get_objects())
print(json.dumps(found))
"""

DETECT = """
import pathlib, sys
sys.path.insert(0, sys.argv[2])
import pipelines
import shapes

data = shapes.data(pathlib.Path(sys.argv[1], "shapes"), train=16, others=0)
for devices in (1, 4):
    pipelines.train("yolo", data, f"{sys.argv[1]}/{devices}", image_size=64, size="pico", batch_size=8,
                    steps_per_epoch=1, epochs=2, warmup_epochs=0.0, learning_rate=2e-3, optimizer="sgd",
                    keep="last", ema=0.0, strides=(8,), devices=devices)
"""


@pytest.mark.slow
def test_losses_are_those_of_one_device_and_a_run_goes_on_with_another_number(tmp_path):
    done = child.run(TRAIN, tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    one, four, resumed = ({name: [float(row[i]) for row in rows[1:]] for i, name in enumerate(rows[0])}
                          for rows in (found["1"], found["4"], found["resumed"]))  # fmt: skip
    assert len(one["loss"]) == 4
    assert (
        found["iterators"] == 0
    )  # none is left for the end of Python, which may wait for its threads
    assert one["loss"][0] != one["loss"][1]
    for other in (four, resumed):
        for name in ("loss", "val_loss"):  # 7 examples of validation: no multiple of 4
            assert other[name] == pytest.approx(one[name], abs=1e-4)


@pytest.mark.slow
def test_a_loss_with_a_normaliser_of_the_whole_batch_is_that_of_one_device(tmp_path):
    # The second loss follows from the whole first gradient. By SGD, and no further: Adam divides
    # each gradient by its size, and the assignment of detection does the rest, so that a last bit
    # of the first weights becomes several percent of the loss within six steps
    # (benchmarks/scale.py).
    done = child.run(DETECT, tmp_path, ROOT / "tests")
    assert done.returncode == 0, done.stderr
    found = [[float(row["loss"]) for row in csv.DictReader((tmp_path / n / "history.csv").read_text().splitlines())]
             for n in ("1", "4")]  # fmt: skip
    assert found[0][0] != found[0][1]
    assert found[1] == pytest.approx(found[0], rel=1e-5)


def test_what_cannot_be_shared(tmp_path):
    words = ("train", "scratch", "--run", tmp_path / "run")
    for settings, message in (
        (
            ["--devices", "5"],
            "devices=5 is more than there are: 4 (cpu:0, cpu:1, cpu:2, cpu:3). Ask for 4.",
        ),
        (
            ["--devices", "2", "--set", "batch_size=5"],
            "batch_size must be a multiple of devices=2; got 5. Try 4 or 6.",
        ),
        (["--devices", "0"], "devices must be"),
    ):
        done = child.command(*words, *settings)
        assert done.returncode == 2
        assert message in done.stderr
        *before, last = done.stderr.splitlines()  # what is being done may stand above
        assert last.startswith("pipelines: ")
        assert not any("pipelines: " in line for line in before)
    assert not (tmp_path / "run").exists()


FOREIGN = """
import keras
import tensorflow as tf
from pipelines.engine.proof.compiled import compiled

net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
answer = compiled(lambda values: tf.nn.relu(tf.convert_to_tensor(values)), net)
for _ in range(2):
    print(answer(keras.ops.array([[-1.0, 2.0]])).numpy().tolist())
"""


def test_what_is_tensorflows_runs_uncompiled_under_jax():
    done = child.run(FOREIGN)
    assert done.stdout.splitlines() == ["[[0.0, 2.0]]"] * 2, done.stderr
