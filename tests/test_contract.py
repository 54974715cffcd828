"""What every task and every data set keeps to, whichever the catalog finds."""

import ast
import csv
import inspect
import json
import os
import re
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from conftest import ROOT

from pipelines import catalog, cli
from pipelines.config import Config, describe, settings
from pipelines.engine import run
from pipelines.engine.proof import evaluate
from pipelines.formats.examples import SPLITS

SIDE = 64  # pixels; a few halvings leave something to look at
HEADLINES = {
    "accuracy",
    "map50",
    "map50_95",
    "mean_iou",
    "psnr_y",
    "ssim_y",
    "f1",
    "cycle_error",
}  # the contract with users
SIGNATURES = {
    "parse": ["example", "config"],
    "augment": ["inputs", "targets", "seed", "progress", "config"],
    "model": ["config"],
    "decode": ["outputs", "config"],
    "metrics": ["config"],
    "draw": ["inputs", "decoded", "config", "targets"],
}
EDGE = """
import importlib, sys
importlib.import_module("pipelines.edge." + sys.argv[1])
found = {"tensorflow", "keras", "pipelines.config", "pipelines.files", "yaml", "sklearn"} & set(sys.modules)
assert not found, found
"""
TRAIN = """
import dataclasses, json, sys
from pipelines import catalog
from pipelines.engine import run

name, folder, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
data = catalog.load(catalog.task(name).DATA)
few = {s: e if s == "train" else e.take(range(min(4, len(e)))) for s, e in data.splits.items()}
trained = run.start(name, dataclasses.replace(data, splits=few), folder, settings).train()
print(json.dumps({"backend": run.environment()["backend"], "epochs": trained.info["epochs_done"]}))
"""
HELP = """
import sys
from pipelines import cli
try:
    cli.main(["train", sys.argv[1], "--help"])
finally:
    assert not {"tensorflow", "keras"} & set(sys.modules)
"""

each_task = pytest.mark.parametrize("name", list(catalog.tasks()))
each_data_set = pytest.mark.parametrize("name", list(catalog.datasets()))


def small_settings(name):
    """Settings of a task that make its model small and its training short."""
    fields = {field.name: field for field in settings(catalog.task(name).Config)}
    small = {"epochs": 1, "batch_size": 2}
    if "image_size" in fields:
        small["image_size"] = SIDE
    if "size" in fields:
        small["size"] = fields["size"].metadata["choices"][0]
    if "references" in fields:  # trainings beside the one that is looked at
        small["references"] = False
    if "adversarial_epochs" in fields:  # a phase of its own, so that there is one of either kind
        small |= {"epochs": 2, "adversarial_epochs": 1, "patch": 16, "critic_width": 4}
    if (
        "compact"
        in fields.get("backbone", types.SimpleNamespace(metadata={"help": ""})).metadata["help"]
    ):
        small["backbone"] = "compact_8"
    return small


@pytest.fixture(scope="module", params=list(catalog.tasks()))
def case(request, tmp_path_factory):
    """A task on its own data, small: its module, its resolved config, a model, and a batch of the training split."""
    task = catalog.task(request.param)
    small = small_settings(request.param)
    started = run.start(request.param, None, tmp_path_factory.mktemp(request.param) / "run", small)
    split = started.split("train")
    model = task.model(started.config)
    inputs, targets = next(split.train().as_numpy_iterator())
    decoded = evaluate.Decoder(model, task, started.config)(inputs)
    return types.SimpleNamespace(
        name=request.param, task=task, config=started.config, model=model, split=split,
        inputs=inputs, targets=targets, decoded=decoded,
    )  # fmt: skip


def first(values):
    return keras.tree.map_structure(lambda v: v[0], values)


def process(code, *arguments, **variables):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True
    )


# Tasks.


