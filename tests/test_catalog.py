import subprocess
import sys
import types
from pathlib import Path

import pytest
from PIL import Image

from pipelines import catalog, entries
from pipelines.errors import PipelineError


@pytest.fixture
def folder(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "photos" / name / "a.jpg")
    return tmp_path / "photos"


def test_names_are_found_in_folders():
    assert catalog.datasets()["digits"].name == "digits"
    entry = catalog.tasks()["classification"]
    assert entry.file.parts[-2:] == ("classification", "__init__.py")
    assert [method.name for method in entry.methods] == ["adaptation", "scratch", "transfer"]
    assert catalog.methods()["classification/scratch"].file.name == "scratch.py"
    names = [module.__name__ for module in catalog.formats()]
    assert {
        "pipelines.formats.image_folder",
        "pipelines.formats.table",
        "pipelines.formats.tfds",
    } <= set(names)
    assert "pipelines.formats.examples" not in names


def test_every_format_keeps_to_the_contract():
    for module in catalog.formats():
        assert entries.first_paragraph(module.__doc__).endswith("."), module
        assert callable(module.detect), module
        assert callable(module.read), module


def test_summaries():
    assert catalog.dataset_summary("digits").startswith(
        "1,797 real handwritten digits, 8 x 8 grey pixels"
    )
    for listed in (catalog.tasks(), catalog.methods()):
        for name, entry in listed.items():
            assert entry.summary.endswith("."), name
    assert catalog.task("classification").data == "digits"


def test_a_task_has_a_title():
    titles = {
        "super_resolution": "Super-resolution",
        "segmentation": "Semantic segmentation",
        "detection": "Object detection",
    }
    assert titles == {name: catalog.task_title(name) for name in titles}


def test_listing_and_reading_folders_needs_no_tensorflow(folder):
    code = (
        "import sys; from pipelines import catalog\n[entry.summary for entry in"
        " [*catalog.tasks().values(), *catalog.methods().values()]]; [catalog.dataset_summary(n) for n in"
        f" catalog.datasets()]\nprint(len(catalog.load({str(folder)!r}).splits['train'].names),"
        " 'tensorflow' in sys.modules)"
    )
    root = Path(catalog.__file__).parents[1]
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    assert shown.split()[1] == "False"


def test_in_a_wheel_the_data_sets_lie_within_the_package(tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    for name in ("pipelines/datasets/mine", "datasets/utils"):  # the second is Hugging Face's
        (site / name).mkdir(parents=True)
    (site / "pipelines/datasets/mine/mine_dataset_builder.py").touch()
    (site / "pipelines/datasets/mine/README.md").write_text("# mine\n\nWhat\nit is. More.\n")
    monkeypatch.setattr(entries, "PACKAGE", site / "pipelines")
    assert list(catalog.datasets()) == ["mine"]
    assert catalog.dataset_summary("mine") == "What it is."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: catalog.method("clasification"),
            "unknown task 'clasification'. Did you mean 'classification'",
        ),
        (lambda: catalog.method("../config"), "unknown task '../config'"),
        (lambda: catalog.edge("nothing"), "unknown edge module 'nothing'"),
        (
            lambda: catalog.dataset_builder("digit"),
            "unknown data set 'digit'. Did you mean 'digits'",
        ),
        (
            lambda: catalog.load("digit"),
            "there is no data set, file or folder 'digit'. Did you mean 'digits'",
        ),
        (lambda: catalog.load("/no/such/place"), "there is no file or folder /no/such/place"),
        (lambda: catalog.load("a\0b"), "there is no file or folder"),
        (lambda: catalog.load("x" * 5000), "there is no data set, file or folder"),
    ],
)
def test_unknown_names(call, message):
    with pytest.raises(PipelineError) as raised:
        call()
    assert message in str(raised.value)


def test_a_format_is_detected_or_named(folder):
    assert catalog.load(folder).format == "image_folder"
    assert catalog.load(str(folder), "image_folder").format == "image_folder"
    (folder / "labels.csv").write_text("path,label\ncat/a.jpg,cat\n")
    with pytest.raises(
        PipelineError,
        match=r"(?s)fits several formats.\n  image_folder: .*\n  table: .*--set format=NAME",
    ):
        catalog.load(folder)
    assert catalog.load(folder, "table").format == "table"
    assert catalog.load(folder / "labels.csv").format == "table"
    with pytest.raises(PipelineError, match="unknown format 'tabel'. Did you mean 'table'"):
        catalog.load(folder, "tabel")


def test_no_format_fits(tmp_path):
    with pytest.raises(PipelineError, match="is an empty folder"):
        catalog.load(tmp_path)
    (tmp_path / ".hidden").touch()
    with pytest.raises(PipelineError, match="is an empty folder"):
        catalog.load(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(PipelineError) as raised:
        catalog.load(tmp_path)
    first, *near, last = raised.value.lines
    assert "It holds 1 .txt." in first
    assert first.endswith("notes.txt is empty.")
    assert "plain_text" in near[0]
    assert "`pipelines formats`" in last


def test_a_new_format_needs_no_change_here(folder, monkeypatch):
    new = types.ModuleType("pipelines.formats.new", "Anything at all.")
    new.detect, new.read = lambda path: (path / "new.txt").exists(), lambda path: "read"
    known = catalog.formats()
    monkeypatch.setattr(catalog, "formats", lambda: [*known, new])
    assert catalog.load(folder).format == "image_folder"
    (folder / "new.txt").touch()
    with pytest.raises(PipelineError, match=r"(?s)image_folder: .*new: Anything at all\."):
        catalog.load(folder)
