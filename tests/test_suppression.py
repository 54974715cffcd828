import numpy as np
import pytest
import tensorflow as tf

from pipelines.ops import suppression

SETTINGS = dict(count=8, iou=0.5, least_score=0.1, candidates=100)


def answer(boxes, scores, **changes):
    found = suppression.suppress(np.float32(boxes), np.float32(scores), **{**SETTINGS, **changes})
    return {name: value.numpy() for name, value in found.items()}


def test_only_boxes_of_one_class_suppress_each_other():
    box, near, far = [0.1, 0.1, 0.5, 0.5], [0.1, 0.12, 0.5, 0.52], [0.6, 0.6, 0.9, 0.9]
    found = answer([[box, near, near, far]], [[[0.9, 0], [0.8, 0], [0, 0.7], [0.05, 0]]])
    assert found["count"].tolist() == [2]
    assert found["scores"][0].tolist() == pytest.approx([0.9, 0.7] + [0] * 6)
    assert found["classes"][0].tolist() == [0, 1] + [0] * 6
    assert found["boxes"][0, :2] == pytest.approx(np.array([box, near]))
    assert not found["boxes"][0, 2:].any()


def greedy(boxes, scores, count, iou, least_score, **_):
    """The textbook, one class after the other."""
    kept = []
    for i in np.argsort(-scores.max(1)):
        label, score = scores[i].argmax(), scores[i].max()
        if score <= least_score or len(kept) == count:
            break

        def overlap(j, i=i):
            sides = np.minimum(boxes[i, 2:], boxes[j, 2:]) - np.maximum(boxes[i, :2], boxes[j, :2])
            shared = np.clip(sides, 0, None).prod()
            return shared / (
                np.prod(boxes[i, 2:] - boxes[i, :2]) + np.prod(boxes[j, 2:] - boxes[j, :2]) - shared
            )

        if all(scores[j].argmax() != label or overlap(j) <= iou for j in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize("batch", [1, 3])
def test_it_is_the_textbook_for_each_picture(batch):
    rng = np.random.default_rng(batch)
    low = rng.uniform(0, 0.7, (batch, 60, 2))
    boxes = np.concatenate([low, low + rng.uniform(0.1, 0.3, low.shape)], -1).astype(np.float32)
    scores = rng.uniform(0, 1, (batch, 60, 3)).astype(np.float32)
    found = answer(boxes, scores)
    for i in range(batch):
        kept = greedy(boxes[i], scores[i], **SETTINGS)
        assert found["count"][i] == len(kept) > 3
        assert found["scores"][i, : len(kept)] == pytest.approx(scores[i, kept].max(1))
        assert found["classes"][i, : len(kept)].tolist() == scores[i, kept].argmax(1).tolist()
        assert found["boxes"][i, : len(kept)] == pytest.approx(boxes[i, kept])


def test_fewer_candidates_than_cells_keep_the_best():
    boxes = (
        np.tile(np.float32([[0, 0, 0.1, 0.1]]), (1, 50, 1))
        + np.float32(np.arange(50)[:, None]) / 100
    )
    scores = np.linspace(0.2, 0.9, 50, dtype=np.float32)[None, :, None]
    assert answer(boxes, scores, candidates=1)["count"].tolist() == [1]
    assert answer(boxes, scores, candidates=1)["scores"][0, 0] == pytest.approx(0.9)


def test_it_runs_within_a_graph_of_one_picture():
    one = tf.function(lambda b, s: suppression.suppress(b, s, **SETTINGS))
    found = one(tf.zeros((1, 5, 4)), tf.zeros((1, 5, 2)))
    assert found["count"].numpy().tolist() == [0]
    assert {k: v.shape.as_list() for k, v in found.items()} == {
        "boxes": [1, 8, 4],
        "scores": [1, 8],
        "classes": [1, 8],
        "count": [1],
    }
