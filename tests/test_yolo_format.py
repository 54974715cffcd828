"""Boxes in folders of YOLO."""

import pytest
from boxed import objects, picture, problems

from pipelines import catalog
from pipelines.engine.data import source
from pipelines.errors import PipelineError, Refused
from pipelines.formats import yolo


def yolo_folder(root, text=None, described="names: [cat, dog]\ntrain: images\n"):
    picture(root / "images/good.jpg")
    (root / "labels").mkdir()
    (root / "labels/good.txt").write_text("0 0.25 0.25 0.5 0.5\n1 0.5 0.5 1 1\n")
    if described:
        (root / "data.yaml").write_text(described)
    if text is not None:
        picture(root / "images/a.jpg")
        (root / "labels/a.txt").write_text(text)
    return root


def test_yolo_boxes_and_background(tmp_path):
    data = catalog.load(yolo_folder(tmp_path, ""))
    read = {k: v for pictures in objects(data).values() for k, v in pictures.items()}
    assert read == {"a.jpg": [], "good.jpg": [((0, 0, 0.5, 0.5), "cat"), ((0, 0, 1, 1), "dog")]}
    assert [(p.severity, p.kind) for p in data.problems] == [("note", "background")]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("0 0.5 0.5 0.5\n", 1, "this one has 4"),
        ("0 0.5 0.5 0.5 0.5\n0 0.5 0.5 0.5 0.5 0.9\n", 2, "this one has 6"),
        ("0 .1 .1 .2 .1 .2 .2", 1, "Polygons"),
        ("0 40 20 10 10\n", 1, "Divide pixels by its sides"),
        ("0 0.5 nan 0.5 0.5\n", 1, "not finite"),
        ("0 0.5 x 0.5 0.5\n", 1, "got '0 0.5 x 0.5 0.5'"),
        ("0.5 0.5 0.5 0.5 0.5\n", 1, "whole number from 0"),
        ("-1 0.5 0.5 0.5 0.5\n", 1, "whole number from 0"),
        ("\n2 0.5 0.5 0.5 0.5\n", 2, "0 to 1; YOLO counts from 0"),
        ("7 0.5 0.5 0.5 0.5\n", 1, "none of the 2"),
        ("99999999999999999999 0.5 0.5 0.5 0.5\n", 1, "none of the 2"),
    ],
)
def test_yolo_mistakes_are_named(text, line, says, tmp_path):
    data = yolo.read(yolo_folder(tmp_path, text))
    (problem,) = [p for p in data.problems if p.severity == "error"]
    assert (problem.where, problem.example) == (f"labels/a.txt:{line}", "images/a.jpg")
    assert says in problem.message


def test_yolo_ids_without_names_are_bounded(tmp_path):
    data = yolo.read(yolo_folder(tmp_path, "1000000000 0.5 0.5 0.5 0.5\n", described=""))
    assert problems(data) == [("error", "annotation", "labels/a.txt:1")]
    assert data.labels == {"objects/label": ["0", "1"]}


@pytest.mark.parametrize(
    ("described", "severity", "says"),
    [
        (
            "names: [cat, dog]\ntrain: images\n",
            "error",
            "from 1 to 2, and YOLO counts from 0. Subtract 1",
        ),
        ("names: [cat, dog, cow]\ntrain: images\n", "warning", "no box is 'cat'"),
        ("", "warning", "no box is '0'"),
    ],
)
def test_yolo_ids_from_one_are_said_with_their_line(described, severity, says, tmp_path):
    root = yolo_folder(tmp_path, "1 0.5 0.5 0.5 0.5\n", described=described)
    (root / "labels/good.txt").write_text("2 0.25 0.25 0.5 0.5\n1 0.5 0.5 1 1\n")
    (problem,) = [p for p in yolo.read(root).problems if p.kind == "one-based"]
    assert (problem.severity, problem.where) == (severity, "labels/a.txt:1")
    assert says in problem.message


def test_yolo_ids_from_one_cannot_be_skipped(tmp_path):
    root = yolo_folder(tmp_path, "1 0.5 0.5 0.5 0.5\n")
    (root / "labels/good.txt").write_text("2 0.25 0.25 0.5 0.5\n1 0.5 0.5 1 1\n")
    with pytest.raises(Refused, match="YOLO counts from 0"):
        source.usable(yolo.read(root), "skip", catalog.method("yolo"))


def test_yolo_links_out_of_the_data_are_refused(tmp_path):
    root = yolo_folder(tmp_path / "data", "")
    (tmp_path / "secret.txt").write_text("0 0.5 0.5 1 1\n")
    (root / "labels/a.txt").unlink()
    (root / "labels/a.txt").symlink_to(tmp_path / "secret.txt")
    assert problems(yolo.read(root)) == [("error", "outside", "labels/a.txt")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [("../secret.jpg", "outside"), ("none.jpg", "missing-file"), ("a\0.jpg", "missing-file")],
)
def test_yolo_lists_of_pictures(line, kind, tmp_path):
    root = yolo_folder(tmp_path / "data", described="names: [cat, dog]\ntrain: list.txt\n")
    picture(tmp_path / "secret.jpg")
    (root / "list.txt").write_text(f"images/good.jpg\n\n{line}\n")
    assert problems(yolo.read(root)) == [("error", kind, "list.txt:3")]


def test_yolo_labels_without_a_picture(tmp_path):
    root = yolo_folder(tmp_path)
    (root / "labels/lost.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert problems(yolo.read(root)) == [("error", "missing-image", "labels/lost.txt")]


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ("names: [cat, dog]\ntrain: ../elsewhere\n", "leads out of the data"),
        ("names: [cat, dog]\ntrain: nothing\n", "there is no 'nothing'"),
        ("names: [cat, dog]\nnc: 3\ntrain: images\n", "nc is 3, and there are 2 names"),
        ("names: {0: cat, 2: dog}\ntrain: images\n", "without a gap"),
        ("names: [cat, cat]\ntrain: images\n", "called 'cat'"),
        ("names: {0: no, 1: on}\ntrain: images\n", r"name False is read as bool.*\['yes', 'no'\]"),
        ("names: [[cat], [dog]]\ntrain: images\n", r"name \['cat'\] is read as list"),
        ("names: [1.10, dog]\ntrain: images\n", "name 1.1 is read as float"),
        ("train: images\n", "has no names"),
    ],
)
def test_a_broken_data_yaml_is_one_line(described, says, tmp_path):
    picture(tmp_path / "elsewhere/x.jpg")
    with pytest.raises(PipelineError, match=says):
        yolo.read(yolo_folder(tmp_path / "data", described=described))
