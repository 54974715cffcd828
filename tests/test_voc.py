"""Boxes in the files of Pascal VOC."""

import pytest
from boxed import HEIGHT, WIDTH, objects, picture, problems
from PIL import Image

from pipelines.formats import voc


def xml(
    name="a.jpg", boxes="", size=f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
):
    return f"<annotation>\n<filename>{name}</filename>\n{size}\n{boxes}\n</annotation>"


def thing(ymin, xmin, ymax, xmax, label="cat"):
    sides = "".join(
        f"<{k}>{v}</{k}>" for k, v in dict(ymin=ymin, xmin=xmin, ymax=ymax, xmax=xmax).items()
    )
    return f"<object><name>{label}</name><bndbox>{sides}</bndbox></object>"


def voc_folder(root, **annotations):
    picture(root / "JPEGImages/good.jpg")
    (root / "Annotations").mkdir()
    (root / "Annotations/good.xml").write_text(xml("good.jpg", thing(0, 0, 20, 40)))
    for name, text in annotations.items():
        if not (root / f"JPEGImages/{name}.jpg").exists():
            picture(root / f"JPEGImages/{name}.jpg")
        (root / f"Annotations/{name}.xml").write_text(text)
    return root


def test_voc_boxes_are_shares_of_the_picture(tmp_path):
    data = voc.read(voc_folder(tmp_path, a=xml(boxes=thing(10, 20, 40, 80, "dog"))))
    read = {k: v for pictures in objects(data).values() for k, v in pictures.items()}
    assert read == {
        "good.jpg": [((0.0, 0.0, 0.5, 0.5), "cat")],
        "a.jpg": [((0.25, 0.25, 1.0, 1.0), "dog")],
    }


@pytest.mark.parametrize(
    ("text", "kind", "line", "says"),
    [
        ("<annotation>\n<object>\n</annotation>", "annotation", ":3", "mismatched tag"),
        ("not XML", "annotation", ":1", "does not parse"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>\n<annotation/>", "annotation", "", "document type"),
        (xml(boxes=thing("nan", 1, 2, 3)), "annotation", ":4", "<ymin> must be a number"),
        (
            xml(boxes=thing(1, 1, "x", 3)),
            "annotation",
            ":4",
            "<ymax> must be a number of pixels; got 'x'",
        ),
        (xml(boxes="<object><name>cat</name></object>"), "annotation", ":4", "got None"),
        (xml(boxes=thing(1, 1, 2, 3, "")), "annotation", ":4", "no <name>"),
        (
            xml(size="<size><width>x</width><height>40</height></size>"),
            "annotation",
            ":3",
            "a height and a width",
        ),
        (xml(size="<size><width>9</width></size>"), "annotation", ":3", "a height and a width"),
        (
            xml(boxes=thing(1, 1, 2, "1e999")),
            "annotation",
            ":4",
            "must be a number of pixels; got '1e999'",
        ),
        (
            xml(size="<size><width>99</width><height>40</height></size>"),
            "picture-size",
            "",
            "the picture has 40 x 80",
        ),
    ],
)
def test_voc_mistakes_are_named(text, kind, line, says, tmp_path):
    data = voc.read(voc_folder(tmp_path, a=text))
    (problem,) = [p for p in data.problems if p.severity == "error"]
    assert (problem.kind, problem.where, problem.example) == (
        kind,
        f"Annotations/a.xml{line}",
        "JPEGImages/a.jpg",
    )
    assert says in problem.message
    assert [name for e in data.splits.values() for name in e.names] == ["JPEGImages/good.jpg"]


def test_voc_splits_and_what_is_in_none(tmp_path):
    root = voc_folder(tmp_path, **{name: xml(f"{name}.jpg") for name in "abc"})
    (root / "ImageSets/Main").mkdir(parents=True)
    for name, text in {
        "train": "good\na\n",
        "val": "b\n",
        "trainval": "good\na\nb\n",
        "test": "gone\n",
    }.items():
        (root / f"ImageSets/Main/{name}.txt").write_text(text)
    data = voc.read(root)
    assert {k: v.names for k, v in data.splits.items() if len(v)} == {
        "train": ["JPEGImages/a.jpg", "JPEGImages/good.jpg"],
        "validation": ["JPEGImages/b.jpg"],
    } | {k: v.names for k, v in data.splits.items() if k == "test" and len(v)}
    assert problems(data) == [
        ("error", "missing-file", "ImageSets/Main/test.txt:1"),
        ("warning", "unlisted", "ImageSets/Main"),
    ]


def test_voc_pictures_by_their_file_name(tmp_path):
    root = voc_folder(tmp_path, b=xml("good.jpg", thing(0, 0, 40, 80)))
    picture(root / "JPEGImages/other.jpg")
    (root / "Annotations/c.xml").write_text(xml("other.jpg", thing(0, 0, 20, 40, "dog")))
    data = voc.read(root)
    read = {k: v for pictures in objects(data).values() for k, v in pictures.items()}
    assert read["other.jpg"] == [((0.0, 0.0, 0.5, 0.5), "dog")]
    assert problems(data) == [("warning", "other-name", "Annotations/b.xml")]
    assert not [p for p in data.problems if p.kind == "background"]


def test_two_xml_files_that_claim_one_picture_are_a_conflict(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "shown.png")
    (tmp_path / "Annotations").mkdir()
    xml = "<annotation><filename>shown.png</filename></annotation>"
    for stem in ("one", "two"):
        (tmp_path / f"Annotations/{stem}.xml").write_text(xml)
    problems = voc.read(tmp_path).problems
    assert [(p.kind, p.where) for p in problems if p.severity == "error"] == [
        ("conflict", "Annotations/two.xml")
    ]


@pytest.mark.parametrize("folder", ["/home/me/", "../../", "C:\\pictures\\"])
def test_voc_uses_the_last_part_of_a_file_name_alone(folder, tmp_path):
    data = voc.read(voc_folder(tmp_path, a=xml(f"{folder}a.jpg", thing(10, 20, 40, 80))))
    assert [p for p in data.problems if p.severity == "error"] == []
    assert sum(map(len, data.splits.values())) == 2
