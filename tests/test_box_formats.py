"""The four formats of boxes: the same examples out of each, and every mistake named with its place."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines import catalog
from pipelines.engine.audit.audit import audit
from pipelines.engine.data import source
from pipelines.errors import PipelineError, Refused
from pipelines.formats import box_table, coco, voc, yolo
from pipelines.formats.examples import Data, Examples

FORMATS = {"coco": coco, "voc": voc, "yolo": yolo, "box_table": box_table}
HEIGHT, WIDTH = 40, 80
ROOT = Path(__file__).resolve().parents[1]
SHARED = next(
    (
        p
        for p in (Path(os.environ.get("PIPELINES_TEST_DATA", "-")), ROOT / "../shared/data")
        if p.is_dir()
    ),
    None,
)


def picture(file, size=(WIDTH, HEIGHT)):
    file.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(file.name))
    Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), np.uint8)).save(file)
    return file


def made(root, boxes, labels=("cat", "dog")):
    """Data of three splits with `boxes`: a list of (box, label id) per picture of train."""
    splits = {}
    for split, rows in (
        ("train", boxes),
        ("validation", [[([0, 0, 0.5, 0.5], 0)]]),
        ("test", [[]]),
    ):
        names = [f"{split}{i}.png" for i in range(len(rows))]
        columns = {
            "image": [str(picture(root / name)) for name in names],
            "objects/bbox": [
                np.array([b for b, _ in row], np.float32).reshape(-1, 4) for row in rows
            ],
            "objects/label": [np.array([i for _, i in row], np.int64) for row in rows],
        }
        splits[split] = Examples(names, columns, names, ("image",))
    return Data(str(root), "made", splits, {"objects/label": list(labels)})


def objects(data):
    """{split: {file name: [(box, label)]}}"""
    names = data.labels["objects/label"]
    return {
        split: {
            name.rpartition("/")[2]: [
                (tuple(box.tolist()), names[i])
                for box, i in zip(
                    examples.columns["objects/bbox"][k],
                    examples.columns["objects/label"][k],
                    strict=True,
                )
            ]
            for k, name in enumerate(examples.names)
        }
        for split, examples in data.splits.items()
    }


def problems(data):
    return [(p.severity, p.kind, p.where) for p in data.problems if p.severity != "note"]


box = st.tuples(*[st.integers(0, 1000).map(lambda i: i / 1000)] * 4)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=8, deadline=None)
@given(
    rows=st.lists(st.lists(st.tuples(box, st.integers(0, 1)), max_size=4), min_size=1, max_size=3)
)
def test_a_round_trip_loses_nothing(name, rows, tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    data = made(root, rows)
    FORMATS[name].write(data, root / name)
    read = catalog.load(root / name)
    assert (read.format, problems(read)) == (name, [])
    assert read.labels == data.labels
    wanted, got = objects(data), objects(read)
    assert {s: sorted(v) for s, v in got.items()} == {s: sorted(v) for s, v in wanted.items()}
    for split, pictures in wanted.items():
        for file, there in pictures.items():
            assert [label for _, label in got[split][file]] == [label for _, label in there]
            found = np.array([b for b, _ in got[split][file]]).reshape(-1, 4)
            # What is kept as a place and a size may differ in the last bit of a float32.
            assert found == pytest.approx(np.array([b for b, _ in there]).reshape(-1, 4), abs=1e-7)


@pytest.mark.parametrize("name", ["coco", "voc", "box_table"])
def test_a_round_trip_keeps_crowds_and_difficult_objects(name, tmp_path):
    data = made(tmp_path, [[([0, 0, 0.5, 0.5], 1), ([0.5, 0.5, 1, 1], 0)]])
    data.splits["train"].columns["objects/is_crowd"] = [[False, True]]
    data.splits["train"].columns["objects/is_difficult"] = [[True, False]]
    FORMATS[name].write(data, tmp_path / name)
    train = catalog.load(tmp_path / name).splits["train"]
    assert train.columns["objects/is_crowd"][0].tolist() == [False, True]
    assert train.columns["objects/is_difficult"][0].tolist() == [True, False]
    with pytest.raises(PipelineError, match="train0.png has an object that is crowd or difficult"):
        yolo.write(data, tmp_path / "yolo")


@pytest.mark.parametrize("name", FORMATS)
def test_pictures_in_memory_are_written_too(name, tmp_path):
    """As TFDS holds them: encoded, under names without a suffix."""
    data = made(tmp_path, [[([0, 0, 0.5, 0.5], 1)]])
    for examples in data.splits.values():
        examples.columns["image"][:] = [Path(p).read_bytes() for p in examples.columns["image"]]
        examples.names[:] = [n.removesuffix(".png") for n in examples.names]
    FORMATS[name].write(data, tmp_path / name)
    train = catalog.load(tmp_path / name).splits["train"]
    assert Path(train.columns["image"][0]).read_bytes() == data.splits["train"].columns["image"][0]
    assert train.columns["objects/bbox"][0].tolist() == [[0, 0, 0.5, 0.5]]


@pytest.mark.parametrize("name", FORMATS)
def test_writing_leaves_the_folder_alone(name, tmp_path):
    data = made(tmp_path, [[]])
    FORMATS[name].write(data, tmp_path / "out")
    with pytest.raises(PipelineError, match="exists already. Write to an empty folder"):
        FORMATS[name].write(data, tmp_path / "out")
    data.splits["train"].names[0] = "../../../escaped.png"
    if name != "voc":  # which takes the last part of a name
        with pytest.raises(PipelineError, match="leads out of"):
            FORMATS[name].write(data, tmp_path / "other")
        assert not list(tmp_path.parent.rglob("escaped.png"))


@pytest.mark.parametrize("name", ["voc", "box_table"])
def test_a_class_that_the_list_of_classes_lacks(name, tmp_path):
    FORMATS[name].write(made(tmp_path, [[([0, 0, 0.5, 0.5], 1)]]), tmp_path / name)
    (tmp_path / name / "classes.txt").write_text("cat\ncow\n")
    data = catalog.load(tmp_path / name)
    (problem,) = [p for p in data.problems if p.severity == "error"]
    assert (problem.kind, problem.where.partition(":")[2].isdigit()) == ("unknown-label", True)
    assert "the class 'dog' is none of cat, cow" in problem.message
    (tmp_path / name / "classes.txt").write_text("cat\n\ncat\n")
    with pytest.raises(PipelineError, match="classes.txt:3: two classes are called 'cat'"):
        catalog.load(tmp_path / name)


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


def coco_file(root, annotations=(), images=(), categories=((1, "cat"), (3, "dog")), good=True):
    picture(root / "good.jpg")
    rows = [{"id": 1, "file_name": "good.jpg", "height": HEIGHT, "width": WIDTH}] * good
    content = {
        "images": rows + list(images),
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 40, 20]},
            *annotations,
        ],
        "categories": [{"id": i, "name": name} for i, name in categories],
    }
    (root / "boxes.json").write_text(json.dumps(content))
    return root


def test_coco_ids_are_renumbered(tmp_path):
    note = {"id": 2, "image_id": 1, "category_id": 3, "bbox": [40, 10, 40, 30], "iscrowd": 1}
    data = catalog.load(coco_file(tmp_path, [note]))
    (read,) = [e for e in data.splits.values() if len(e)]
    assert data.labels == {"objects/label": ["cat", "dog"]}
    assert read.columns["objects/label"][0].tolist() == [0, 1]
    assert read.columns["objects/bbox"][0].tolist() == [[0, 0, 0.5, 0.5], [0.25, 0.5, 1, 1]]
    assert read.columns["objects/is_crowd"][0].tolist() == [False, True]
    assert [p.kind for p in data.problems] == ["skipped-ids"]


def test_coco_ids_may_be_words_too(tmp_path):
    note = {"id": 2, "image_id": 1, "category_id": "d", "bbox": [0, 0, 1, 1]}
    assert coco.read(coco_file(tmp_path, [note], categories=((1, "cat"), ("d", "dog")))).labels == {
        "objects/label": ["cat", "dog"]
    }


def test_pictures_that_nothing_lists_are_said(tmp_path):
    picture(tmp_path / "a/extra.jpg")
    data = coco.read(coco_file(tmp_path / "a"))
    assert problems(data) == [("warning", "unlisted", "extra.jpg")]
    picture(tmp_path / "b/good.png"), picture(tmp_path / "b/extra.png")
    (tmp_path / "b/boxes.csv").write_text(
        "path,label,ymin,xmin,ymax,xmax\ngood.png,cat,0,0,20,40\n"
    )
    assert problems(box_table.read(tmp_path / "b")) == [("warning", "unlisted", "extra.png")]


@pytest.mark.parametrize(
    ("note", "kind", "example"),
    [
        (
            dict(image_id=77, category_id=1, bbox=[0, 0, 1, 1]),
            "missing-image",
            "boxes.json: annotations[1]",
        ),
        (dict(image_id=1, category_id=2, bbox=[0, 0, 1, 1]), "unknown-label", "good.jpg"),
        (dict(image_id=1, category_id=1, bbox=[0, 0, 1]), "annotation", "good.jpg"),
        (dict(image_id=1, category_id=1, bbox=[0, 0, 1, float("nan")]), "annotation", "good.jpg"),
        (dict(image_id=1, category_id=1), "annotation", "good.jpg"),
        (dict(image_id=1, category_id=1, bbox=[0, 0, 1, 10**400]), "annotation", "good.jpg"),
        (dict(image_id=1, category_id=1, bbox=[0, 0, 1, True]), "annotation", "good.jpg"),
    ],
)
def test_coco_mistakes_are_named(note, kind, example, tmp_path):
    data = coco.read(coco_file(tmp_path, [{"id": 2, **note}]))
    (problem,) = [p for p in data.problems if p.severity == "error"]
    assert (problem.kind, problem.where, problem.example) == (
        kind,
        "boxes.json: annotations[1]",
        example,
    )


def test_coco_paths_that_climb_out_are_refused(tmp_path):
    picture(tmp_path / "secret.jpg")
    data = coco.read(coco_file(tmp_path / "data", images=[{"id": 2, "file_name": "../secret.jpg"}]))
    assert problems(data) == [("error", "outside", "boxes.json: images[1]")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"images": [,\n', "boxes.json:1 is not valid JSON"),
        ('{"images": {}, "annotations": []}', "has no list 'images'"),
        (
            '{"images": [{"id": 1}], "annotations": [], "categories": []}',
            "images[0] lacks 'file_name'",
        ),
        (
            '{"images": [{"id": true, "file_name": "a"}], "annotations": [], "categories": []}',
            "images[0] lacks 'id'",
        ),
        (
            '{"images": [], "annotations": [{"image_id": [1]}], "categories": []}',
            "annotations[0] lacks 'image_id'",
        ),
        ('{"images": 1' + "0" * 5000 + ', "annotations": []}', "cannot be read"),
        ('{"images": [], "annotations": ' + "[" * 200_000, "cannot be read"),
        (
            (
                '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}, {"id": 2,'
                ' "name": "a"}]}'
            ),
            "two categories are called 'a'",
        ),
    ],
)
def test_a_broken_coco_file_is_one_line(text, says, tmp_path):
    (tmp_path / "boxes.json").write_text(text + ' "annotations"' * ("annotations" not in text))
    with pytest.raises(PipelineError) as error:
        coco.read(tmp_path)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


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
        ("train: images\n", "has no names"),
    ],
)
def test_a_broken_data_yaml_is_one_line(described, says, tmp_path):
    picture(tmp_path / "elsewhere/x.jpg")
    with pytest.raises(PipelineError, match=says):
        yolo.read(yolo_folder(tmp_path / "data", described=described))


@pytest.mark.parametrize(
    ("row", "kind", "says"),
    [
        ("good.png,cat,1,2,3", "row", "5 cells, the header 7"),
        ("good.png,cat,1,x,3,4,", "annotation", "must be numbers of pixels"),
        ("good.png,cat,1,nan,3,4,", "annotation", "not finite"),
        ("good.png,,1,2,3,4,", "annotation", "no label"),
        ("../x.png,cat,1,2,3,4,train", "outside", "outside of the data"),
        ("gone.png,cat,1,2,3,4,train", "missing-file", "no picture 'gone.png'"),
        ("good.png,cat,1,2,3,4,nowhere", "annotation", "unknown split"),
        ("good.png,cat,1,2,3,4,test", "leak", "is in test here and in train at boxes.csv:2"),
    ],
)
def test_mistakes_in_a_table_are_named(row, kind, says, tmp_path):
    picture(tmp_path / "good.png")
    text = f"path,label,ymin,xmin,ymax,xmax,split\ngood.png,cat,0,0,20,40,train\n{row}\n"
    (tmp_path / "boxes.csv").write_text(text)
    data = catalog.load(tmp_path)
    (problem,) = [p for p in data.problems if p.severity == "error"]
    assert (data.format, problem.kind, problem.where) == ("box_table", kind, "boxes.csv:3")
    assert says in problem.message


def audited(root, boxes):
    return [
        (p.severity, p.kind)
        for p in audit(made(root, boxes), progress=False).problems
        if p.severity != "note"
    ]


@pytest.mark.parametrize(
    ("wrong", "finding"),
    [
        ([0.5, 0.1, 0.5, 0.1], ("error", "no-area")),
        ([0.5, 0.5, 0.2, 0.9], ("error", "no-area")),
        ([1.1, 0.0, 1.3, 0.5], ("error", "outside-picture")),
        ([0.1, 0.0, 0.3, 1.5], ("warning", "sticks-out")),
        ([0.1, float("nan"), 0.3, 0.5], ("error", "not-finite")),
        ([0.0, 0.0, 0.5, 0.5], ("warning", "duplicate-box")),
    ],
)
def test_the_audit_finds_boxes_that_cannot_be(wrong, finding, tmp_path):
    good = [([0, 0, 0.5, 0.5], 0), ([0, 0.5, 0.5, 1], 1)]
    before = set(audited(tmp_path, [good]))
    assert set(audited(tmp_path, [[*good, (wrong, 0)]])) - before == {finding}


def test_no_boxes_at_all_and_a_class_that_is_only_tested(tmp_path):
    assert ("error", "no-boxes") in audited(tmp_path, [[], []])
    assert ("error", "unseen-class") in audited(tmp_path, [[([0, 0, 1, 1], 1)]])


@pytest.mark.skipif(
    not SHARED, reason="no test data: set PIPELINES_TEST_DATA to the folder that holds bccd"
)
def test_bccd_has_two_boxes_without_area():
    result = audit(catalog.load(SHARED / "bccd"), progress=False)
    assert [(p.kind, p.where) for p in result.problems if p.severity == "error"] == [
        ("no-area", "Annotations/BloodImage_00343.xml:50"),
        ("no-area", "Annotations/BloodImage_00338.xml:158"),
    ]
    assert result.longest["objects/bbox"] == 30


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


def test_a_height_of_many_digits_is_not_known(tmp_path):
    picture(tmp_path / "a.png")
    row = f"a.png,cat,1,2,3,4,{'9' * 5000},80"
    (tmp_path / "t.csv").write_text(f"path,label,xmin,ymin,xmax,ymax,height,width\n{row}\n")
    assert sum(map(len, box_table.read(tmp_path).splits.values())) == 1