@each_task
def test_a_task_has_the_names_of_the_contract(name):
    task = catalog.task(name)
    assert task.__doc__.partition("\n")[0].endswith(".")
    assert issubclass(task.Config, Config)
    for function, parameters in SIGNATURES.items():
        assert list(inspect.signature(getattr(task, function)).parameters) == parameters, function
        assert getattr(task, function).__doc__, function
    summary, data = catalog.task_summary(name)
    assert summary == task.__doc__.partition("\n")[0]
    assert data == task.DATA
    assert data in catalog.datasets()


@each_task
def test_a_task_imports_no_other_task(name):
    tree = ast.parse(catalog.tasks()[name].read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [
        module for module in imported if module.startswith(("pipelines.tasks", "pipelines.engine"))
    ]


@each_task
def test_each_setting_has_help_a_unit_or_a_range_and_shows_in_help(name, capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", name, "--help"])
    shown = capsys.readouterr().out
    for field in settings(catalog.task(name).Config):
        m = field.metadata
        assert m["help"], field.name
        assert not m["help"].endswith("."), field.name
        assert f"  {describe(field)}\n" in shown, field.name
        if field.type in (
            int,
            float,
        ):  # a number without a lower end, or without a unit where it is no share
            assert m["low"] is not None or m["choices"], field.name
            assert m["unit"] or m["high"] is not None or field.type is float or m["choices"], (
                field.name
            )


@each_task
def test_help_of_a_task_loads_no_tensorflow(name):
    done = process(HELP, name)
    assert done.returncode == 0, done.stderr


@each_task
def test_settings_go_through_yaml(name):
    config = catalog.task(name).Config()
    assert type(config)().replace(**yaml.safe_load(yaml.safe_dump(config.as_dict()))) == config


@each_task
def test_the_half_on_the_device_is_there_and_light(name):
    half = catalog.edge(name)
    assert list(inspect.signature(half.predict).parameters)[:3] == ["source", "run", "manifest"]
    assert callable(half.line)
    done = process(EDGE, name)
    assert done.returncode == 0, done.stderr


def test_settings_follow_the_data(case):
    config = case.config
    assert config.steps_per_epoch == -(-len(case.split) // 2)
    assert config.replace() == config
    values = yaml.safe_load(yaml.safe_dump(config.as_dict(), allow_unicode=True))
    assert (
        type(config)().replace(**values) == config
    )  # what a run's folder keeps makes the same config


def test_parse_gives_static_shapes_and_names(case):
    inputs, targets = case.split.batches().element_spec
    assert isinstance(inputs, dict)
    for spec in tf.nest.flatten((inputs, targets)):
        assert spec.shape[1:].is_fully_defined(), spec


def test_augment_keeps_names_types_and_ranks(case):
    parsed, augmented = case.split.batches().element_spec, case.split.train().element_spec
    tf.nest.assert_same_structure(parsed, augmented)
    for before, after in zip(tf.nest.flatten(parsed), tf.nest.flatten(augmented), strict=True):
        assert before.dtype == after.dtype
        assert before.shape.rank == after.shape.rank


def test_augment_follows_from_its_seed(case):
    batch = next(iter(case.split.batches(2)))
    once, again = (
        case.task.augment(*batch, tf.constant([1, 2], tf.int64), 0.0, case.config) for _ in range(2)
    )
    for a, b in zip(tf.nest.flatten(once), tf.nest.flatten(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_model_takes_what_parse_gives_by_name(case):
    taken = {t.name: t for t in keras.tree.flatten(case.model.input)}
    given = case.split.batches().element_spec[0]
    assert set(taken) == set(given)
    for name, tensor in taken.items():
        assert keras.backend.standardize_dtype(tensor.dtype) == given[name].dtype.name
        assert given[name].shape[1:].is_compatible_with(tensor.shape[1:]), name
    assert case.model.compiled


def test_the_loss_is_a_number_and_has_gradients(case):
    with tf.GradientTape() as tape:
        outputs = case.model(case.inputs, training=True)
        loss = case.model.compute_loss(case.inputs, case.targets, outputs, training=True)
    assert np.isfinite(float(loss))
    gradients = tape.gradient(loss, [v.value for v in case.model.trainable_variables])
    reached = [g is not None for g in gradients]
    assert sum(reached) >= 0.9 * len(reached)
    assert all(np.isfinite(tf.convert_to_tensor(g)).all() for g in gradients if g is not None)


def test_decode_names_its_outputs_and_is_the_same_in_a_graph(case):
    assert case.decoded
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in case.decoded)
    assert {len(values) for values in case.decoded.values()} == {2}
    traced = tf.function(
        lambda inputs: case.task.decode(case.model(inputs, training=False), case.config)
    )
    eager = case.task.decode(case.model(case.inputs, training=False), case.config)
    assert set(eager) == set(case.decoded)
    for name, values in traced(case.inputs).items():
        np.testing.assert_allclose(values, eager[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_metrics_judge_what_decode_gives(case):
    metrics = case.task.metrics(case.config)
    for metric in metrics:
        metric.update_state(case.targets, case.decoded)
    result = evaluate.collect(metrics, case.config.labels)
    headline = evaluate.headline(case.task, case.config)
    assert headline in HEADLINES
    assert np.isfinite(result[headline])
    assert set(result.get("per_class", {})) <= set(result.get("labels", case.config.labels))
    monitors = {"val_loss", *(f"val_{name}" for name in result)}
    assert case.task.Config().monitor in monitors


def test_draw_gives_a_picture_or_text(case):
    for truth in (None, first(case.targets)):
        drawn = case.task.draw(first(case.inputs), first(case.decoded), case.config, truth)
        if isinstance(drawn, str):
            assert drawn.strip()
        else:
            assert (drawn.dtype, drawn.ndim, drawn.shape[2]) == (np.uint8, 3, 3)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@each_task
def test_a_task_trains_compiled_by_xla_on_each_backend(name, backend, tmp_path):
    few = {**small_settings(name), "steps_per_epoch": 2}
    if backend == "jax":
        pytest.importorskip("jax")
        few["devices"] = 2
    fields = {field.name: field for field in settings(catalog.task(name).Config)}
    if "on" in fields["jit_compile"].metadata["choices"]:
        few["jit_compile"] = "on"
    elif backend == "tensorflow":
        pytest.skip("it says by its settings that XLA cannot compile it")
    variables = {"KERAS_BACKEND": backend, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = process(TRAIN, name, str(tmp_path / "run"), json.dumps(few), **variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"backend": backend, "epochs": few["epochs"]}
    rows = list(csv.DictReader((tmp_path / "run/history.csv").read_text().splitlines()))
    assert len(rows) == few["epochs"]
    assert np.isfinite([[float(row["loss"]), float(row["val_loss"])] for row in rows]).all()


# Data sets.


@each_data_set
def test_a_data_set_says_what_it_is_and_whose(name):
    folder = catalog.datasets()[name]
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# {name}\n")
    assert re.search(r"licen[cs]e", readme, re.IGNORECASE)
    assert catalog.dataset_summary(name)
    citations = (folder / "CITATIONS.bib").read_text(encoding="utf-8")
    assert re.search(r"^@\w+\{", citations, re.MULTILINE)
    assert not (folder / "__init__.py").exists()


@each_data_set
def test_a_data_set_loads_and_can_be_trained_on(name):
    builder = catalog.dataset_builder(name)
    assert builder.name == name
    assert builder.RELEASE_NOTES[str(builder.VERSION)]
    assert builder.info.citation.strip()
    data = catalog.load(name)
    assert data.source == name
    assert list(data.splits) == sorted(data.splits, key=SPLITS.index) or set(data.splits) == set(
        SPLITS
    )
    assert all(len(data.splits[split]) for split in SPLITS)
    assert not [p for p in data.problems if p.severity == "error"]
    assert catalog.load(name).fingerprint() == data.fingerprint()
