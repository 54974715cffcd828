"""Scores of what a generator makes, worked out by hand or by SciPy, and the small classifier behind them."""

import numpy as np
import pytest
import scipy.linalg
from sklearn.datasets import load_digits

from pipelines.errors import PipelineError
from pipelines.metrics import copies, frechet, made_pictures, manifold
from pipelines.models import class_judge, picture_features


def test_frechet_distance_is_that_of_gaussians():
    random = np.random.default_rng(0)
    x, y = random.normal(0, 1, (50, 4)), random.normal(1, 2, (40, 4)) @ random.normal(size=(4, 4))
    c, d = np.cov(x.T), np.cov(y.T)
    root = scipy.linalg.sqrtm(c @ d).real
    wanted = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(c + d - 2 * root)
    assert frechet.distance(x, y) == pytest.approx(wanted, rel=1e-8)
    assert frechet.distance(x, x) == pytest.approx(0, abs=1e-9)
    # In one dimension (m - n)^2 + (s - t)^2: means 0 and 3, variances 2 and 8.
    one, other = np.array([[-1.0], [1.0]]), np.array([[1.0], [5.0]])
    assert frechet.distance(one, other) == pytest.approx(9 + (np.sqrt(2) - np.sqrt(8)) ** 2)
    # Single pictures: their distance.
    assert frechet.distance(np.zeros((1, 3)), np.ones((1, 3))) == pytest.approx(3)


def test_few_pictures_make_the_distance_larger():
    random = np.random.default_rng(0)
    few, many = (
        np.mean([frechet.distance(*random.normal(size=(2, n, 8))) for _ in range(5)])
        for n in (20, 500)
    )
    assert few > 5 * many > 0


def test_precision_and_recall_by_hand():
    # On a line: the third nearest of 0, 1, 2, 3 is 3, 2, 2 and 3 away.
    real = np.array([[0.0], [1.0], [2.0], [3.0]])
    np.testing.assert_array_equal(manifold.reach(real), [3, 2, 2, 3])
    # 6 is within reach of 3 alone, 7 of none. The reaches of what was made, 6, 6.5, 7, 7.5, are
    # 1.5, 1, 1 and 1.5: none comes down to 3.
    made = np.array([[6.0], [6.5], [7.0], [7.5]])
    assert manifold.precision_and_recall(real, made) == (0.25, 0.0)
    # One of four real ones is made, again and again: all that is made looks real.
    assert manifold.precision_and_recall(real, np.full((4, 1), 2.0)) == (1.0, 0.25)
    np.testing.assert_array_equal(manifold.reach(real[:1]), [0])


def test_what_is_nearer_to_training_than_real_pictures_counts_as_copied():
    training = np.array([[0.0, 0.0], [10.0, 0.0]])
    near = copies.nearness(training, np.array([[3.0, 4.0], [10.0, 1.0]]))
    np.testing.assert_allclose(near, [5, 1])
    real = np.arange(1.0, 12.0)  # its tenth part is 2
    assert copies.share_near(real, np.array([0.0, 2.0, 2.5, 9.0])) == 0.5
    assert copies.share_near(real, real) == pytest.approx(2 / 11)


def pictures(rows):
    return np.asarray(rows, np.float32).reshape(-1, 1, 2, 1)


def metric(**more):
    def flat(shown):
        return np.reshape(shown, (len(shown), -1))

    return made_pictures.MadePictures(flat, flat, **more)


def test_all_scores_of_two_crowds_in_two_batches():
    real = pictures([[0, 0], [0, 1], [1, 0], [1, 1]] * 8)
    made = pictures([[0, 0], [0, 0.5], [0, 0], [0, 0.5]] * 8)
    judge = metric(
        training=np.array([[0.0, 0.5]]),
        classes=lambda shown: (shown[:, 0, 0, 0] > 0.5).astype(int),
        labels=["left", "right"],
    )
    for half in (slice(0, 6), slice(6, 32)):
        judge.update_state({"image": real[half]}, {"made": made[half]})
    found = judge.result()
    flat = [x.reshape(32, 2).astype(float) for x in (real, made)]
    assert found["frechet_distance"] == pytest.approx(frechet.distance(*flat))
    assert found["frechet_pictures"] == 32
    # Variances by axis: 1/4 and 1/4 of the real ones, 0 and 1/16 of what was made.
    assert found["spread"] == pytest.approx((1 / 16) / (1 / 2))
    # Real ones are 0.5, 0.5, 1.1 and 1.1 away, the nearest tenth 0.5; of made ones all are so near.
    assert found["copied_share"] == 1.0
    assert found["rarest_class"] == 0.0
    np.testing.assert_array_equal(found["per_class"]["share"], [1, 0])
    np.testing.assert_array_equal(found["per_class"]["real_share"], [0.5, 0.5])
    judge.reset_state()
    assert judge.result() == {"frechet_distance": 0.0}


