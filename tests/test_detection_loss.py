import keras
import numpy as np
import pytest
from keras import ops

from pipelines.losses import detection
from pipelines.ops import boxes as box_ops

SIZE, STRIDES, BINS = 64, (8, 16), 8
POINTS, STEPS = box_ops.anchor_points(SIZE, STRIDES)


def targets(boxes, labels, crowd=None, room=5):
    boxes = np.array(boxes, np.float32).reshape(1, -1, 4) / SIZE
    count = boxes.shape[1]
    short = [(0, 0), (0, room - count)]
    return {
        "boxes": np.pad(boxes, [*short, (0, 0)]),
        "labels": np.pad(np.array([labels], np.int32).reshape(1, -1), short, constant_values=-1),
        "crowd": np.pad(np.array([crowd or [0] * count], np.int32).reshape(1, -1), short),
    }


def outputs(scores=None, boxes=None, classes=2, batch=1):
    """Logits of `scores` (A, C), and sides that stand for `boxes` (A, 4) in pixels as closely as bins allow."""
    logits = (
        np.full((len(POINTS), classes), -5.0) if scores is None else np.log(scores / (1 - scores))
    )
    sides = np.zeros((len(POINTS), 4, BINS))
    if boxes is not None:
        distance = (
            np.concatenate([POINTS - boxes[:, :2], boxes[:, 2:] - POINTS], 1) / STEPS[:, None]
        )
        low = np.clip(np.floor(distance), 0, BINS - 2).astype(int)
        share = np.clip(distance - low, 1e-6, 1 - 1e-6)
        sides[:] = -30
        a, s = np.indices(low.shape)
        sides[a, s, low], sides[a, s, low + 1] = np.log(1 - share), np.log(share)

    def repeat(x):
        return np.repeat(x.reshape(1, len(POINTS), -1), batch, 0).astype(np.float32)

    return {"classes": repeat(logits), "sides": repeat(sides)}


def loss(truth, found, focal=0.0):
    return float(detection.DetectionLoss(SIZE, STRIDES, focal).call(truth, found))


def assigned(truth, scores, found):
    labels = np.array(truth["labels"])
    result = detection.assign(
        *(scores[None].astype(np.float32), found[None].astype(np.float32), truth["boxes"] * SIZE),
        *(np.maximum(labels, 0), ((labels >= 0) & (truth["crowd"] == 0)).astype(np.float32)),
        *(truth["crowd"].astype(np.float32), POINTS, 12.0),
    )
    return [ops.convert_to_numpy(value)[0] for value in result]


def brute_force(truth, scores, found):
    """The assignment of section 3.2 of TOOD, object by object."""
    owner, quality = np.full(len(POINTS), -1), np.zeros(len(POINTS))
    overlap, metric, taken = {}, {}, {}
    for n, label in enumerate(truth["labels"][0]):
        if label < 0:
            continue
        box = truth["boxes"][0, n] * SIZE
        iou = ops.convert_to_numpy(box_ops.iou(box[None], found.astype(np.float32)))[0]
        inside = ((box[:2] < POINTS) & (box[2:] > POINTS)).all(1)
        overlap[n], metric[n] = iou * inside, scores[:, label] ** 0.5 * iou**6 * inside
        best = sorted(np.flatnonzero(inside), key=lambda i, n=n: -metric[n][i])[:10]
        taken[n] = set(best)
    for i in range(len(POINTS)):
        wanted = [n for n in taken if i in taken[n]]
        if wanted:
            owner[i] = max(wanted, key=lambda n, i=i: overlap[n][i])
    for n in taken:
        mine = np.flatnonzero(owner == n)
        if len(mine):
            quality[mine] = metric[n][mine] / metric[n][mine].max() * overlap[n][mine].max()
    return owner, quality


def test_the_assignment_is_that_of_the_paper():
    rng = np.random.default_rng(1)
    truth = targets([[4, 4, 30, 40], [10, 20, 60, 60], [33, 5, 50, 22]], [0, 1, 1])
    scores = rng.uniform(0.05, 0.95, (len(POINTS), 2))
    found = np.concatenate(
        [POINTS - rng.uniform(4, 24, POINTS.shape), POINTS + rng.uniform(4, 24, POINTS.shape)], 1
    )
    box, label, quality, _ = assigned(truth, scores, found)
    owner, wanted = brute_force(truth, scores, found)
    assert (owner >= 0).sum() > 15
    assert quality == pytest.approx(wanted, abs=1e-4)
    mine = owner >= 0
    assert (box[mine] == (truth["boxes"][0] * SIZE)[owner[mine]]).all()
    assert (label[mine] == truth["labels"][0][owner[mine]]).all()


