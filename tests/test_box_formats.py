"""The four formats of boxes: the same examples out of each, and every mistake named with its place."""

from pathlib import Path

import numpy as np
import pytest
from boxed import SHARED, box, made, objects, picture, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import catalog
from pipelines.engine.audit.audit import audit
from pipelines.errors import PipelineError
from pipelines.formats import box_table, coco, voc, yolo

FORMATS = {"coco": coco, "voc": voc, "yolo": yolo, "box_table": box_table}


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


def test_a_height_of_many_digits_is_not_known(tmp_path):
    picture(tmp_path / "a.png")
    row = f"a.png,cat,1,2,3,4,{'9' * 5000},80"
    (tmp_path / "t.csv").write_text(f"path,label,xmin,ymin,xmax,ymax,height,width\n{row}\n")
    assert sum(map(len, box_table.read(tmp_path).splits.values())) == 1
