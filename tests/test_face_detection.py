"""Faces: what data is taken, how answers are judged, and the nets on pictures without and with many."""

import dataclasses
import pickle

import numpy as np
import pytest
from PIL import Image

from pipelines import catalog
from pipelines.edge import face_detection as edge
from pipelines.errors import PipelineError
from pipelines.formats.examples import Data, Examples
from pipelines.losses import missed_boxes
from pipelines.metrics import found_faces
from pipelines.models import face_windows, haar, haar_net, mtcnn, torch_file
from pipelines.tasks.face_detection import _windows


def crops(labels, names):
    examples = Examples(["a", "b"], {"image": [b"", b""], "label": labels}, ["a", "b"], ("image",))
    return Data("crops", "image_folder", {"train": examples}, {"label": names})


def test_crops_in_class_folders_are_boxes_that_fill_their_pictures():
    method = catalog.method("viola_jones")
    data = method.adapt(crops([0, 1], ["face", "non-face"]), method.Config())
    columns = data.splits["train"].columns
    assert [boxes.tolist() for boxes in columns["objects/bbox"]] == [[[0, 0, 1, 1]], []]
    assert data.labels == {"objects/label": ["face"]}
    assert method.adapt(data, method.Config()) == data


def test_other_classes_are_refused():
    method = catalog.method("viola_jones")
    with pytest.raises(PipelineError, match="cat, dog, and two are needed"):
        method.adapt(crops([0, 1], ["cat", "dog"]), method.Config())
    boxed = dataclasses.replace(crops([0, 1], []), labels={"objects/label": ["face", "hand"]})
    boxed.splits["train"].columns["objects/bbox"] = [np.zeros((0, 4))] * 2
    with pytest.raises(PipelineError, match="finds one class, and crops has 2: face, hand"):
        method.adapt(boxed, method.Config())


def test_what_is_found_and_what_is_false_at_the_score_that_is_shown():
    targets = {
        "boxes": np.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]]] * 2),
        "labels": np.array([[0, 0], [0, -1]]),
        "crowd": np.zeros((2, 2)),
        "size": np.array([[10, 10]] * 2),
    }
    # A hit, the same face twice, one below the score; then one on nothing.
    found = [[[0, 0, 0.5, 0.4], [0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]], [[0.6, 0.6, 1, 1]] * 3]
    decoded = {
        "boxes": np.array(found),
        "scores": np.array([[0.9, 0.8, 0.4], [0.9, 0.9, 0.9]]),
        "count": np.array([3, 1]),
    }
    metric = found_faces.FoundFaces(0.5)
    metric.update_state(targets, decoded)
    assert metric.result() == {"recall_iou40": 1 / 3, "false_boxes": 2 / 2}


def test_a_box_that_is_found_is_not_missed():
    truth = {"boxes": np.float32([[[0, 0, 1, 1], [0, 0, 0, 0]]]), "labels": np.array([[0, -1]])}
    found = {
        "boxes": np.float32([[[0, 0, 1, 0.5], [0, 0, 0.2, 1]]]),
        "scores": np.float32([[0.7, 1]]),
    }
    assert float(missed_boxes.MissedBoxes().call(truth, found)) == pytest.approx(0.3)


def test_an_answer_in_a_line():
    assert edge.line({"objects": []}) == "no face"
    assert edge.line({"objects": [{"score": 0.934}, {"score": 0.8}]}) == "2 faces (best 0.93)"


def cascade():
    """One stage, which windows with a dark upper half pass."""
    rects = np.array([[[0, 0, 12, 12], [6, 0, 6, 12], [0, 0, 0, 0]]])
    leaves = [[((0,), (False,), 1.0), ((0,), (True,), 0.0)]]
    window, weights = np.array((12, 12)), np.array([[-1.0, 2, 0]])
    return haar.assembled(window, rects, weights, [0.8], leaves, [0.5], (1.0, 1.0))


