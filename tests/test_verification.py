"""Losses of embeddings against loops, and pairs judged by hand and by scikit-learn."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from pipelines.losses.contrastive import Contrastive
from pipelines.losses.triplet import Triplet
from pipelines.metrics import verification

MARGIN = 0.2


def batch(seed=0, count=9, size=3):
    chance = np.random.default_rng(seed)
    points = chance.normal(size=(count, size))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    # What lies behind the point, as the threshold does, counts nothing.
    return np.arange(count) % 3, np.concatenate([points, np.full((count, 1), 7.0)], 1)


def triplets(labels, points):
    apart = ((points[:, None] - points[None]) ** 2).sum(-1)
    for a, p in itertools.permutations(range(len(labels)), 2):
        if labels[a] == labels[p]:
            others = [apart[a, n] for n in range(len(labels)) if labels[n] != labels[a]]
            yield a, apart[a, p], others


def by_hand(mining, labels, points):
    found = list(triplets(labels, points))
    if mining == "semi_hard":
        chosen = [
            (d, min((n for n in others if n > d), default=max(others))) for _, d, others in found
        ]
        return np.mean([max(0, d - n + MARGIN) for d, n in chosen])
    if mining == "batch_all":
        losses = [max(0, d - n + MARGIN) for _, d, others in found for n in others]
        return np.mean([loss for loss in losses if loss > 0])
    hardest = {}
    for a, d, others in found:
        hardest[a] = (max(d, hardest.get(a, (0, 0))[0]), min(others))
    return np.mean([max(0, d - n + MARGIN) for d, n in hardest.values()])


@pytest.mark.parametrize("mining", ["semi_hard", "batch_all", "batch_hard"])
def test_a_triplet_loss_is_that_of_a_loop(mining):
    labels, outputs = batch()
    loss = Triplet(3, MARGIN, mining)(labels, outputs.astype(np.float32))
    assert float(loss) == pytest.approx(by_hand(mining, labels, outputs[:, :3]), rel=1e-4)


@pytest.mark.parametrize("mining", ["semi_hard", "batch_all", "batch_hard"])
def test_a_collapse_costs_the_margin_and_a_batch_without_pairs_nothing(mining):
    same = np.tile([[1.0, 0.0, 1.0]], (6, 1)).astype(np.float32)
    assert float(Triplet(2, MARGIN, mining)(np.arange(6) % 2, same)) == pytest.approx(MARGIN)
    assert float(Triplet(2, MARGIN, mining)(np.arange(6), same)) == 0
    assert float(Triplet(2, MARGIN, mining)(np.zeros(6, int), same)) == 0


def test_the_contrastive_loss_is_that_of_a_loop():
    labels, outputs = batch(1)
    points = outputs[:, :3]
    same, others = [], []
    for i, j in itertools.combinations(range(len(labels)), 2):
        apart = np.linalg.norm(points[i] - points[j])
        if labels[i] == labels[j]:
            same.append(apart**2 / 2)
        else:
            others.append(max(0, 1 - apart) ** 2 / 2)
    found = Contrastive(3, 1.0)(labels, outputs.astype(np.float32))
    assert float(found) == pytest.approx((np.mean(same) + np.mean(others)) / 2, rel=1e-4)


def test_rates_by_hand():
    apart = np.array([0.1, 0.2, 0.3, 0.6, 0.4, 0.5, 0.7, 0.8])
    is_same = np.array([True] * 4 + [False] * 4)
    # Up to 0.3 three of four of the same are accepted and none of the others; at 0.5, two others.
    assert verification.accepted_at(apart, is_same) == 0.75
    assert verification.accepted_at(apart, is_same, 0.5) == 1.0
    assert verification.equal_error(apart, is_same) == 0.25
    assert verification.best_threshold(apart, is_same) == pytest.approx(0.35)


def test_the_curve_is_that_of_scikit_learn():
    chance = np.random.default_rng(0)
    apart, is_same = np.round(chance.random(200), 2), chance.random(200) < 0.4
    _, true, false = verification.roc(apart, is_same)
    theirs_false, theirs_true, _ = roc_curve(is_same, -apart, drop_intermediate=False)
    np.testing.assert_allclose(false, theirs_false)
    np.testing.assert_allclose(true, theirs_true)


def test_folds_take_their_threshold_from_the_others():
    # The second fold lies on another scale: its best threshold is not that of the first.
    apart = np.array([0.1, 0.3, 1.1, 1.3])
    pairs = verification.Pairs(
        np.zeros(4, int), np.zeros(4, int), np.array([True, False] * 2), np.array([0, 0, 1, 1])
    )
    assert verification.by_folds(apart, pairs).tolist() == [0.5, 0.5]


def test_pairs_are_of_both_sorts_evenly_and_different():
    labels = np.repeat(np.arange(10), 10)
    pairs = verification.drawn(labels)
    assert pairs.is_same.sum() == 450 == (~pairs.is_same).sum()
    assert ((labels[pairs.left] == labels[pairs.right]) == pairs.is_same).all()
    rows = np.sort(np.stack([pairs.left, pairs.right], 1), 1)
    assert len(np.unique(rows, axis=0)) == 900
    assert np.bincount(pairs.fold).tolist() == [90] * 10
    with pytest.raises(ValueError, match="no pair"):
        verification.drawn(np.arange(5))


def test_the_nearest_other_one():
    points = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [0.7, 0.7]])
    # The last one has no fellow; each of the others is nearest to its own.
    assert verification.recall_at_one(points, np.array([0, 0, 1, 1, 2])) == 1.0
    assert verification.recall_at_one(points, np.array([0, 1, 0, 1, 2])) == 0.0
