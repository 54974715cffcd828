import keras
import numpy as np
import pytest

from pipelines.losses.cross_entropy import CrossEntropy

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(scale=3, size=(7, 4)).astype("float32")
TARGETS = np.eye(4, dtype="float32")[RANDOM.integers(0, 4, 7)]
SOFT = RANDOM.dirichlet(np.ones(4), 7).astype("float32")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("targets", [TARGETS, SOFT], ids=["one-hot", "soft"])
def test_it_is_keras_categorical_cross_entropy(targets, smoothing):
    wanted = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)(
        targets, LOGITS
    )
    assert float(CrossEntropy(smoothing)(targets, LOGITS)) == pytest.approx(float(wanted), rel=1e-5)


def test_class_weights_by_hand():
    # Logits of zero: every class has probability 1/2, and its logarithm is -ln 2.
    loss = CrossEntropy(class_weights=(3.0, 0.5))
    targets = np.array([[1, 0], [0, 1], [0.5, 0.5]], "float32")
    assert loss.call(targets, np.zeros((3, 2), "float32")).numpy() == pytest.approx(
        np.log(2) * np.array([3, 0.5, 1.75]), rel=1e-6
    )


def test_smoothing_comes_before_the_weights():
    # Target (1, 0) smoothed by 0.2 is (0.9, 0.1): 3 * 0.9 + 0.5 * 0.1 = 2.75.
    loss = CrossEntropy(0.2, (3.0, 0.5)).call(
        np.array([[1, 0]], "float32"), np.zeros((1, 2), "float32")
    )
    assert float(loss[0]) == pytest.approx(2.75 * np.log(2), rel=1e-6)


def test_large_logits_stay_finite():
    loss = CrossEntropy(0.1)(
        np.eye(2, dtype="float32"), np.array([[1e4, -1e4], [1e4, -1e4]], "float32")
    )
    assert float(loss) == pytest.approx(
        1e4, rel=1e-5
    )  # 0.05 * 2e4 for the right one, 0.95 * 2e4 for the other; halved


def test_it_comes_back_from_its_config():
    loss = CrossEntropy(0.1, (1.0, 2.0, 3.0, 4.0))
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(again(TARGETS, LOGITS)) == float(loss(TARGETS, LOGITS))
