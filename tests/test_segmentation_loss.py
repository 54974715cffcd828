import math

import keras
import numpy as np
import pytest

from pipelines.losses.segmentation import SegmentationLoss

P = np.array([0.8, 0.6, 0.3, 0.5])  # probability of class 1 of four pixels
TRUTH = np.array([1, 0, 1, 255])  # the last one is ignored


def _loss_of(terms, truth=TRUTH, p=P, pixel_weights=None, **how):
    logits = np.log(np.stack([1 - p, p], -1)).reshape(1, 2, 2, 2).astype(np.float32)
    targets = np.asarray(truth).reshape(1, 2, 2)
    if pixel_weights is not None:
        targets = np.stack([targets, np.reshape(pixel_weights, (1, 2, 2))], -1).astype(np.float32)
    return float(SegmentationLoss(terms, **how)(targets, {"logits": logits}))


def test_cross_entropy_by_hand():
    wanted = -(math.log(0.8) + math.log(0.4) + math.log(0.3)) / 3
    assert _loss_of({"cross_entropy": 1.0}) == pytest.approx(wanted, rel=1e-5)
    assert _loss_of({"cross_entropy": 0.5}) == pytest.approx(wanted / 2, rel=1e-5)


def test_focal_by_hand():
    parts = [(1 - q) ** 2 * -math.log(q) for q in (0.8, 0.4, 0.3)]
    assert _loss_of({"focal": 1.0}) == pytest.approx(sum(parts) / 3, rel=1e-5)
    assert _loss_of({"focal": 1.0}, gamma=0.0) == pytest.approx(
        _loss_of({"cross_entropy": 1.0}), rel=1e-5
    )


def test_dice_and_jaccard_by_hand():
    # class 0: true pixel 1; soft 0.2, 0.4, 0.7. class 1: true pixels 0 and 2; soft 0.8, 0.6, 0.3.
    # One pixel smooths.
    both, soft, true = (0.4, 1.1), (1.3, 1.7), (1, 2)
    dice = [1 - (2 * b + 1) / (s + t + 1) for b, s, t in zip(both, soft, true, strict=True)]
    jaccard = [1 - (b + 1) / (s + t - b + 1) for b, s, t in zip(both, soft, true, strict=True)]
    assert _loss_of({"dice": 1.0}) == pytest.approx(np.mean(dice), rel=1e-5)
    assert _loss_of({"jaccard": 1.0}) == pytest.approx(np.mean(jaccard), rel=1e-5)
    assert _loss_of({"dice": 2.0, "jaccard": 1.0}) == pytest.approx(
        2 * np.mean(dice) + np.mean(jaccard), rel=1e-5
    )


def test_a_class_that_is_not_there_does_not_count_in_dice():
    one = _loss_of({"dice": 1.0}, truth=[1, 1, 1, 1], p=np.full(4, 0.5))
    assert one == pytest.approx(1 - (2 * 2 + 1) / (2 + 4 + 1), rel=1e-5)


def test_class_and_pixel_weights():
    parts = np.array([-math.log(0.8), -math.log(0.4), -math.log(0.3)])
    classes = _loss_of({"cross_entropy": 1.0}, class_weights=(2.0, 0.5))
    assert classes == pytest.approx((parts * [0.5, 2, 0.5]).sum() / 3, rel=1e-5)
    pixels = _loss_of({"cross_entropy": 1.0}, pixel_weights=[1, 11, 3, 1000])
    assert pixels == pytest.approx((parts * [1, 11, 3]).sum() / 3, rel=1e-5)


def test_an_ignored_pixel_has_no_gradient():
    logits = keras.Variable(np.random.default_rng(0).normal(size=(1, 2, 2, 2)))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = SegmentationLoss(dict.fromkeys(("cross_entropy", "focal", "dice", "jaccard"), 1.0))
        value = loss(TRUTH.reshape(1, 2, 2), {"logits": logits.value})
    gradient = tape.gradient(value, logits.value).numpy()
    assert np.abs(gradient[0, 1, 1]).max() == 0
    assert np.abs(gradient[0, 0]).min() > 0


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_loss_has_a_gradient_where_nothing_is_to_learn(gamma):
    import tensorflow as tf

    logits = tf.constant(
        [[[[0.0, 90.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]]
    )  # certain; ignored
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = SegmentationLoss({"focal": 1.0}, gamma=gamma)(
            TRUTH.reshape(1, 2, 2), {"logits": logits}
        )
    assert np.isfinite(tape.gradient(value, logits).numpy()).all()


def test_a_picture_that_is_ignored_whole_costs_nothing():
    everything = dict.fromkeys(("cross_entropy", "focal", "dice", "jaccard"), 1.0)
    assert _loss_of(everything, truth=[255] * 4) == 0


def test_coarser_levels_count_half_and_learn_from_the_middle_of_their_cells():
    random = np.random.default_rng(0)
    ids = random.integers(0, 3, (2, 8, 8))
    fine, middle, coarse = (random.normal(size=(2, n, n, 3)).astype(np.float32) for n in (8, 4, 2))
    loss = SegmentationLoss({"cross_entropy": 1.0, "dice": 1.0})
    alone = [float(loss(truth, {"logits": z})) for truth, z in
             ((ids, fine), (ids[:, 1::2, 1::2], middle), (ids[:, [2, 6]][:, :, [2, 6]], coarse))]  # fmt: skip
    together = float(loss(ids, {"level2": coarse, "logits": fine, "level1": middle}))
    assert together == pytest.approx((alone[0] + alone[1] / 2 + alone[2] / 4) / 1.75, rel=1e-5)


def test_it_comes_back_from_its_config():
    loss = SegmentationLoss({"dice": 1.0}, (1.0, 2.0), 1.5)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()
