"""Default boxes: places, offsets, matching, hard negatives and the loss, by hand or brute force."""

import types

import numpy as np
import pytest
from keras import ops

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.families import anchored
from pipelines.losses import hard_negatives, matched
from pipelines.losses.smooth_l1 import smooth_l1
from pipelines.ops import default_boxes, matching, offsets

RNG = np.random.default_rng(0)


def some_boxes(*shape):
    low, size = RNG.uniform(0, 0.7, (*shape, 2)), RNG.uniform(0.05, 0.3, (*shape, 2))
    return np.concatenate([low, low + size], -1).astype(np.float32)


def iou(a, b):
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = max(sides[0], 0) * max(sides[1], 0)
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def test_default_boxes_lie_around_the_cells_of_each_level():
    made = default_boxes.default_boxes(64, (16, 32), 0.1, 0.1 * 2**5)
    assert made.shape == ((16 + 4) * 5, 4)
    centre, size = (made[:, :2] + made[:, 2:]) / 2, made[:, 2:] - made[:, :2]
    assert centre[5 * 5] == pytest.approx([1.5 / 4, 1.5 / 4])  # row 1, column 1
    assert centre[16 * 5 + 5] == pytest.approx([0.25, 0.75])  # of the second level
    # 0.1, 0.2, 0.4 on the first level, 0.8, 1.6, 3.2 on the second; 0.2 and 1.6 in three ratios.
    flat = 0.2 * np.array([[2**-0.5, 2**0.5], [2**0.5, 2**-0.5]])
    assert size[:5] == pytest.approx(np.vstack([[[s, s] for s in (0.1, 0.2, 0.4)], flat]))
    assert size[80:83, 0] == pytest.approx([0.8, 1.6, 3.2])


def test_offsets_are_those_of_the_paper_and_lead_back():
    boxes, anchors = some_boxes(50), some_boxes(50)
    found = ops.convert_to_numpy(offsets.encode(boxes, anchors))
    i, (a, b) = 3, (anchors[3], boxes[3])
    height, wanted = a[2] - a[0], b[2] - b[0]
    assert found[i, 0] == pytest.approx((b[0] + b[2] - a[0] - a[2]) / 2 / height / 0.1, rel=1e-4)
    assert found[i, 2] == pytest.approx(np.log(wanted / height) / 0.2, rel=1e-4)
    back = offsets.decode(ops.convert_to_tensor(found), anchors)
    assert ops.convert_to_numpy(back) == pytest.approx(boxes, abs=1e-5)


def test_growth_has_a_limit():
    nothing = np.float32([[0, 0, 0, 0]])
    for box in (nothing, np.float32([[0.1, 0.1, 0.2, 0.2]])):
        assert np.isfinite(offsets.encode(nothing, box)).all()
        assert np.isfinite(offsets.decode(np.float32([[0, 0, 1e9, 1e9]]), box)).all()


@pytest.mark.parametrize("own", [True, False])
def test_matching_is_that_of_a_loop(own):
    truth, boxes = some_boxes(3, 4), some_boxes(3, 40)
    boxes = boxes if own else boxes[0]
    is_object = np.float32([[1, 1, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]])
    found = matching.match(truth, is_object, boxes)
    owner, overlap, is_best = map(ops.convert_to_numpy, found)
    for picture in range(3):
        places = boxes[picture] if own else boxes
        there = np.flatnonzero(is_object[picture])
        table = np.array([[iou(truth[picture, n], box) for box in places] for n in there])
        if not len(there):
            assert not is_best[picture].any()
            assert not overlap[picture].any()
            continue
        owners = there[table.argmax(0)]
        for row, n in enumerate(there):  # none of these objects share their best box
            owners[table[row].argmax()] = n
        touched = table.max(0) > 0
        assert set(np.flatnonzero(is_best[picture])) == set(table.argmax(1))
        assert owner[picture, touched].tolist() == owners[touched].tolist()
        wanted = [iou(truth[picture, n], box) for n, box in zip(owners, places, strict=True)]
        assert overlap[picture, touched] == pytest.approx(np.array(wanted)[touched], abs=1e-5)


def test_a_centre_lies_in_a_region():
    boxes = np.float32([[0, 0, 0.2, 0.2], [0.4, 0.4, 0.8, 0.6], [0.4, 0, 0.8, 0.2]])
    regions = np.float32([[[0.3, 0.3, 1, 1], [0, 0, 1, 1]]])
    found = matching.is_within(boxes, regions, np.float32([[1, 0]]))
    assert np.asarray(found).tolist() == [[False, True, False]]