def test_the_graph_passes_the_windows_that_are_judged_so_one_by_one():
    made = cascade()
    layer = haar_net.HaarCascade(haar_net.sizes(made), 1.5)
    picture = np.full((1, 48, 48, 1), 128.0, np.float32)
    picture[0, 8:14, 20:32], picture[0, 14:20, 20:32] = 20, 230
    layer(picture)
    layer.fill(made)
    found = layer(picture)
    scores, boxes = (np.asarray(found[name])[0] for name in ("scores", "boxes"))
    assert scores.max() > 0.25
    assert boxes[scores.argmax()] == pytest.approx([8 / 48, 20 / 48, 20 / 48, 32 / 48], abs=0.08)
    places = haar_net.places(48, 12, 1.5, np.ones(2))
    assert places.sides[0] == 48
    corners = places.corners[places.rows == 48]
    grey = picture[0, :, :, 0].astype(np.uint8)
    passed, _ = haar.judged(made, haar.of_picture(grey, corners // 48, corners % 48))
    assert (passed == 1).sum() > 1
    flat = layer(np.full((1, 48, 48, 1), 128.0, np.float32))
    assert not np.asarray(flat["scores"]).any()  # no face in the picture


def test_crops_are_squares_of_the_picture_and_go_on_at_its_edge():
    picture = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1).repeat(3, -1)
    boxes = np.float32([[[0, 0, 1, 1], [0.5, 0, 1, 0.5], [-1, -1, 0, 0]]])
    found = np.asarray(mtcnn.cropped(picture, boxes, 2))[..., 0]
    assert found[0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert found[1].tolist() == [[8, 9], [12, 13]]
    assert not found[2].any()


def test_windows_to_learn_from_know_the_way_to_their_face():
    boxes = np.float32([[[0.2, 0.4, 0.6, 0.8], [0, 0, 0, 0]]])
    squares = face_windows.windows(boxes, np.zeros((1, 20, 4), np.float32))
    overlap, moves, real = (np.asarray(v) for v in face_windows.labelled(squares, boxes))
    near = overlap[0] > 0.5
    assert near.any()
    assert not near.all()
    back = np.asarray(mtcnn.moved(squares, moves))[0]
    assert back[near] == pytest.approx(np.tile(boxes[0, 0], (near.sum(), 1)), abs=1e-5)
    assert not real[0, face_windows.JITTERS : 2 * face_windows.JITTERS].any()


def test_published_weights_fit_and_a_file_with_more_than_tensors_is_refused(tmp_path):
    bad = tmp_path / "pnet.pt"
    magic, version, about = torch_file.MAGIC, torch_file.PROTOCOL, {"little_endian": True}
    bad.write_bytes(b"".join(pickle.dumps(v, 2) for v in (magic, version, about, print)))
    with pytest.raises(PipelineError, match="no tensor"):
        torch_file.read(bad)
    with pytest.raises(PipelineError, match="weights of pnet do not fit"):
        mtcnn.assign({"pnet": mtcnn.pnet()}, lambda name: {"conv1.weight": np.zeros((1, 1))})


def test_500_faces_are_500_boxes_of_training_and_no_more_are_found_than_there_is_room_for():
    config = catalog.method("mtcnn").Config()
    audit = type("Audit", (), {"median_side": 640, "small_side": 0.03, "counts": {"train": 4}})()
    audit.longest = {"objects/bbox": 500}
    found = catalog.method("mtcnn").resolve(config.replace(labels=("face",)), audit)
    assert (found.max_boxes, found.max_detections) == (500, 500)


def test_windows_without_a_face_come_out_of_a_folder_and_from_around_faces(tmp_path):
    with pytest.raises(PipelineError, match="has no pictures"):
        _windows.Source(crops([], []).splits["train"].take([]), tmp_path, 12)
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (60, 80, 3)).astype(np.uint8)
    noise[26:32], noise[32:38] = 20, 230  # what the cascade looks for
    Image.fromarray(noise).save(tmp_path / "a.png")
    columns = {"image": [str(tmp_path / "a.png")], "objects/bbox": [[[0.2, 0.25, 0.6, 0.55]]]}
    source = _windows.Source(Examples(["a"], columns, ["a"]), tmp_path, 12)
    faces, shape = source.faces()
    assert faces.shape == (1, 12, 12)
    assert shape == pytest.approx((1, 1))  # 24 x 24 px
    assert len(source) == 2
    assert 10 < len(source.others(100, random)) <= 40
    few = source.passing(cascade(), 1000, random)
    passed, _ = haar.judged(cascade(), haar.of_crops(few))
    assert len(few) > 0
    assert (passed == 1).all()
