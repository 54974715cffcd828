"""Boxes in a file of COCO."""

import json

import pytest
from boxed import HEIGHT, WIDTH, picture, problems

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.formats import box_table, coco


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
