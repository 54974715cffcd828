"""What is said of data that fits no format: what it holds, and what the nearest formats lack."""

import pytest
from PIL import Image

from pipelines import catalog, cli
from pipelines.errors import PipelineError
from pipelines.formats import _nearest


@pytest.mark.parametrize(
    ("layout", "wanted"),
    [
        ("CLASS/*.jpg, or SPLIT/CLASS/*.jpg", ["a folder for each class", "pictures"]),
        ("images/ and labels/ with one .txt, and a data.yaml", ["images/", "labels/", ".txt", "data.yaml"]),
        ("one .csv or .tsv file with columns", [".csv"]),
        ("one XML file a picture", [".xml"]),
        ("A data set: tfds:NAME, tfds:NAME/CONFIG", []),
    ],
)  # fmt: skip
def test_what_a_layout_needs_is_read_off_its_line(layout, wanted):
    assert _nearest.needs(layout) == wanted


def test_the_nearest_comes_first_with_what_it_lacks(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "images" / "a.PNG")
    layouts = {
        "far": "a .docx and a b.yaml",
        "boxes": "images/*.jpg and labels/*.txt",
        "near": "images/*.jpg and labels/",
    }
    assert _nearest.nearest(tmp_path, layouts) == [("near", []), ("boxes", [".txt"])]


def test_five_lines_at_most_say_what_would_do(tmp_path, capsys):
    (tmp_path / "goods.csv").write_text("file\na.jpg\n")
    assert cli.main(["audit", str(tmp_path)]) == 2
    _, _, told = capsys.readouterr().err.rpartition("pipelines: ")  # after what was being done
    lines = told.splitlines()
    assert len(lines) <= 5
    assert lines[0].endswith("It holds 1 .csv with the columns file.")
    assert any("table" in line and "path, label" in line for line in lines[1:-1])
    assert "`pipelines formats`" in lines[-1]


def test_names_of_files_cannot_add_lines(tmp_path, capsys):
    (tmp_path / "a.x\ny").write_text("?")
    assert cli.main(["audit", str(tmp_path)]) == 2
    assert all("\ny" not in line for line in capsys.readouterr().err.splitlines())


def test_all_formats_are_listed(capsys):
    assert cli.main(["formats"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in catalog.layouts())


def test_several_fitting_formats_are_named(monkeypatch, tmp_path):
    (tmp_path / "a.txt").write_text("x")
    some = catalog.formats()[:2]
    for module in catalog.formats():
        monkeypatch.setattr(module, "detect", lambda path, is_one=module in some: is_one)
    with pytest.raises(PipelineError, match="fits several formats") as caught:
        catalog.load(str(tmp_path))
    assert len(caught.value.lines) == 4
