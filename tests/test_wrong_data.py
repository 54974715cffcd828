"""Data that is something else: every format on every kind of wrong input ends with one clear line."""

import json
import os
import shutil

import pytest
from PIL import Image
from test_cases import photo, save

import pipelines
from pipelines import catalog, cli, entries
from pipelines.errors import PipelineError

FORMATS = [name for name in entries.modules("formats") if name != "tfds"]


def made(kind, folder):
    """A path that is no data of most formats."""
    path = folder / kind
    if kind == "text":
        path.write_text("hello\n")
    elif kind == "bytes":
        path.write_bytes(bytes(range(256)) * 20)
    elif kind == "json":
        path.write_text("[1, 2]")
    elif kind == "picture":
        path = folder / "a.png"
        Image.new("RGB", (8, 8)).save(path)
    elif kind == "nothing":
        path.write_bytes(b"")
    elif kind == "device":
        return "/dev/null"
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(path)
    elif kind == "empty":
        path.mkdir()
    elif kind == "pictures":
        save(path / "a.png", photo(1))
    elif kind == "folders":
        for name in (
            "Annotations",
            "annotations",
            "images",
            "labels",
            "LR",
            "HR",
            "trainA",
            "source",
        ):
            (path / name).mkdir(parents=True)
        for name in ("a.csv", "data.yaml", "a.jsonl", "instances.json", "a.conll", "labels.tsv"):
            (path / name).mkdir()
    elif kind == "links":
        path.mkdir()
        for name in ("a.csv", "a.png", "data.yaml", "a.jsonl", "a.json", "a.conll", "images"):
            (path / name).symlink_to("/nowhere")
    return path


@pytest.mark.parametrize("format", [*FORMATS, "auto"])
@pytest.mark.parametrize(
    "kind",
    ["text", "bytes", "json", "picture", "nothing", "device", "pipe", "link", "empty", "pictures",
     "folders", "links", "missing"],
)  # fmt: skip
def test_wrong_data_is_one_line(tmp_path, kind, format):
    told = ended(made(kind, tmp_path), format)
    # What no format fits is told in five lines at most; see test_nearest_formats.py.
    assert told.count("\n") <= (4 if format == "auto" else 0)


def ended(path, format):
    """What a reader said, or "" if the data is of its format after all."""
    try:
        data = catalog.load(str(path), format)
    except PipelineError as error:
        return str(error)
    assert any(map(len, data.splits.values()))
    return ""


@pytest.mark.parametrize("place", ["/", "~"])
def test_a_whole_disk_is_not_searched(place):
    with pytest.raises(PipelineError, match="too much to search"):
        catalog.load(place)


def test_pictures_without_classes_are_no_classification(tmp_path):
    for i in range(4):
        save(tmp_path / "flat" / f"{i}.png", photo(i))
    with pytest.raises(PipelineError, match="flat has no label, which classification learns"):
        pipelines.audit(tmp_path / "flat", task="classification/scratch")


def test_a_folder_comes_before_the_bundled_set_of_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ours = catalog.load("digits")
    assert (ours.source, capsys.readouterr().err) == ("digits", "")
    for i, kind in enumerate(("cat", "dog")):
        save(tmp_path / "digits" / kind / "a.png", photo(i))
    here = catalog.load("digits")
    assert here.source == str(tmp_path / "digits")
    assert capsys.readouterr().err == (
        f"data: {tmp_path}/digits, not the bundled data set; that one is bundled:digits\n"
    )
    assert catalog.load("bundled:digits").fingerprint() == ours.fingerprint()
    assert catalog.bundled("digits") == "bundled:digits"
    assert catalog.bundled("/a/digits") == "/a/digits"
    with pytest.raises(PipelineError, match="unknown data set 'digit'. Did you mean 'digits'"):
        catalog.load("bundled:digit")


def test_a_run_and_its_bundle_leave_out_what_training_left_out(trained, exported, tmp_path):
    """As with on_bad_data=skip: what has an error stays out, and what has none is used."""
    data = shutil.copytree(trained.data_name, tmp_path / "photos")
    (data / "test/apple/000.jpg").write_bytes(b"no picture")
    left_out = ["test/apple/000.jpg", "test/apple/001.jpg"]
    run = shutil.copytree(trained.path, tmp_path / "run")
    info = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**info, "left_out": left_out}))
    assert len(pipelines.load(run).split("test", data)) == 23
    bundle = shutil.copytree(exported.path, tmp_path / "bundle")
    opened = pipelines.load(bundle)
    assert len(opened.split("test", data)) == 23  # it has changed since the proof
    opened.manifest["proof"]["left_out"] = left_out
    assert len(opened.split("test", data)) == 23
    assert len(opened.split("test", trained.data_name)) == 24


def test_a_pipe_and_a_missing_format_end_with_two(tmp_path, capsys):
    assert cli.main(["audit", "/dev/null"]) == 2
    assert "/dev/null is neither a file nor a folder" in capsys.readouterr().err
