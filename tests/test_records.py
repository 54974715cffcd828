"""Files of values: what fits a shape is read, what is damaged, too large or another thing is one line."""

import io
import json
import random
import re
import shutil
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import pipelines
from pipelines import records, shapes
from pipelines.engine.training import checkpoint, weights
from pipelines.errors import PipelineError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from damaging import mutate

SHAPE = {
    "task": str,
    "minutes?": shapes.NUMBER,
    "labels": [str],
    "files": {str: {"sha": re.compile("[0-9a-f]{4}"), "ok": bool}},
    "most": (int, type(None)),
}
FITS = {"task": "x", "labels": ["a"], "files": {"f": {"sha": "00ff", "ok": True}}, "most": None}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"minutes": 3, "further": [1]}, ""),
        ({"task": 5}, "task must be text; it is 5"),
        ({"labels": "abc"}, "labels must be a list; it is 'abc'"),
        ({"labels": ["a", None]}, "labels[1] must be text; it is None"),
        ({"minutes": True}, "minutes must be a whole number or a number; it is True"),
        ({"most": True}, "most must be a whole number or nothing; it is True"),
        ({"files": {"f": {"sha": "00ff"}}}, "it lacks 'files.f.ok'"),
        ({"files": {"f": {"sha": "xyz", "ok": True}}}, "files.f.sha must be of the form"),
        ({"files": {"f": {"sha": "00ff", "ok": 1}}}, "files.f.ok must be true or false; it is 1"),
        ({"task": "y" * 9999}, ""),
        ({"labels": [["y" * 9999]]}, "labels[0] must be text; it is ['yyyyyyyyyyy"),
    ],
)
def test_what_does_not_fit_is_named(change, told):
    found = shapes.misfit({**FITS, **change}, SHAPE)
    assert found.startswith(told)
    assert bool(found) == bool(told)
    assert len(found) < 120


def test_what_is_missing_is_named():
    assert shapes.misfit({}, SHAPE) == "it lacks 'task'"
    assert shapes.misfit([], SHAPE) == "it must be a list of `name: value`; it is []"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"a": 1', "is not valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is not valid JSON"),
        (b'{"a": ' + b"9" * 400 + b"}", "is not valid JSON (a number of 400 digits)"),
        (b'{"a": "\\ud800"}', "is not valid JSON ('utf-8' codec can't encode"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"a": "\xe9"}', "is not UTF-8 (invalid continuation byte at byte 7)"),
        (b"[1]", "is not what it should be: it must be a list of `name: value`; it is [1]"),
    ],
)
def test_json_that_is_none(tmp_path, text, told):
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(PipelineError, match=re.escape(told)):
        records.read_json(tmp_path / "a.json", {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1", ":1 is not plain YAML"),
        ("a: &x 1\nb: *x", ":2 is not plain YAML (has a reference (*name))"),
        ("a: 1\nb: 2\na: 3", ":1 is not plain YAML (names 'a' twice)"),
        ("a: 2024-13-45", "holds a value that cannot be read: month must be in 1..12"),
        ("a: " + "9" * 5000, "holds a value that cannot be read"),
        ("a: " + "[" * 5000, "is nested too deeply"),
        ("1: a", "names 1, which is no text"),
        ("- a", "must hold `name: value` lines; got list"),
        ("a: !!python/object:os.system {}", "is not plain YAML"),
    ],
)
def test_yaml_that_is_none(tmp_path, text, told):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(PipelineError, match=re.escape(told)):
        records.read_yaml(tmp_path / "a.yaml")


def test_what_is_no_file_is_not_waited_for(tmp_path):
    for place in (tmp_path, Path("/dev/zero")):
        for read in (records.read_text, records.read_yaml, records.read_arrays):
            with pytest.raises(PipelineError):
                read(place)


def test_a_table_with_a_row_that_is_cut(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    assert records.read_rows(tmp_path / "a.csv") == [{"x": "1", "y": "2"}]
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3")
    with pytest.raises(PipelineError, match="a row with other cells than its header"):
        records.read_rows(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(5, np.uint8),
        np.zeros((0, 4), np.float16),
        np.array(["a", "grün"]),
    ],
)
def test_arrays_are_numpys_own(tmp_path, array):
    np.savez(tmp_path / "a.npz", x=array)
    np.savez_compressed(tmp_path / "b.npz", x=array)
    np.save(tmp_path / "x.npy", array)
    for name in ("a.npz", "b.npz", "x.npy"):
        (read,) = records.read_arrays(tmp_path / name).values()
        np.testing.assert_array_equal(read, array)
        assert read.dtype == array.dtype


