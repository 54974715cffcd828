"""What a reader leaves out is said, file by file or counted."""

import json

import pytest
from odd_sets import PICTURES, Set

from pipelines.errors import PipelineError
from pipelines.formats import coco, coco_masks, conll, masks, pairs, pictures, table, unpaired, yolo


def said(data):
    return [(p.severity, p.kind, p.where) for p in data.problems if p.severity != "note"]


def names(data):
    return sorted(name for part in data.splits.values() for name in part.names)


def test_two_low_or_high_resolutions_of_one_name(tmp_path):
    own = Set(tmp_path)
    for name in ("HR/a.png", "HR/a.jpg", "HR/b.png", "LR/a.png", "LR/b.png", "LR/bx4.png"):
        own.picture(name)
    data = pairs.read(tmp_path)
    assert names(data) == ["HR/a.jpg", "HR/b.png"]
    assert said(data) == [
        ("warning", "same-name", "LR/bx4.png"),
        ("warning", "same-name", "HR/a.png"),
    ]


def test_two_folders_of_one_split(tmp_path):
    own = Set(tmp_path)
    for top in ("", "train/", "training/"):
        for name in ("HR", "LR"):
            own.picture(f"{top}{name}/a.png", seed=len(top))
    data = pairs.read(tmp_path)
    assert names(data) == ["HR/a.png", "train/HR/a.png", "training/HR/a.png"]
    assert said(data) == []


@pytest.mark.parametrize(
    ("name", "reader", "strays"),
    [
        ("pictures", pictures, ["deep/e.png", "deep/er/f.png"]),
        ("unpaired", unpaired, ["e.png", "trainA/deep/f.png"]),
        ("pairs", pairs, ["HR/deep/e.png", "f.png"]),
        ("coco", coco, ["other/e.png", "p/deep/f.png"]),
        ("coco_masks", coco_masks, ["other/e.png", "p/deep/f.png"]),
        ("yolo", yolo, ["images/e.png", "other/f.png"]),
        ("table", table, ["p/e.png", "p/f.png"]),
        ("masks", masks, ["e.png", "other/f.png"]),
    ],
)
def test_pictures_where_a_format_has_none_are_counted(tmp_path, name, reader, strays):
    _, write = PICTURES[name]
    own = Set(tmp_path)
    write(own)
    before = names(reader.read(tmp_path))
    for stray in strays:
        own.picture(stray)
    data = reader.read(tmp_path)
    assert names(data) == before
    (problem,) = [p for p in data.problems if p.severity != "note"]
    assert problem.severity == "warning"
    assert problem.message.startswith("2 pictures ")
    assert all(stray in problem.message for stray in strays)


def test_a_picture_in_a_format_that_is_not_read_among_those_with_masks(tmp_path):
    own = Set(tmp_path)
    PICTURES["masks"][1](own)
    (tmp_path / "images/e.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "images/notes.txt").write_text("taken in May")
    data = masks.read(tmp_path)
    assert said(data) == [("warning", "not-a-picture", "images")]
    assert "e.heic" in data.problems[0].message


def test_two_lists_of_one_split_are_refused(tmp_path):
    own = Set(tmp_path)
    PICTURES["masks"][1](own)
    own.text("valid.txt", "images/a.png")
    own.text("val.txt", "images/b.png")
    with pytest.raises(PipelineError, match=r"val.txt and .*valid.txt are both lists of val"):
        masks.read(tmp_path)


def test_a_file_of_coco_that_is_damaged_is_an_error_and_others_are_told(tmp_path):
    own = Set(tmp_path)
    PICTURES["coco"][1](own)
    content = (tmp_path / "boxes.json").read_text()
    (tmp_path / "boxes.json").unlink()
    own.text("annotations/instances_train.json", content)
    own.text("annotations/instances_val.json", "\0" * 100)
    with pytest.raises(PipelineError, match=r"instances_val.json:1 is not valid JSON"):
        coco.read(tmp_path)
    (tmp_path / "annotations/instances_val.json").unlink()
    (tmp_path / "annotations/instances_train.json").rename(tmp_path / "annotations/train.json")
    own.text("annotations/info.json", json.dumps({"year": 2026}))
    assert said(coco.read(tmp_path)) == [("warning", "unused-file", "annotations/info.json")]


def test_a_file_of_coco_whose_name_says_no_split_among_others(tmp_path):
    own = Set(tmp_path, names=("a.png", "b.png"))
    PICTURES["coco"][1](own)
    content = (tmp_path / "boxes.json").read_text()
    (tmp_path / "boxes.json").unlink()
    own.text("annotations/instances_train.json", content)
    own.text("annotations/instances_part7.json", content.replace("p/", "q/"))
    for i, name in enumerate(("q/a.png", "q/b.png")):
        own.picture(name, 8 + i)
    data = coco.read(tmp_path)
    assert len(names(data)) == 4
    assert said(data) == [("warning", "split-name", "annotations/instances_part7.json")]


def test_a_file_of_columns_whose_name_says_no_split_among_others(tmp_path):
    own = Set(tmp_path)
    for name in ("train", "test", "part7"):
        own.text(f"{name}.conll", "Paris B-x", "is O", "", "so O")
    assert said(conll.read(tmp_path)) == [("warning", "unused-file", "part7.conll")]


def test_a_path_of_another_machine_that_fits_two_pictures(tmp_path):
    own = Set(tmp_path)
    for name in ("images/s/a.png", "images/s/a.jpg", "images/s/b.png"):
        own.picture(name)
    for name in ("masks/s/a.png", "masks/s/b.png"):
        own.mask(name)
    own.text("train.txt", "/home/ann/images/s/b")
    assert names(masks.read(tmp_path)) == ["images/s/b.png"]


def test_sides_that_are_named_twice(tmp_path):
    reader, write = PICTURES["box_table"]
    write(Set(tmp_path))
    header, *rows = (tmp_path / "boxes.csv").read_text().splitlines()
    lines = [f"{header},XMIN", *[f"{row},7" for row in rows]]
    (tmp_path / "boxes.csv").write_text("\n".join(lines))
    with pytest.raises(PipelineError, match=r"boxes.csv:1 has two columns 'xmin'. Keep one"):
        reader.read(tmp_path)
