"""A softmax over some of the items: what is drawn, and that its sum is that over all."""

import keras
import numpy as np
import pytest
from keras import ops

from pipelines.losses import multinomial
from pipelines.models import sampled_softmax, unseen


def built(layer, *shape):
    layer.build(shape)
    return layer


def test_in_use_all_items_are_scored():
    layer = built(sampled_softmax.ItemVectors(5, 2), None, 3)
    layer.biases.assign([0, 1, 2, 3, 4])
    users = np.ones((2, 3), np.float32)
    wanted = users @ np.asarray(layer.table).T + np.arange(5)
    np.testing.assert_allclose(layer(users), wanted, atol=1e-6)


def test_in_training_some_are_drawn_the_frequent_ones_more_often():
    layer = built(sampled_softmax.ItemVectors(4, 2), None, 3)
    layer.draw_by(np.array([1, 1, 1, 400]))
    drawn = np.zeros(4)
    for _ in range(60):
        scores = np.asarray(layer(np.zeros((2, 3), np.float32), training=True))
        is_drawn = scores[0] > multinomial.HIDDEN
        assert is_drawn.sum() == 2
        assert (scores[:, ~is_drawn] == np.float32(unseen.LOWEST)).all()
        # Two draws with the shares 1/23 and 20/23: the frequent item is there anyway.
        wanted = np.where(np.arange(4) == 3, 0.0, -np.log(2 / 23))
        np.testing.assert_allclose(scores[0, is_drawn], wanted[is_drawn], atol=1e-5)
        drawn += is_drawn
    assert drawn[3] > 50 > drawn[:3].max()


def test_the_corrected_sum_is_that_over_all_items_in_the_mean():
    layer = built(sampled_softmax.ItemVectors(200, 40), None, 1)
    chance = np.random.default_rng(0)
    layer.draw_by(chance.integers(1, 50, 200))
    layer.biases.assign(chance.normal(size=200))
    users = np.zeros((1, 1), np.float32)
    whole = np.exp(np.asarray(layer(users))).sum()
    sums = []
    for _ in range(200):
        scores = np.asarray(layer(users, training=True))
        sums.append(np.exp(scores[scores > multinomial.HIDDEN]).sum())
    assert np.mean(sums) == pytest.approx(whole, rel=0.08)


def test_gradients_reach_the_vectors_of_drawn_items_alone():
    layer = sampled_softmax.ItemTower(width=2, items=6, sampled=3)
    inputs = keras.Input((4,))
    net = keras.Model(inputs, layer(inputs))
    layer.features.assign(np.ones((6, 2)))
    net.compile("sgd", multinomial.Multinomial())
    before = np.asarray(layer.table).copy()
    net.train_on_batch(np.ones((2, 4)), np.ones((2, 7)))
    moved = (np.asarray(layer.table) != before).any(1)
    assert moved.sum() == 3
    assert not ops.any(layer.features != 1)