def claimed(shape):
    """An archive whose array says that it has this shape, and has 8 bytes."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        out, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    return out.getvalue() + bytes(8)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (claimed((1 << 40,)), "an array of 8,796,093,022,208 bytes in a file of"),
        (claimed((1 << 40, 1 << 40)), "an array of"),
        (claimed(())[:-1], "an array of 8 bytes|ends too early"),
        (claimed(()) + b"x", "something follows"),
        (b"noise", "damaged"),
    ],
)
def test_arrays_that_say_what_they_have_not(tmp_path, content, told):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(PipelineError, match=told):
        records.read_arrays(tmp_path / "a.npz")


def test_arrays_of_objects_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([{}], object))
    with pytest.raises(PipelineError, match="it holds objects"):
        records.read_arrays(tmp_path / "a.npz")


def test_an_archive_that_would_grow_out_of_all_proportion(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "FREE", 1000)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(1_000_000))
    with pytest.raises(PipelineError, match="would become 8,000,128"):
        records.read_arrays(tmp_path / "a.npz")


def net(units=3):
    inputs = keras.Input((2,))
    return keras.Model(inputs, keras.layers.Dense(units)(inputs))


def test_weights_are_read_and_no_layer_is_made(tmp_path):
    """A file that says a Lambda, or a layer of 2^30 units, gives its numbers alone."""
    saved = net()
    weights.write(saved, tmp_path)
    kept = {}
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    described = json.loads(kept["config.json"])
    described["config"]["layers"][1]["class_name"] = "Lambda"
    described["config"]["layers"][1]["config"]["units"] = 1 << 30
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        for name, content in {**kept, "config.json": json.dumps(described)}.items():
            archive.writestr(name, content)
    read = weights.read(tmp_path, net())
    np.testing.assert_array_equal(read.layers[1].kernel, saved.layers[1].kernel)
    with pytest.raises(PipelineError, match="cannot be loaded safely"):
        weights.read(tmp_path, net(units=4))


def test_a_compiled_net_takes_weights_without_its_optimizer(tmp_path):
    saved = net()
    weights.write(saved, tmp_path)
    other = net()
    other.compile("adam", "mse")
    np.testing.assert_array_equal(
        weights.read(tmp_path, other).get_weights()[0], saved.get_weights()[0]
    )


def test_weights_with_a_broken_checksum(tmp_path):
    weights.write(net(), tmp_path)
    content = bytearray((tmp_path / "model.keras").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(PipelineError, match="cannot be loaded safely"):
        weights.read(tmp_path, net())


def test_a_checkpoint_without_its_state(tmp_path):
    checkpoint.save(tmp_path / "a.npz", [np.ones(3)], {"step": "five"})
    assert checkpoint.load(tmp_path / "a.npz")[1] == {"step": "five"}
    with pytest.raises(PipelineError, match="step must be a whole number"):
        checkpoint.load(tmp_path / "a.npz", {"step": int})
    np.savez(tmp_path / "a.npz", a00000=np.ones(3))
    with pytest.raises(PipelineError, match="is damaged"):
        checkpoint.load(tmp_path / "a.npz")


def test_changed_files_of_runs_and_bundles_are_one_line(trained, exported, tmp_path):
    """A sample of what benchmarks/damage.py does 10,000 times."""
    shutil.copytree(trained.path, tmp_path / "run")
    shutil.copytree(exported.path, tmp_path / "bundle")
    pipelines.load(tmp_path / "run").evaluate()
    wrong = [found for found in mutate.records(tmp_path, 150, seed=1) if found[1]]
    assert wrong == []


def test_changed_data_is_one_line(tmp_path):
    wrong = [found for found in mutate.data_sets(tmp_path, 100, seed=1) if found[1]]
    assert wrong == []


def test_a_change_is_made_by_its_seed():
    content = json.dumps({"a": [1, 2, {"b": None}], "c": "x"}).encode()
    first = [mutate.mutated(content, random.Random(i), ".json") for i in range(20)]
    assert first == [mutate.mutated(content, random.Random(i), ".json") for i in range(20)]
    assert len(set(first)) > 15
