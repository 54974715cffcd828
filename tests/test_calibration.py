import math
import types

import keras
import numpy as np
import pytest

from pipelines import catalog
from pipelines.engine.training import calibration
from pipelines.families.target_kinds import one_class, several
from pipelines.models import temperature

scratch = catalog.method("scratch")


def test_the_factor_of_two_classes_by_hand():
    """Margin 2, 3 of 4 right. Smoothed, 3 * 5/6 + 1/6 of 4 are right: the sigmoid of 2 f is 2/3."""
    logits = np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.0, 2.0]])
    assert temperature.factor(logits, np.array([0, 0, 1, 0])) == pytest.approx(
        math.log(2) / 2, rel=1e-3
    )


def test_a_model_that_is_always_right_is_not_made_certain():
    """12 of 12 right: as sure as 13 of 14."""
    logits, labels = np.tile([[1.0, 0.0]], (12, 1)), np.zeros(12, int)
    factor = temperature.factor(logits, labels)
    assert 1 / (1 + math.exp(-factor)) == pytest.approx(13 / 14, rel=1e-3)


def test_the_factor_is_the_best_of_a_fine_grid():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 60)
    logits = 4 * random.normal(size=(60, 3)) + 3 * np.eye(3)[labels]

    def loss(factor):
        total = 0.0
        for row, label in zip(logits, labels, strict=True):
            odds = np.exp(factor * row)
            for i, chance in enumerate(odds / odds.sum()):
                total -= math.log(chance) * (61 / 62 if i == label else 1 / 62 / 2)
        return total

    grid = np.arange(0.02, 2, 0.002)
    wanted = grid[np.argmin([loss(factor) for factor in grid])]
    assert temperature.factor(logits, labels) == pytest.approx(wanted, abs=0.004)
    assert wanted < 0.9  # else nothing is shown


def test_calibration_changes_no_label():
    """Logits are the inputs of the last layer; half of them are wrong."""
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(3, name="logits", kernel_initializer="identity")(inputs)
    model = keras.Model(inputs, outputs)
    logits = np.tile(np.array([[9.0, 1.0, 0.0], [0.0, 2.0, 8.0]], "float32"), (20, 1))
    targets = np.eye(3, dtype="float32")[[0, 1] * 20]
    answers = [(logits[:15], targets[:15]), (logits[15:], targets[15:])]
    noted = scratch.calibrate(model, answers, scratch.Config())
    after = np.asarray(model(logits))
    np.testing.assert_allclose(after, logits * noted["factor"], rtol=1e-6)
    assert noted["factor"] < 1
    assert noted["log_loss_after"] < noted["log_loss_before"]
    assert scratch.calibrate(model, answers, scratch.Config(calibrated=False)) == {}


class Rows:
    """Held-out rows of raw outputs, as a part has them."""

    def __init__(self, *outputs):
        self.outputs, self.targets = np.array(outputs, np.float32), np.arange(len(outputs))

    def __len__(self):
        return len(self.outputs)

    def batches(self):
        return self

    def as_numpy_iterator(self):
        for rows in (slice(0, 2), slice(2, None)):
            yield self.outputs[rows], self.targets[rows]


@pytest.mark.parametrize("kind", [several.Several(), one_class.OneClass()])
def test_raw_outputs_decode_to_the_answers_that_they_are_made_of(kind):
    outputs = np.array([[2.0, -3.0, 0.5, 0.0]], np.float32)
    decoded = {name: np.asarray(value) for name, value in kind.decode(outputs, None).items()}
    again = kind.decode(kind.raw(decoded, None), None)
    for name, values in decoded.items():
        np.testing.assert_allclose(again[name], values, rtol=1e-5)


def test_what_calibrates_is_the_averaged_answer_to_the_windows_of_a_text():
    """Of the first of two texts, windows of one and of three quarters: 0.25 * 0.9 + 0.75 * 0.1."""
    kind, part = several.Several(), Rows([math.log(9), 0.0], [-math.log(9), 0.0], [0.0, 0.0])

    def predict(outputs):
        return {name: np.asarray(value) for name, value in kind.decode(outputs, None).items()}

    method = types.SimpleNamespace(
        raw=kind.raw,
        parts=lambda part, config: (np.array([4, 4, 7]), np.array([0.25, 0.75, 1.0])),
    )
    ((outputs, targets),) = calibration._answers(predict, part, method, None)
    np.testing.assert_allclose(outputs, [[math.log(0.3 / 0.7), 0], [0, 0]], atol=1e-5)
    assert targets.tolist() == [0, 2]


def test_a_run_is_calibrated_on_its_validation_split(trained):
    """What run.json notes down is what the saved model reaches."""
    noted, total = trained.info["calibration"], 0.0
    part = trained.split("validation")
    for inputs, targets in part.batches().as_numpy_iterator():
        chances = keras.ops.softmax(trained.model.predict_on_batch(inputs))
        total -= np.log(np.asarray(chances)[targets.astype(bool)]).sum()
    assert noted["log_loss_after"] == pytest.approx(total / len(part), rel=1e-4)
    assert noted["log_loss_before"] != pytest.approx(noted["log_loss_after"], rel=1e-3)
