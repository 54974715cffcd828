"""Faster R-CNN's parts: suppression without a loop, RoI align, and what the loss sees."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines import catalog
from pipelines.families import anchored
from pipelines.metrics.proposal_recall import ProposalRecall
from pipelines.models import regions
from pipelines.ops import greedy, roi_align

RNG = np.random.default_rng(0)


def some_boxes(*shape):
    low, size = RNG.uniform(0, 0.6, (*shape, 2)), RNG.uniform(0.1, 0.4, (*shape, 2))
    return np.concatenate([low, low + size], -1).astype(np.float32)


@pytest.mark.parametrize("compiled", [False, True])
def test_suppression_is_tensorflows(compiled):
    boxes, scores = some_boxes(3, 60), np.linspace(1, 0.1, 60, dtype=np.float32)
    found = tf.function(lambda b: greedy.kept(b, 0.5), jit_compile=compiled)(boxes).numpy()
    for i in range(3):
        wanted = tf.image.non_max_suppression(boxes[i], scores, 60, 0.5).numpy()
        assert np.flatnonzero(found[i]).tolist() == sorted(wanted)
        assert 5 < len(wanted) < 55


def test_a_chain_of_boxes_is_solved_to_its_end():
    """Each covers the next one alone, so that every second one stays."""
    low = np.arange(40, dtype=np.float32) * 0.1
    boxes = np.stack([low * 0, low, low * 0 + 1, low + 0.2], -1)[None]
    assert np.asarray(greedy.kept(boxes, 0.3))[0].tolist() == [1, 0] * 20


def test_the_first_that_are_kept_come_in_their_order():
    boxes = some_boxes(1, 5)
    found = np.asarray(greedy.first(boxes, np.float32([[0, 1, 0, 1, 0]]), 3))
    assert found[0] == pytest.approx(np.stack([boxes[0, 1], boxes[0, 3], np.zeros(4)]))


def test_roi_align_is_the_mean_of_interpolated_points():
    features, boxes = RNG.normal(size=(2, 6, 8, 3)).astype(np.float32), some_boxes(2, 4)
    found = np.asarray(roi_align.roi_align(features, boxes, 2))
    assert found.shape == (2, 4, 2, 2, 3)

    def at(picture, y, x):
        y, x = np.clip(y * 6 - 0.5, 0, 5), np.clip(x * 8 - 0.5, 0, 7)
        i, j = min(int(y), 4), min(int(x), 6)
        a, b, f = y - i, x - j, features[picture]
        above = f[i, j] * (1 - b) + f[i, j + 1] * b
        return above * (1 - a) + (f[i + 1, j] * (1 - b) + f[i + 1, j + 1] * b) * a

    for picture, number, row, column in ((0, 0, 0, 0), (1, 3, 1, 0), (1, 2, 0, 1)):
        top, left, bottom, right = boxes[picture, number]
        points = [
            at(
                picture,
                top + (bottom - top) * (row / 2 + y),
                left + (right - left) * (column / 2 + x),
            )
            for y in (0.125, 0.375)
            for x in (0.125, 0.375)
        ]
        assert found[picture, number, row, column] == pytest.approx(np.mean(points, 0), abs=1e-5)


def test_proposals_are_the_best_anchors_apart():
    anchors = np.float32([[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.52], [0.5, 0.5, 0.9, 0.9]])
    logits = np.float32([[[0, 3], [0, 2], [0, 1]]])
    layer = regions.Proposals(anchors, 3)
    found = layer({"classes": logits, "offsets": np.zeros((1, 3, 4), np.float32)})
    assert np.asarray(found)[0] == pytest.approx(np.stack([anchors[0], anchors[2], np.zeros(4)]))
    again = regions.Proposals.from_config(layer.get_config())
    assert np.array_equal(again.anchors, anchors)


def test_the_loss_sees_true_boxes_first_and_no_crowd():
    targets = {
        "boxes": some_boxes(1, 4),
        "labels": np.int32([[0, 1, -1, 1]]),
        "crowd": np.int32([[0, 1, 0, 0]]),
    }
    proposals = some_boxes(1, 6)
    found = keras.ops.convert_to_numpy(regions.sampled(proposals, targets))
    true = targets["boxes"][0, [0, 3]]
    assert found[0] == pytest.approx(np.concatenate([true, proposals[0, :4]]))


def test_one_picture_gets_the_proposals_of_a_batch():
    """A file's op for one picture, and the rule for batches."""
    anchors, logits = some_boxes(80), RNG.normal(size=(2, 80, 2)).astype(np.float32)
    moves = RNG.normal(size=(2, 80, 4)).astype(np.float32)
    layer = regions.Proposals(anchors, 30)
    both = np.asarray(layer({"classes": logits, "offsets": moves}))
    one = np.asarray(layer({"classes": logits[1:], "offsets": moves[1:]}))
    assert one[0] == pytest.approx(both[1], abs=1e-6)


def proposals_at(best):
    """300 proposals that overlap nothing, but for the box at each place that `best` names."""
    made = np.tile(np.float32([0.9, 0.9, 1, 1]), (1, 300, 1))
    for place, box in best.items():
        made[0, place] = box
    return made


def test_the_recall_of_proposals_by_hand():
    """Four objects: among the best 50, the best 100, the best 300, and covered by less than half;
    a crowd and an empty place count in nothing."""
    truth = np.float32([[0, 0, 0.2, 0.2], [0, 0.4, 0.2, 0.6], [0.4, 0, 0.6, 0.2], [0.5, 0.5, 1, 1]])
    targets = {
        "boxes": np.concatenate([truth, np.float32([[0.9, 0.9, 1, 1], [0, 0, 0, 0]])])[None],
        "labels": np.int32([[0, 1, 0, 1, 0, -1]]),
        "crowd": np.int32([[0, 0, 0, 0, 1, 0]]),
    }
    half = truth[0] - [0, 0, 0.1, 0]  # an IoU of a half is enough
    best = {49: half + [0, 0, 0.001, 0], 99: truth[1], 100: truth[2]}
    recall = ProposalRecall()
    recall.update_state(targets, proposals_at(best))
    wanted = {"proposal_recall_50": 0.25, "proposal_recall_100": 0.5, "proposal_recall_300": 0.75}
    assert recall.result() == wanted
    recall.update_state(targets, proposals_at({}))
    assert recall.result()["proposal_recall_300"] == 3 / 8
    recall.reset_state()
    assert recall.result()["proposal_recall_50"] == 0


def test_the_recall_of_a_run_is_that_of_its_best_anchors():
    method = catalog.method("faster_rcnn")
    config = method.Config(image_size=64, strides=(16, 32), smallest_box=0.1, largest_box=0.6)
    boxes = anchored.boxes(config)
    logits = np.zeros((2, len(boxes), 2), np.float32)
    logits[0, 52, 1] = 9
    targets = {"boxes": np.float32([[boxes[52]], [[0, 0, 0.01, 0.01]]])}
    targets |= {"labels": np.int32([[0], [1]]), "crowd": np.int32([[0], [0]])}
    raw = {"objectness": logits, "offsets": np.zeros((2, len(boxes), 4), np.float32)}
    batches = tf.data.Dataset.from_tensors(({"image": np.zeros((2, 1))}, targets))
    part = types.SimpleNamespace(batches=lambda: batches)
    answer = types.SimpleNamespace(raw=lambda inputs: raw)
    found = method.explain(answer, part, config)
    assert found == dict.fromkeys([f"proposal_recall_{n}" for n in (50, 100, 300)], 0.5)