def test_an_object_smaller_than_a_cell_has_a_cell():
    scores, found = np.full((len(POINTS), 2), 0.5), np.concatenate([POINTS - 4, POINTS + 4], 1)
    for corner in range(8):
        quality = assigned(
            targets([[corner + 8, corner + 8, corner + 11, corner + 11]], [1]), scores, found
        )[2]
        assert quality.max() > 0


def test_perfect_predictions_cost_nearly_nothing_and_wrong_ones_much():
    box = np.array([16.0, 16, 48, 48])
    truth = targets([box], [1])
    inside = ((box[:2] < POINTS) & (box[2:] > POINTS)).all(1)
    scores = np.full((len(POINTS), 2), 1e-4)
    scores[inside, 1] = 1 - 1e-4
    everywhere = np.tile(box, (len(POINTS), 1))
    far = np.concatenate([POINTS - 2, POINTS + 2], 1)
    right = loss(truth, outputs(scores, everywhere))
    assert right < loss(truth, outputs(scores[:, ::-1], everywhere)) / 2
    assert right < loss(truth, outputs(scores, far)) / 2


def test_without_any_box_only_scores_cost():
    empty, low, high = (
        targets([], []),
        np.full((len(POINTS), 2), 0.01),
        np.full((len(POINTS), 2), 0.5),
    )
    assert loss(empty, outputs(low)) == pytest.approx(
        0.5 * -np.log(0.99) * 2 * len(POINTS), rel=1e-4
    )
    assert loss(empty, outputs(high)) == pytest.approx(0.5 * np.log(2) * 2 * len(POINTS), rel=1e-4)
    # |0 - 0.5|^2 of it with a focal exponent of 2
    assert loss(empty, outputs(high), focal=2) == pytest.approx(
        0.25 * 0.5 * np.log(2) * 2 * len(POINTS), rel=1e-3
    )


def test_within_a_crowd_nothing_is_wrong():
    scores = np.full((len(POINTS), 2), 1e-6)
    crowd = np.array([0.0, 0, 32, 32])
    scores[((crowd[:2] < POINTS) & (crowd[2:] > POINTS)).all(1)] = 0.99
    assert (
        loss(targets([crowd], [0], [1]), outputs(scores))
        < 0.01
        < loss(targets([], []), outputs(scores))
    )


def test_more_room_for_boxes_changes_nothing():
    found = outputs(np.random.default_rng(0).uniform(0.1, 0.9, (len(POINTS), 2)))
    boxes = [[4, 4, 30, 40], [20, 20, 60, 60]]
    assert loss(targets(boxes, [0, 1], room=2), found) == pytest.approx(
        loss(targets(boxes, [0, 1], room=50), found)
    )


def test_gradients_are_finite_for_boxes_without_sides():
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradients are taken with TensorFlow here")
    found = {
        k: tf.Variable(v) for k, v in outputs(boxes=np.concatenate([POINTS, POINTS], 1)).items()
    }
    with tf.GradientTape() as tape:
        value = detection.DetectionLoss(SIZE, STRIDES).call(targets([[8, 8, 30, 30]], [0]), found)
    for gradient in tape.gradient(value, list(found.values())):
        assert np.isfinite(gradient).all()


def test_of_many_objects_each_picture_is_assigned_alone(monkeypatch):
    random = np.random.default_rng(0)
    truth = targets([[4, 4, 30, 30], [20, 30, 50, 60], [5, 40, 12, 47]], [0, 1, 1], [0, 0, 1])
    other = targets([[10, 10, 20, 20]], [1])
    truth = {name: np.concatenate([values, other[name]]) for name, values in truth.items()}
    found = outputs(batch=2)
    found = {k: v + random.normal(size=v.shape).astype(np.float32) for k, v in found.items()}
    together = loss(truth, found)
    monkeypatch.setattr(detection, "AT_ONCE", 0)
    assert loss(truth, found) == pytest.approx(together, rel=1e-6)
