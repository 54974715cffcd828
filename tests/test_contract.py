"""What every method, task and data set keeps to, whichever the catalog finds."""

import ast
import csv
import dataclasses
import functools
import inspect
import json
import re
import subprocess
import sys
import types

import child
import keras
import numpy as np
import presets
import pytest
import tensorflow as tf
import yaml
from conftest import ROOT, once

import pipelines.run
from pipelines import catalog, cli
from pipelines.config import Config, Settings, describe, settings
from pipelines.engine.data import source
from pipelines.engine.proof import evaluate
from pipelines.engine.training import setup, weights
from pipelines.formats.examples import SPLITS
from pipelines.models import bert
from pipelines.models.fitted import Fitted
from pipelines.task import Method

TASKS, METHODS = list(catalog.tasks()), list(catalog.methods())
SIDE = 64  # pixels; a few halvings leave something to look at
HOOKS = ("parse", "augment", "model", "decode", "metrics", "draw", "phases", "expand", "programs")
EXAMPLES = {"train": 24, "validation": 4, "test": 4}  # of each data set that are looked at
# Settings that make nets large and trainings long, and what is enough here: some thousand weights.
ENOUGH = {
    "width": 8, "critic_width": 4, "hidden": 8, "units": 8, "lstm_units": 8, "letter_units": 8,
    "filters": 8, "word_size": 8, "letter_size": 8, "shape_size": 8, "factors": 8, "latent_size": 8,
    "depth": 2, "blocks": 1, "length": 16, "overlap": 16, "patch": 16, "passes": 2, "sweeps": 2,
    "minibatch": 8, "updates": 8, "warmup": 16, "replay": 64, "stages": 2, "stumps": 4,
    "features": 50, "windows": 100,
}  # fmt: skip
SCORES = {
    "accuracy", "map50", "map50_95", "mean_iou", "psnr_y", "ssim_y", "f1", "perplexity", "bleu",
    "chrf", "bits_per_byte", "exact_match", "rmse", "mae", "r2", "auc", "log_likelihood", "elbo",
    "ndcg_at_10", "recall_at_10", "precision_at_10", "map_at_10", "mean_return",
    "frechet_distance", "eer", "verification_accuracy", "tar_at_far", "recall_at_1", "macro_f1",
    "micro_f1", "log_loss", "subset_accuracy", "polarity_accuracy", "joint_f1", "hit_rate_at_10",
    "content_loss", "style_loss", "mean_regret", "success_rate", "word_similarity",
    "analogy_accuracy", "cycle_error", "reconstruction_mse", "relative_distance",
}  # fmt: skip  # the contract with users
HALVES = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module("pipelines.edge." + name)
    heavy = {"tensorflow", "keras", "pipelines.config", "pipelines.files", "yaml", "sklearn"}
    assert not heavy & set(sys.modules), (name, heavy & set(sys.modules))
"""
HELP = """
import sys
from pipelines import cli
for name in sys.argv[1:]:
    try:
        cli.main(["train", name, "--help"])
    except SystemExit as stop:
        assert not stop.code, name
    assert not {"tensorflow", "keras"} & set(sys.modules), name
"""
TRAIN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import test_contract
print(json.dumps(test_contract.trained(sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))))
"""

KERAS_ALONE = """
import pathlib, re, sys
import keras
from pipelines import models
file = sys.argv[1]
try:
    keras.saving.load_model(file)
except TypeError as error:
    assert "import pipelines.layers" in str(error), error
else:
    raise AssertionError("nothing had to be registered")
import pipelines.layers
assert keras.saving.load_model(file).count_params() == 0
names = []
for path in pathlib.Path(models.__file__).parent.glob("*.py"):
    found = re.findall("@keras.saving.register_keras_serializable.*\\nclass (.*?)[(:]", path.read_text())
    assert not found or "pipelines.models." + path.stem in sys.modules, path
    names += found
assert len(names) == len(set(names)), sorted(names)  # of two, a file would be read as the last one
"""

COMPILED = ("classification", "detection")  # trained on JAX, which XLA compiles, by test_devices

each_task = pytest.mark.parametrize("name", TASKS)
each_method = pytest.mark.parametrize("name", METHODS)
each_data_set = pytest.mark.parametrize("name", list(catalog.datasets()))