def test_what_real_pictures_cannot_say_is_left_out():
    judge = metric(classes=lambda shown: np.zeros(len(shown), int), labels=["one"])
    alike = {"image": pictures([[0, 1]] * 14)}
    judge.update_state(alike, {"made": pictures([[0, 1], [1, 0]] * 7)})
    assert not {"spread", "rarest_class"} & set(judge.result())  # 14 pictures, all alike
    judge.update_state({"image": pictures([[1, 1]])}, {"made": pictures([[1, 1]])})
    assert {"spread", "rarest_class"} <= set(judge.result())


def test_how_likely_a_share_is_by_chance():
    random = np.random.default_rng(0)
    reached = [copies.share_near(*random.random((2, 20))) for _ in range(4000)]
    for share in (0.2, 0.3, 0.4):
        often = np.mean([value >= share - 1e-9 for value in reached])
        assert often <= copies.chance(share, 20) + 0.01
        assert copies.chance(share, 20) < 3 * often + 0.01
    assert copies.chance(1.0, 1) == pytest.approx(0.5)


def test_scores_without_classes_and_training_pictures():
    judge = metric()
    judge.update_state({"image": pictures([[0, 0], [1, 1]])}, {"made": pictures([[0, 0], [1, 1]])})
    found = judge.result()
    assert found["spread"] == pytest.approx(1)
    assert not {"copied_share", "per_class"} & set(found)


def test_the_judge_knows_digits_and_is_the_same_after_it_was_written():
    digits = load_digits()
    shown, labels = digits.images[..., None] / 16, digits.target
    judge = class_judge.found(shown[:1200], labels[:1200], seed=0)
    assert (judge.classes(shown[1200:1500]) == labels[1200:1500]).mean() > 0.9
    # By hand: two layers of ReLU on the pixels.
    x = shown[:5].reshape(5, 64)
    for kernel, bias in zip(judge.kernels[:2], judge.biases[:2], strict=True):
        x = np.maximum(x @ kernel + bias, 0)
    np.testing.assert_allclose(judge.features(shown[:5]), x)
    again = class_judge.read(class_judge.written(judge))
    for one, other in zip(judge.kernels + judge.biases, again.kernels + again.biases, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_judge_of_two_classes_and_of_large_pictures():
    random = np.random.default_rng(0)
    shown = random.uniform(0, 0.4, (60, 32, 32, 3)).astype(np.float32)
    labels = np.arange(60) % 2 * 2  # ids 0 and 2: no picture of class 1
    shown[labels == 2] += 0.5
    judge = class_judge.found(shown, labels, seed=0)
    np.testing.assert_array_equal(judge.classes(shown), labels)
    assert judge.features(shown).shape == (60, 32)
    assert class_judge.reduced(shown).shape == (60, 14 * 14 * 3)


def test_a_damaged_judge_is_told():
    shown = np.random.default_rng(0).uniform(size=(12, 4, 4, 1))
    lines = class_judge.written(class_judge.found(shown, np.arange(12) % 2, seed=0))
    shape, content = lines[1].split(": ")
    damaged = [
        lines[:5],
        lines[::-1],
        ["", *lines[1:]],
        [lines[0], f"{shape}: {content[:-8]}", *lines[2:]],
        [lines[0], f"{shape}: !", *lines[2:]],
        [lines[0], f"64 -1: {content}", *lines[2:]],
        [lines[0], "64 33: AAAA", *lines[2:]],
        [*lines[:5], "2: AADAfwAAAAA="],  # not a number
    ]
    for case in damaged:
        with pytest.raises(PipelineError, match=r"the judge of this model is damaged \("):
            class_judge.read(case)


def test_pixels_as_features_are_means_of_squares():
    shown = np.zeros((1, 16, 16, 1), np.float32)
    shown[0, :2, :2] = 1
    features = np.asarray(picture_features.named("pixels")(shown))
    assert features.shape == (1, 64)
    assert features[0, 0] == features.max() > 0.4
