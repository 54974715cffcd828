"""Data that has moved or grown: what was held out is found again and judged."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

import pipelines
from pipelines.engine.data import kept
from pipelines.errors import PipelineError
from pipelines.formats.examples import Data, Examples
from pipelines.records import read_yaml


def of(**splits):
    """Data of two classes, of which b comes first in the newer one; examples are name and class."""
    made = {
        split: Examples([n for n, _ in rows], {"label": [i for _, i in rows]}, ["x"] * len(rows))
        for split, rows in splits.items()
    }
    return Data("here", "test", made, {"label": ["a", "b"]})


def test_held_out_examples_are_found_wherever_they_are():
    wanted = kept.digests(of(test=[("1", 0), ("2", 1), ("3", 0)]), "test")
    now = of(train=[("9", 1), ("2", 1), ("8", 0)], test=[("3", 0), ("7", 1), ("1", 1)])
    found, note = kept.as_it_was(now, "test", wanted)
    assert found.splits["test"].names == ["2", "3"]  # 1 has another class, 7 is new
    assert found.splits["train"].names == ["9", "8"]
    assert note.startswith("1 of the 3 test examples have gone or changed since training")
    # A new class that moves the ids changes nothing.
    moved = of(test=[("1", 1), ("2", 2), ("3", 1)])
    moved.labels["label"][:] = ["0", "a", "b"]
    assert kept.digests(moved, "test") == wanted


def test_other_data_is_judged_as_it_is():
    wanted = kept.digests(of(test=[("1", 0), ("2", 1), ("3", 0)]), "test")
    other = of(test=[("1", 0), ("8", 1)])
    found, note = kept.as_it_was(other, "test", wanted)
    assert found is other
    assert note.startswith("1 of the 3 test examples of the training are in it")


@pytest.fixture
def grown(trained, tmp_path):
    """A copy of the photos of `trained` in another place, with more of them in test."""
    place = shutil.copytree(trained.data_name, tmp_path / "elsewhere")
    for number in range(6):
        Image.new("RGB", (16, 16), (9 * number, 99, 200)).save(place / f"test/sky/new{number}.png")
    return place


def judged(result):
    return {name: value for name, value in result.items() if isinstance(value, float)}


def test_a_run_and_a_bundle_are_judged_on_data_that_has_moved_and_grown(trained, exported, grown):
    before = trained.evaluate()
    after = trained.evaluate(data=grown)
    assert after["examples"] == before["examples"]
    assert judged(after) == judged(before)
    verified = exported.verify(data=grown)
    assert verified["passed"], verified["failures"]
    assert verified["notes"] == []


def test_changed_data_stops_resuming_only(trained, grown, tmp_path, capsys):
    run = shutil.copytree(trained.path, tmp_path / "run")
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace(str(trained.data_name), str(grown)))
    assert read_yaml(run / "config.yaml")["data"] == str(grown)
    next((grown / "test/sky").glob("[!n]*")).unlink()
    opened = pipelines.load(run)
    assert opened.evaluate()["examples"] == trained.evaluate()["examples"] - 1
    assert "have gone or changed since training; the other" in capsys.readouterr().err
    with pytest.raises(
        PipelineError, match="so it cannot be resumed. Start a new run; evaluate and"
    ):
        opened.source  # noqa: B018
    shutil.rmtree(grown)
    with pytest.raises(
        PipelineError, match="is not there any more. Say where it lies now with --d"
    ):
        pipelines.load(run).evaluate()
    moved = pipelines.load(run)
    assert (
        moved.evaluate(data=Path(trained.data_name))["examples"] == trained.evaluate()["examples"]
    )


def test_a_damaged_list_of_held_out_examples_is_one_line(tmp_path):
    (tmp_path / kept.OF_BUNDLE).write_bytes(b"\xff\xfe")
    with pytest.raises(PipelineError, match="held_out.txt is not UTF-8"):
        kept.of_bundle(tmp_path)