def small_settings(name):
    """Settings of a method that make its model small and its training short."""
    fields = {field.name: field for field in settings(catalog.method(name).Config)}
    small = {
        "epochs": 1,
        "batch_size": 2,
        "of_each": 2,  # of a class in a batch
        "image_size": SIDE,
        "ema": 0.0,
        "references": False,  # trainings beside the one that is looked at
        "max_length": 16,
        "loss_net": "random",  # no large net judges what a small one has made
        "ais_steps": 20,  # temperatures by which a partition function is estimated
        "on_bad_data": "skip",  # so few examples may lack a label that another split has
    }
    small = {key: value for key, value in small.items() if key in fields}
    if "of_each" in fields:  # and two classes
        small["batch_size"] = 4
    if "size" in fields:
        small["size"] = next(c for c in fields["size"].metadata["choices"] if c != "auto")
    if "pixels" in (getattr(fields.get("features"), "metadata", {}).get("choices") or ()):
        small["features"] = "pixels"  # no large net judges what a small one has made
    if "adversarial_epochs" in fields:  # a phase of its own, so that there is one of either kind
        small |= {"epochs": 2, "adversarial_epochs": 1}
    for key in ENOUGH.keys() & {f.name for f in fields.values() if f.type is int}:
        is_large = not 0 < fields[key].default <= ENOUGH[key]  # 0 follows the data
        if is_large and not fields[key].metadata["choices"]:
            small[key] = ENOUGH[key]
    if "backbone" in fields:
        small |= _small_backbone(fields["backbone"])
    return small


def _small_backbone(field):
    if "compact" in field.metadata["help"]:
        return {"backbone": "compact_8"}
    if field.default == "efficientnet_lite0":
        return {"backbone": presets.pictures()}
    if field.default == "smollm2":
        return {"backbone": presets.language()}
    return {"backbone": presets.text()} if field.default == "minilm" else {}


@functools.cache
def _whole(name):
    once(f"data_{name}", lambda folder: catalog.load(name))  # which takes long the first time
    return catalog.load(name)