def test_smooth_l1_by_hand():
    values = ops.convert_to_numpy(smooth_l1(np.float32([-3, -1, 0, 0.5, 2])))
    assert values.tolist() == [2.5, 0.5, 0, 0.125, 1.5]


def test_the_hardest_negatives_are_three_to_a_positive():
    loss = RNG.uniform(0, 5, (4, 30)).astype(np.float32)
    is_positive, is_negative = np.zeros((4, 30), bool), np.ones((4, 30), bool)
    is_positive[0, :2] = is_positive[1, :20] = is_positive[2, 5] = True
    is_negative[:, 25:] = False  # neither
    is_negative &= ~is_positive
    found = np.asarray(hard_negatives.hardest(loss, is_positive, is_negative)).astype(bool)
    for i, wanted in enumerate((6, 5, 3, 3)):  # the last picture has no positive
        order = np.argsort(-np.where(is_negative[i], loss[i], -1))[:wanted]
        assert set(np.flatnonzero(found[i])) == set(order) | set(np.flatnonzero(is_positive[i]))


def test_the_loss_by_hand():
    """Four boxes: one on the object, one far off, one between the limits, and one in a crowd."""
    boxes = np.float32([[0, 0, 0.4, 0.4], [0.5, 0, 0.7, 0.2], [0, 0, 0.4, 0.8], [0.6, 0.6, 1, 1]])
    targets = {
        "boxes": np.float32([[[0, 0, 0.4, 0.4], [0.5, 0.5, 1, 1], [0, 0, 0, 0]]]),
        "labels": np.int32([[1, 0, -1]]),
        "crowd": np.int32([[0, 1, 0]]),
    }
    logits = np.zeros((1, 4, 3), np.float32)
    moves = np.full((1, 4, 4), 2.0, np.float32)
    rule = matched.Rule(positive=0.7, negative=0.3)
    found = float(matched.loss(logits, moves, boxes, targets, rule))
    # Two boxes count, each by log 3; the object's is 2 off in four offsets, which is 1.5 each.
    assert found == pytest.approx(2 * np.log(3) + 4 * 1.5, rel=1e-5)
    logits[0, 0, 2], moves[0, 0] = 50, 0
    logits[0, 1, 0] = 50
    assert float(matched.loss(logits, moves, boxes, targets, rule)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "sides", "wanted"),
    [
        ({}, (0.11, 0.5), (0.1, 0.55)),
        ({}, (0.0, 0.0), (0.1818, 0.99)),  # no box that counts: SSD's own scales
        ({"smallest_box": 0.3}, (0.11, 0.2), (0.3, 0.3)),
        ({"largest_box": 0.05}, (0.11, 0.2), (0.05, 0.05)),
    ],
)
def test_sizes_follow_the_data_or_the_settings(settings, sides, wanted):
    audit = types.SimpleNamespace(side_range=sides, counts={"train": 10})
    config = catalog.method("ssd").Config(backbone="csp", image_size=64, **settings)
    made = anchored.resolved(config, audit)
    assert (made.smallest_box, made.largest_box) == pytest.approx(wanted)


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(PipelineError, match="must not be above largest_box"):
        catalog.method("ssd").Config(smallest_box=0.5, largest_box=0.2)


def test_what_is_wanted_decodes_to_the_objects():
    ssd = catalog.method("ssd")
    config = ssd.Config(
        image_size=64, max_detections=5, smallest_box=0.1, largest_box=0.8, labels=("a", "b")
    )
    boxes = default_boxes.default_boxes(64, config.strides, 0.1, 0.8)
    truth = np.float32([0.2, 0.3, 0.5, 0.7])
    logits = np.tile(np.float32([20, 0, 0]), (1, len(boxes), 1))
    moves = np.zeros((1, len(boxes), 4), np.float32)
    at = max(range(len(boxes)), key=lambda i: iou(truth, boxes[i]))
    logits[0, at] = 0, 0, 20
    moves[0, at] = offsets.encode(truth, boxes[at])
    found = ssd.decode({"classes": logits, "offsets": moves}, config)
    assert np.asarray(found["count"]).tolist() == [1]
    assert np.asarray(found["classes"])[0, 0] == 1
    assert np.asarray(found["boxes"])[0, 0] == pytest.approx(truth, abs=1e-5)
