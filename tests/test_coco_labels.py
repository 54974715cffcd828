"""COCO JSON as labels of pictures: with boxes or without, one category a picture or several."""

import json

import pytest
from PIL import Image

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.tasks.classification.adaptation import Adaptation
from pipelines.tasks.classification.scratch import Scratch

BOX = {"bbox": [0, 0, 4, 4]}


def coco(root, *annotations, pictures=3):
    """A file of `pictures` pictures of 8 x 8, and annotations (picture, category, more)."""
    for i in range(1, pictures + 1):
        Image.new("RGB", (8, 8)).save(root / f"{i}.png")
    content = {
        "images": [{"id": i, "file_name": f"{i}.png"} for i in range(1, pictures + 1)],
        "annotations": [
            {"id": n, "image_id": picture, "category_id": category, **more}
            for n, (picture, category, more) in enumerate(annotations)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 7, "name": "dog"}],
    }
    (root / "labels.json").write_text(json.dumps(content))
    return root


def found(data):
    """{name: label}"""
    parts = data.splits.values()
    return {n: own for p in parts for n, own in zip(p.names, p.columns["label"], strict=True)}


def test_several_categories_of_a_picture_are_its_labels(tmp_path):
    coco(tmp_path, (1, 7, {}), (1, 1, BOX), (1, 7, BOX), (2, 1, {}))
    data = catalog.load(tmp_path, feature="label")
    assert data.labels == {"label": ["cat", "dog"]}
    assert found(data) == {"1.png": [0, 1], "2.png": [0], "3.png": []}
    assert [p.message for p in data.problems] == [
        "1 of 3 pictures have no label: none of the labels holds for them."
    ]
    assert "objects/label" in catalog.load(tmp_path, feature="objects/label").labels


def test_one_category_of_each_picture_is_its_class(tmp_path):
    coco(tmp_path, (1, 7, {}), (2, 1, {}), (3, 7, BOX), (3, 7, BOX))
    assert found(catalog.load(tmp_path, feature="label")) == {"1.png": 1, "2.png": 0, "3.png": 1}


def test_an_annotation_of_no_category_is_named(tmp_path):
    coco(tmp_path, (1, 7, {}), (2, 9, {}))
    problems = catalog.load(tmp_path, feature="label").problems
    assert [(p.kind, p.where) for p in problems if p.severity == "error"] == [
        ("unknown-label", "labels.json: annotations[1]")
    ]


def test_methods_learn_labels_or_say_that_they_cannot(tmp_path):
    data = catalog.load(coco(tmp_path, (1, 7, {}), (1, 1, {})), feature="label")
    assert Scratch().adapt(data, Scratch.Config()) is data
    with pytest.raises(PipelineError, match="several labels for each example, and adaptation"):
        Adaptation().adapt(data, Adaptation.Config())