def few(name):
    """Some examples of a method's own data set, or None if it learns from something else."""
    method = catalog.method(name)
    if method.data not in catalog.datasets():
        return None
    data = _whole(method.data)
    parts = {}
    for split, part in data.splits.items():
        count = min(EXAMPLES[split], len(part))
        rows = np.linspace(0, len(part) - 1, count).round().astype(int)
        if "identity" in method.features:  # learned from pairs of a class, so by twos
            first = np.linspace(0, len(part) - 2, count // 2).round().astype(int)
            rows = np.unique([first, first + 1])
        parts[split] = part.take(rows)
    return dataclasses.replace(data, splits=parts)


def trained(name, folder, given):
    """Trains a method on few examples -> what is told of it, plain values."""
    run = pipelines.run.start(name, few(name), folder, given).train()
    return {"backend": setup.environment()["backend"], "epochs": run.info["epochs_done"]}


@pytest.fixture(scope="module", params=METHODS)
def case(request):
    """A method on its own data, small: its resolved config, a model, a batch of the training split."""
    name = request.param
    made = setup.set_up(name, few(name), small_settings(name))
    if not isinstance(made.source, source.DataSet):
        pytest.skip("it learns from no examples")
    method, config = made.method, made.config
    model, split = method.model(config), made.source.held_out("train")
    if isinstance(model, Fitted):  # it answers nothing before
        for phase in method.phases(config):
            phase.solve(model, made.source)
    inputs, targets = next(iter(made.source.train(0, model).as_numpy_iterator()))
    answer = evaluate.decoder(model, method, config)
    return types.SimpleNamespace(
        name=name, method=method, config=config, model=model, split=split, inputs=inputs,
        targets=targets, answer=answer, decoded=answer(inputs),
        batches=made.source.train(0, model), is_net=not isinstance(model, Fitted),
    )  # fmt: skip


def first(values):
    return keras.tree.map_structure(lambda v: v[0], values)


def process(code, *arguments):
    """A process of its own, which must end well."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# Tasks and methods.


@each_method
def test_a_method_says_what_it_is_and_what_it_is_judged_by(name):
    method = catalog.method(name)
    assert f"{method.task}/{method.name}" == name
    assert catalog.methods()[name].summary.endswith(".")
    assert inspect.getdoc(type(method)) != inspect.getdoc(Method)
    assert issubclass(method.Config, Settings)
    assert method.scores[0].name in SCORES
    own = method.data in catalog.datasets()
    assert own or method.source(method.data, method.Config()) is not None


@each_method
def test_a_hook_has_the_parameters_of_the_contract(name):
    for hook in HOOKS:
        own = getattr(type(catalog.method(name)), hook)
        wanted = inspect.signature(getattr(Method, hook))
        assert list(inspect.signature(own).parameters) == list(wanted.parameters), hook
        assert inspect.getdoc(own), hook


@each_task
def test_a_task_imports_no_other_task(name):
    task = catalog.tasks()[name]
    for entry in (task, *task.methods):
        imported = set()
        for node in ast.walk(ast.parse(entry.file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported |= {f"{node.module}.{alias.name}" for alias in node.names}
        others = tuple(f"pipelines.tasks.{other}." for other in TASKS if other != name)
        bad = ("pipelines.engine", *others)
        assert not [module for module in imported if f"{module}.".startswith(bad)], entry.file


@each_method
def test_each_setting_has_help_a_unit_or_a_range_and_shows_in_help(name, capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", name, "--help"])
    shown = capsys.readouterr().out
    for field in settings(catalog.method(name).Config):
        m = field.metadata
        assert m["help"], field.name
        assert not m["help"].endswith("."), field.name
        assert f"  {describe(field)}\n" in shown, field.name
        if field.type in (int, float):  # it has a lower end, and a unit if it is no share
            assert m["low"] is not None or m["choices"], field.name
            bounded = m["unit"] or m["high"] is not None or m["choices"]
            assert bounded or field.type is float, field.name


def test_help_of_a_method_loads_no_tensorflow():
    process(HELP, *METHODS)


@each_method
def test_settings_go_through_yaml(name):
    config = catalog.method(name).Config()
    assert type(config)().replace(**yaml.safe_load(yaml.safe_dump(config.as_dict()))) == config


@each_task
def test_the_half_on_the_device_is_there(name):
    half = catalog.edge(name)
    assert list(inspect.signature(half.predict).parameters)[:3] == ["source", "run", "manifest"]
    assert callable(half.line)


def test_the_halves_on_the_device_are_light():
    process(HALVES, *TASKS)


def test_settings_follow_the_data(case):
    config = case.config
    if case.is_net:
        assert config.steps_per_epoch in (1, -(-len(case.split) // config.batch_size))
    assert config.replace() == config
    values = yaml.safe_load(yaml.safe_dump(config.as_dict(), allow_unicode=True))
    # What a run's folder keeps makes the same config.
    assert type(config)().replace(**values) == config


def test_parse_gives_static_shapes_and_names(case):
    inputs, targets = case.split.batches().element_spec
    assert isinstance(inputs, dict)
    for spec in tf.nest.flatten((inputs, targets)):
        assert spec.shape[1:].is_fully_defined(), spec


def test_augment_keeps_names_types_and_ranks(case):
    parsed, augmented = case.split.batches().element_spec, case.batches.element_spec
    tf.nest.assert_same_structure(parsed, augmented)
    for before, after in zip(tf.nest.flatten(parsed), tf.nest.flatten(augmented), strict=True):
        assert before.dtype == after.dtype
        assert before.shape.rank == after.shape.rank


def test_augment_follows_from_its_seed(case):
    batch = next(iter(case.split.batches(2)))
    seed = tf.constant([1, 2], tf.int64)
    once, again = (case.method.augment(*batch, seed, 0.0, case.config) for _ in range(2))
    for a, b in zip(tf.nest.flatten(once), tf.nest.flatten(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_model_takes_what_parse_gives_by_name(case):
    if not case.is_net:
        pytest.skip("its model is no net")
    taken = {t.name: t for t in keras.tree.flatten(case.model.input)}
    given = case.split.batches().element_spec[0]
    assert set(taken) == set(given)
    for name, tensor in taken.items():
        assert keras.backend.standardize_dtype(tensor.dtype) == given[name].dtype.name
        assert given[name].shape[1:].is_compatible_with(tensor.shape[1:]), name
    assert case.model.compiled


def test_keras_itself_loads_the_file_of_the_model(case, tmp_path):
    if not case.is_net:
        pytest.skip("its model is no net")
    weights.write(case.model, tmp_path)
    loaded = keras.saving.load_model(tmp_path / "model.keras")  # in safe mode
    assert weights.sha256(loaded) == weights.sha256(case.model)
    read = weights.read(tmp_path, case.method.model(case.config))  # of the file, numbers alone
    assert weights.sha256(read) == weights.sha256(case.model)
    inputs, _ = next(iter(case.split.batches(2)))
    outputs = [net(inputs, training=False) for net in (case.model, loaded)]
    for ours, theirs in zip(*map(keras.tree.flatten, outputs), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not loaded.compiled
    assert case.model.compiled
    assert case.model.optimizer is not None


def test_one_import_registers_all_layers_and_is_named_without_it(tmp_path):
    features, pieces = keras.Input((3, 4)), keras.Input((3,), dtype="int32")
    net = keras.Model([features, pieces], bert.Mean()(features, pieces))
    weights.write(net, tmp_path)
    process(KERAS_ALONE, str(tmp_path / "model.keras"))


def test_the_loss_is_a_number_and_has_gradients(case):
    if not isinstance(case.config, Config):
        pytest.skip("it follows no gradient")
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
    size = len(keras.tree.flatten(case.inputs)[0])
    assert {len(values) for values in case.decoded.values()} == {size}
    if not case.is_net:
        return
    eager = case.method.decode(case.model(case.inputs, training=False), case.config)
    assert set(eager) == set(case.decoded)
    for name, values in case.answer(case.inputs).items():  # by a Decoder, which compiles it
        np.testing.assert_allclose(values, eager[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_metrics_judge_what_decode_gives(case):
    metrics = case.method.metrics(case.config)
    if not metrics:
        pytest.skip("it is judged by `evaluate`")
    for metric in metrics:
        metric.update_state(case.targets, case.decoded)
    result = evaluate.collect(metrics, case.config.labels)
    assert np.isfinite(result[case.method.scores[0].name])
    assert set(result.get("per_class", {})) <= set(result.get("labels", case.config.labels))
    monitors = {"", "val_loss", *(f"val_{name}" for name in result)}
    assert case.method.Config().monitor in monitors


def test_draw_gives_a_picture_or_text(case):
    for truth in (None, first(case.targets)):
        drawn = case.method.draw(first(case.inputs), first(case.decoded), case.config, truth)
        if isinstance(drawn, str):
            assert drawn.strip()
        else:
            assert (drawn.dtype, drawn.ndim, drawn.shape[2]) == (np.uint8, 3, 3)


def backends():
    """(method, backend) of all trainings. `make test` runs one for each task that no other test
    trains compiled: the first of its methods that is no model of arrays, in which there is nothing
    to compile, on JAX and on TensorFlow by turns."""
    thin = set()
    for i, name in enumerate(task for task in TASKS if task not in COMPILED):
        methods = [catalog.method(own.name, name) for own in catalog.tasks()[name].methods]
        first = next((method for method in methods if not method.fitted), None)
        if first is None:
            continue
        fields = {field.name for field in settings(first.Config)}
        backend = ("jax", "tensorflow")[i % 2] if "jit_compile" in fields else "jax"
        thin.add((f"{name}/{first.name}", backend))
    for pair in ((name, backend) for name in METHODS for backend in ("tensorflow", "jax")):
        yield pytest.param(*pair, marks=() if pair in thin else pytest.mark.exhaustive)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "backend"), list(backends()))
def test_a_method_trains_compiled_by_xla_on_each_backend(name, backend, tmp_path):
    method, given = catalog.method(name), small_settings(name)
    fields = {field.name: field for field in settings(method.Config)}
    if "steps_per_epoch" in fields:
        given["steps_per_epoch"] = 2
    is_compiled = "jit_compile" in fields and "on" in fields["jit_compile"].metadata["choices"]
    if is_compiled:
        given["jit_compile"] = "on"
    elif backend == "tensorflow":
        pytest.skip("it says by its settings that XLA cannot compile it")
    told = _trained_by(backend, name, tmp_path / "run", given, "devices" in fields)
    assert told == {"backend": backend, "epochs": given.get("epochs", 1)}
    if "jit_compile" in fields:
        rows = list(csv.DictReader((tmp_path / "run/history.csv").read_text().splitlines()))
        assert len(rows) == given["epochs"]
        judged = "val_loss" if "val_loss" in rows[0] else f"val_{method.scores[0].name}"
        losses = [[float(row["loss"]), float(row[judged])] for row in rows]
        assert np.isfinite(losses).all()


def _trained_by(backend, name, folder, given, is_shared):
    if backend == "tensorflow":
        return trained(name, folder, given)
    if is_shared:
        given = {**given, "devices": 2}
    done = child.run(TRAIN, ROOT / "tests", name, folder, json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


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
