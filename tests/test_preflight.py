"""What would stop a training on a TPU or a microcontroller, found before it begins."""

import json
import re

import child
import pytest
from conftest import SMALL

import pipelines
from pipelines import cli

CALLS_BACK = """
import jax, keras, numpy as np
import pipelines
from pipelines.engine import preflight

from pipelines.tasks.classification.scratch import Scratch

class Added(keras.layers.Layer):
    def call(self, x):
        return x + self.added(x)

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)

class CallsBack(Added):
    def added(self, x):
        x = jax.lax.stop_gradient(x)
        return jax.pure_callback(lambda v: np.zeros_like(v), jax.ShapeDtypeStruct(x.shape, x.dtype), x)

class OnHost(Added):
    def added(self, x):
        return jax.lax.linalg.schur(jax.numpy.eye(3))[0].sum()

plain = Scratch.model
def model(layer):
    def make(self, config):
        made = plain(self, config)
        changed = keras.Model(made.input, layer(made.output))
        changed.compile(made.optimizer.__class__(), loss=made.loss)
        return changed
    return make
import sys
for layer in (CallsBack(), OnHost()):
    Scratch.model = model(layer)
    found = {f.name: f for f in pipelines.preflight("classification", sys.argv[1],
             image_size=8, backbone="compact_8", batch_size=3)}
    print(found["step"].passed, found["step"].text)
Scratch.model = plain
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    from conftest import write_photos

    counts = {f"{split}/{label}": 6 for split in ("train", "validation") for label in "abc"}
    return write_photos(tmp_path_factory.mktemp("preflight") / "photos", counts)


@pytest.mark.slow
def test_a_tpu(data):
    command = ("preflight", "classification", "--for", "tpu", "--data", data, "--json")
    small = ("--set", "image_size=8", "backbone=compact_8", "batch_size=6")
    done = child.command(*command, *small, "--devices", "2")
    assert done.returncode == 0, done.stderr
    *_, said, text = done.stdout.splitlines()
    assert said == "yes: nothing stands in the way"
    found = {f["name"]: f for f in json.loads(text)["findings"]}
    assert found["data"]["text"].startswith("15 training examples")
    assert found["batch"]["text"] == "6 examples, 3 on each of 2 devices"
    assert found["shapes"]["text"] == "the same in every batch: image uint8 (6, 8, 8, 3)"
    assert found["step"]["passed"]
    assert found["memory"]["passed"]
    assert "jax[tpu]==" in found["packages"]["text"]

    done = child.command(*command, *small, "jit_compile=off", "--devices", "4")
    assert done.returncode == 1
    assert (
        "CHANGE  batch      batch_size must be a multiple of devices=4; got 6. Try 4 or 8."
        in done.stdout
    )
    assert (
        "CHANGE  XLA        a TPU runs what XLA compiled alone: set jit_compile=auto" in done.stdout
    )
    assert "no: 2 to change" in done.stdout


@pytest.mark.slow
def test_a_step_that_a_tpu_cannot_run(data):
    """One that calls a Python function, and one with an operation that JAX has for processors alone."""
    done = child.run(CALLS_BACK, data)
    assert done.returncode == 0, done.stderr
    calls, host = done.stdout.splitlines()[-2:]
    assert calls.startswith("False it calls back into Python (pure_callback)")
    assert host.startswith("False JAX has no rule to lower it for a TPU")


def test_too_much_memory_for_a_device():
    from pipelines.engine import preflight

    gb = 1024**3
    assert preflight._memory(12 * gb, preflight.Chip(16 * gb, 1)).passed
    found = preflight._memory(13 * gb, preflight.Chip(16 * gb, 1))
    assert not found.passed
    assert found.text.startswith(
        "13.00 GB of 16.00 GB on each device, by XLA's plan for a CPU: more than 80%; lower"
    )


def test_shapes_that_differ_cost_compilations():
    import numpy as np

    from pipelines.engine import preflight

    batches = [({"x": np.zeros((2, n), np.int32)}, np.zeros(2)) for n in (3, 4, 3, 4)]
    found = preflight._shapes(iter(batches))
    assert found.passed
    assert found.text.startswith("2 different ones in 4 batches")
    assert not preflight._shapes(
        ({"x": np.zeros((2, n), np.int32)}, np.zeros(2)) for n in range(1, 12)
    ).passed


@pytest.mark.slow
def test_a_microcontroller_before_any_training(data):
    found = pipelines.preflight("classification", data, "micro", ram="200KB", flash="1MB", **SMALL)
    assert all(finding.passed for finding in found)
    assert cli.main(
        ["preflight", "classification", "--for", "micro", "--data", str(data), "--flash", "2KB", "--set"]
        + [f"{name}={value}" for name, value in SMALL.items()]
    ) == 1  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "phone"}, "target must be tpu or micro; got 'phone'"),
        ({"chip": "v1"}, "chip must be one of v2, v3, v4, v5e, v5p, v6e; got 'v1'"),
        ({}, "a TPU is trained on by JAX: set KERAS_BACKEND=jax"),
        ({"target": "micro", "ram": "much"}, "ram must be a number of bytes"),
    ],
)
def test_what_preflight_does_not_take(options, message):
    with pytest.raises(pipelines.PipelineError, match=message):
        pipelines.preflight("classification", **options)


@pytest.mark.parametrize(
    ("method", "data", "words"),
    [
        ("ppo", "cart_pole", "all updates of a step run on the TPU.*Layers of 64 units"),
        ("bandit", "bandit", "nothing of bandit runs on a TPU"),
    ],
)
def test_what_runs_on_a_tpu_of_a_training_by_steps_of_its_own(method, data, words, monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    steps, packages = pipelines.preflight(method, data)
    assert (steps.name, steps.passed, packages.name) == ("steps", None, "packages")
    assert re.match(words, steps.text)
