"""The task of detection, from data to answers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import bare
import browser
import numpy as np
import pytest
import shapes
import tensorflow as tf
from conftest import once
from detecting import METHOD, config
from PIL import Image

import pipelines
from pipelines import run as runs
from pipelines.edge import detection as edge
from pipelines.edge.litert import Model
from pipelines.engine.audit import audit
from pipelines.engine.data import source
from pipelines.engine.training import setup
from pipelines.errors import PipelineError, Refused

SMALL = dict(
    size="pico",
    image_size=64,
    batch_size=8,
    steps_per_epoch=40,
    learning_rate=3e-3,
    max_detections=20,
    calibration_examples=32,
)
PLAIN = dict(flip=False, mosaic=0.0, scale=0.0, colour=0.0)  # pictures as they are


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return shapes.data(tmp_path_factory.mktemp("shapes"), train=16, others=4)


@pytest.fixture(scope="module")
def run():
    """A finished Run on shapes."""

    def make(folder):
        read = shapes.data(folder / "shapes")
        pipelines.train(
            "detection",
            data=read,
            run=folder / "run",
            epochs=4,
            warmup_epochs=0.2,
            **PLAIN,
            **SMALL,
        )

    folder = once("detection", make)
    return runs.Run(folder / "run", shapes.data(folder / "shapes"))


@pytest.fixture(scope="module")
def bundle(run):
    def make(folder):
        run.export(folder / "bundle", ["float32", "int8"], max_drop=0.05)

    folder = once("detection-bundle", make)
    return pipelines.load(folder / "bundle")


# Settings and data


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (dict(image_size=100), "multiple of 32; got 100. Try 96 or 128"),
        (dict(strides=(8, 32)), "must double"),
        (dict(strides=(2, 4)), "out of 4, 8, 16, 32"),
        (dict(strides=()), "out of 4, 8, 16, 32"),
        (dict(size="huge"), "must be one of auto, pico, nano"),
    ],
)
def test_settings_that_cannot_be(settings, says):
    with pytest.raises(PipelineError, match=says):
        config(**settings)


def test_settings_follow_from_the_data(data):
    resolved = setup.resolved(METHOD, METHOD.Config(), data, audit.audit(data, progress=False))
    most = max(len(boxes) for e in data.splits.values() for boxes in e.columns["objects/bbox"])
    assert (resolved.image_size, resolved.max_boxes, resolved.max_detections) == (96, most, 100)
    assert resolved.labels == shapes.LABELS


def test_more_boxes_than_there_is_room_for_are_refused(data):
    with pytest.raises(PipelineError, match="max_boxes is 1, and a picture has"):
        setup.resolved(
            METHOD, METHOD.Config().replace(max_boxes=1), data, audit.audit(data, progress=False)
        )
    with pytest.raises(
        PipelineError, match=r"png: \d boxes, and the model was set up for 1 at most"
    ):
        source.split(data, "train", METHOD, config(max_boxes=1))


def test_data_without_boxes_is_refused(photos):
    with pytest.raises(PipelineError, match="needs the feature 'objects/bbox'"):
        pipelines.train(
            "detection", data=str(photos({"train/cat": 3, "train/dog": 3})), run="unused"
        )


def test_a_training_split_without_boxes_is_refused(data, tmp_path):
    train = data.splits["train"]
    empty = {
        **train.columns,
        "objects/bbox": [np.zeros((0, 4))] * len(train),
        "objects/label": [[]] * len(train),
    }
    bare = type(data)(
        data.source,
        data.format,
        {**data.splits, "train": type(train)(train.names, empty, train.where, train.pictures)},
        data.labels,
    )
    for what in ("refuse", "skip"):
        with pytest.raises(Refused, match="no box in all of train|has the same|errors"):
            pipelines.train("detection", data=bare, run=tmp_path / what, on_bad_data=what)


def test_500_boxes_in_a_picture_are_kept(tmp_path):
    picture = tmp_path / "crowd.png"
    Image.fromarray(np.zeros((50, 50, 3), np.uint8)).save(picture)
    low = np.stack(np.meshgrid(np.arange(20), np.arange(25)), -1).reshape(-1, 2) / 25
    boxes = np.concatenate([low, low + 0.04], 1).astype(np.float32)
    example = {
        "image": tf.io.decode_png(picture.read_bytes(), 3),
        "objects/bbox": boxes,
        "objects/label": np.arange(500) % 2,
    }
    _, targets = METHOD.parse(example, config(max_boxes=500))
    assert (targets["labels"].numpy() >= 0).sum() == 500
    moved = METHOD.augment(
        {"image": tf.zeros((1, 64, 64, 3), tf.uint8)},
        tf.nest.map_structure(lambda t: t[None], targets),
        (0, 0),
        0.95,
        config(max_boxes=500, scale=0.0, flip=False),
    )[1]
    assert (moved["labels"].numpy() >= 0).sum() == 500


def test_parsing_letterboxes_boxes_with_their_picture():
    example = {
        "image": tf.constant(np.full((30, 60, 3), 200, np.uint8)),
        "objects/bbox": tf.constant([[0.0, 0.5, 1.0, 1.0]]),
        "objects/label": tf.constant([1]),
        "objects/is_crowd": tf.constant([True]),
    }
    inputs, targets = METHOD.parse(example, config())
    # 30 x 60 in 64: 32 x 64, 16 bars above and below.
    assert targets["boxes"].numpy()[0] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert targets["labels"].numpy().tolist() == [1, -1, -1, -1]
    assert targets["crowd"].numpy().tolist() == [1, 0, 0, 0]
    assert (targets["size"].numpy().tolist(), targets["content"].numpy().tolist()) == (
        [30, 60],
        [16, 0, 48, 64],
    )
    assert np.unique(inputs["image"].numpy()[:16]).tolist() == [114]
    assert np.unique(inputs["image"].numpy()[16:48]).tolist() == [200]


def test_mosaic_ends_before_the_run_does(data):
    made = config(mosaic=1.0, scale=0.0, flip=False, colour=0.0, plain_end=0.3)
    inputs, targets = source.split(data, "train", METHOD, made).sample(4)
    late = METHOD.augment(inputs, targets, (1, 1), tf.constant(0.75), made)
    early = METHOD.augment(inputs, targets, (1, 1), tf.constant(0.65), made)

    def labels(found):
        return [sorted(row[row >= 0]) for row in np.asarray(found["labels"])]

    assert labels(late[1]) == labels(targets)  # whole pictures, at most moved between their bars
    grey = [np.mean(np.asarray(x[0]["image"]) == 114) for x in (late, early)]
    assert grey[0] == pytest.approx(np.mean(inputs["image"] == 114), abs=0.01)
    assert grey[1] < grey[0] / 2

    def shape(nest):
        return [t.shape for t in tf.nest.flatten(nest)]

    assert shape(late) == shape(early)


# Model


def test_every_level_has_its_cells():
    net = METHOD.model(config(strides=(4, 8, 16), size="pico"))
    outputs = net({"image": np.zeros((2, 64, 64, 3), np.uint8)})
    cells = 16**2 + 8**2 + 4**2
    assert {k: tuple(v.shape) for k, v in outputs.items()} == {
        "classes": (2, cells, 2),
        "sides": (2, cells, 64),
    }


@pytest.mark.slow
def test_any_backbone_of_classification_will_do():
    net = METHOD.model(config(backbone="mobilenet_v3_small"))
    assert net({"image": np.zeros((1, 64, 64, 3), np.uint8)})["classes"].shape == (
        1,
        64 + 16 + 4,
        2,
    )
    with pytest.raises(PipelineError, match="Did you mean 'MobileNetV3Small'"):
        METHOD.model(config(backbone="mobilenet_v3_smal"))


def test_decoding_gives_back_the_boxes_that_the_sides_stand_for():
    made = config()
    cells = 64 + 16 + 4
    logits, sides = (
        np.full((1, cells, 2), -9.0, np.float32),
        np.full((1, cells, 4, 16), -30.0, np.float32),
    )
    cell = 3 * 8 + 4  # stride 8, row 3, column 4: its centre is (28, 36)
    logits[0, cell, 1] = 2.0
    for side, distance in enumerate((1, 2, 3, 0)):  # top, left, bottom, right
        sides[0, cell, side, distance] = 30
    found = METHOD.decode({"classes": logits, "sides": sides.reshape(1, cells, 64)}, made)
    assert found["count"].numpy().tolist() == [1]
    assert found["classes"].numpy()[0, 0] == 1
    assert found["scores"].numpy()[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert found["boxes"].numpy()[0, 0] * 64 == pytest.approx([20, 20, 52, 36], abs=1e-3)


# Answers on the device


def answered(boxes, scores, classes, manifest=None):
    found = {
        "boxes": np.array([boxes], np.float32),
        "scores": np.array([scores], np.float32),
        "classes": np.array([classes]),
        "count": np.array([len(boxes)]),
    }
    given = {}

    def run(inputs):
        given.update(inputs)
        return found

    manifest = {
        "inputs": {"image": {"shape": [1, 64, 64, 3]}},
        "labels": list(shapes.LABELS),
        "config": {"shown_score": 0.3},
    }
    return run, manifest, given


def test_boxes_come_back_in_pixels_of_the_picture(tmp_path):
    Image.fromarray(np.zeros((100, 200, 3), np.uint8)).save(tmp_path / "a.png")
    run, manifest, given = answered(
        [[0.25, 0, 0.5, 0.5], [0.25, 0.5, 0.75, 1], [0, 0, 1, 1]], [0.9, 0.5, 0.1], [1, 0, 0]
    )
    answer, drawn = edge.predict(str(tmp_path / "a.png"), run, manifest)
    assert given["image"].shape == (1, 64, 64, 3)
    assert [item["box"] for item in answer["objects"]] == [[0, 0, 50, 100], [0, 100, 100, 200]]
    assert [(item["label"], round(item["score"], 2)) for item in answer["objects"]] == [
        ("disc", 0.9),
        ("square", 0.5),
    ]
    assert drawn["boxes"].shape == (100, 200, 3)
    assert drawn["boxes"].any()
    assert edge.line(answer) == "2 objects: 1 disc, 1 square (best 0.90)"
    json.dumps(answer)


def test_no_object_is_an_answer(tmp_path):
    Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(tmp_path / "a.png")
    run, manifest, _ = answered([], [], [])
    answer, drawn = edge.predict((tmp_path / "a.png").read_bytes(), run, manifest)
    assert (answer, edge.line(answer)) == ({"objects": []}, "no object")
    assert not drawn["boxes"].any()


# The whole way


@pytest.mark.slow
def test_shapes_are_learned(run):
    result = run.evaluate()
    assert result["map50"] > 0.9
    assert result["per_class"].keys() == set(shapes.LABELS)
    assert set(result["curves"]) == set(shapes.LABELS)
    assert len(result["matrices"]["confusion"]) == 3
    assert run.report().stat().st_size > 10_000


@pytest.mark.slow
def test_every_file_finds_what_keras_finds(bundle):
    files = bundle.files
    assert set(files) == {"float32", "int8"}
    for record in files.values():
        assert record["passed"]
        assert record["metrics"]["map50"] > 0.9
    assert files["float32"]["max_difference"] < 1e-3
    for kind in (
        "float32",
        "int8",
    ):  # boxes in 256 steps would be no boxes, and a browser takes no int8
        outputs = Model(bundle.path / files[kind]["path"]).outputs
        assert {name: spec["dtype"] for name, spec in outputs.items()} == {
            "boxes": "float32", "scores": "float32", "classes": "int32", "count": "int32",
        }  # fmt: skip
    assert files["int8"]["size_bytes"] < 0.32 * files["float32"]["size_bytes"]
    assert bundle.verify(shapes.data(bundle.path.parents[1] / "detection/shapes"))["passed"]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_other_files_find_it_too(run, tmp_path):
    kinds = ["saved_model", "float16", "dynamic"]
    files = run.export(tmp_path / "bundle", kinds, max_drop=0.05).files
    assert set(files) == set(kinds)
    assert all(record["metrics"]["map50"] > 0.9 for record in files.values())


@pytest.mark.slow
@pytest.mark.parametrize("client", [bare, browser])
def test_clients_find_the_same(bundle, run, client):
    client.agrees(bundle, [Path(run.data.splits["test"].columns["image"][i]) for i in range(2)])


@pytest.mark.slow
def test_the_bundle_answers_by_itself(bundle, run, tmp_path):
    picture = run.data.splits["test"].columns["image"][0]
    shutil.copytree(bundle.path, tmp_path / "bundle")
    command = [sys.executable, "predict.py", picture, "--json", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=tmp_path / "bundle", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout.splitlines()[-1])["predictions"]
    (ours,) = run.predict([picture])
    assert [item["label"] for item in answer["objects"]] == [
        item["label"] for item in ours["objects"]
    ]
    for a, b in zip(answer["objects"], ours["objects"], strict=True):
        assert a["box"] == pytest.approx(b["box"], abs=0.1)
    assert any((tmp_path / "out").glob("*_boxes.png"))
