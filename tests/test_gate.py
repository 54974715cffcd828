"""How much worse a file may be than its model."""

import math

import numpy as np
import pytest

from pipelines.engine.proof import proof
from pipelines.task import Score

ACCURACY = Score("accuracy", counted=True)


# The gate, by hand. Its bound for a class of n: drop - 1.645 sqrt(drop / n) <= max_drop.


def gate(whole, classes, max_drop=0.01):
    """`whole`: (before, after); `classes`: {label: (before, after, examples)} -> the gate's record."""
    metrics, reference = (
        {
            "accuracy": whole[i],
            "per_class": {
                label: {"accuracy": v[i], "support": v[2]} for label, v in classes.items()
            },
        }
        for i in (1, 0)
    )
    return proof.gate(metrics, reference, ACCURACY, max_drop, "model.tflite")


@pytest.mark.parametrize(
    ("whole", "max_drop", "passed"),
    [
        ((0.90, 0.90), 0.01, True),
        ((0.90, 0.95), 0.0, True),
        ((0.90, 0.895), 0.01, True),
        ((0.90, 0.88), 0.01, False),
        ((0.90, 0.88), 0.05, True),
        ((0.90, math.nan), 1.0, False),
        ((math.nan, 0.9), 1.0, False),
    ],
)
def test_gate_on_the_whole(whole, max_drop, passed):
    record = gate(whole, {}, max_drop)
    assert record["passed"] is passed
    if not passed:
        assert record["reason"].startswith("model.tflite: accuracy went from ")
    assert record["drop"] == pytest.approx(whole[0] - whole[1], nan_ok=True)


@pytest.mark.parametrize(
    ("lost", "examples", "passed"),
    [
        (1, 12, True),  # 0.0833 - 1.645 sqrt(0.0833 / 12) = -0.054
        (2, 12, True),  # 0.1667 - 1.645 sqrt(0.1667 / 12) = -0.027
        (3, 12, False),  # 0.25 - 1.645 sqrt(0.25 / 12) = 0.0126
        (10, 500, True),  # 0.02 - 1.645 sqrt(0.02 / 500) = 0.0096
        (11, 500, False),  # 0.022 - 1.645 sqrt(0.022 / 500) = 0.0111
        (12, 12, False),  # a class that is lost
    ],
)
def test_gate_on_a_class(lost, examples, passed):
    record = gate(
        (0.9, 0.9), {"shirt": (1.0, 1 - lost / examples, examples), "hat": (0.8, 0.8, 40)}
    )
    assert record["passed"] is passed
    assert record["worst_class"] == "shirt"
    assert record["worst_class_drop"] == pytest.approx(lost / examples)
    if not passed:
        assert "class 'shirt' went from 1.000 to" in record["reason"]


def test_gate_names_the_class_that_fell_furthest_beyond_what_its_number_allows():
    record = gate((0.9, 0.9), {"many": (0.9, 0.8, 1000), "few": (1.0, 0.8, 5)})
    assert (record["worst_class"], record["passed"]) == ("many", False)


def test_gate_passes_over_classes_without_examples():
    assert gate((0.9, 0.9), {"none": (0.0, 0.0, 0), "hat": (1.0, 1.0, 3)})["worst_class"] == "hat"


def test_gate_fails_a_class_that_became_nan_wherever_it_stands():
    classes = {"hat": (1.0, 1.0, 12), "shirt": (1.0, math.nan, 12), "shoe": (0.5, 0.5, 12)}
    record = gate((0.9, 0.9), classes)
    assert (record["passed"], record["worst_class"]) == (False, "shirt")
    assert gate((0.9, 0.9), {"hat": (1.0, 1.0, 12), "unknown": (math.nan, math.nan, 12)})["passed"]


def test_gate_passes_over_a_class_that_was_not_judged():
    record = gate((0.9, 0.9), {"hat": (1.0, 0.9, 12), "nothing": (None, None, 0)})
    assert record["passed"]
    assert record["worst_class"] == "hat"


def test_gate_tells_of_the_class_that_fell_furthest_where_all_pass():
    record = gate(
        (0.9, 0.9), {"hat": (1.0, 1.0, 500), "shirt": (1.0, 0.8, 10), "shoe": (0.9, 0.899, 1000)}
    )
    assert record["passed"]
    assert (record["worst_class"], record["worst_class_drop"]) == ("shirt", pytest.approx(0.2))


class Constant:
    """A method of which any answer is right."""

    scores = (ACCURACY,)

    def answer(self, run, inputs, config):
        return run(inputs)

    def evaluate(self, answer, part, config):
        answer({"x": np.zeros((1, 2), np.float32)})
        return {"accuracy": 1.0}

    def difference(self, wanted, got, config):
        return 0.0


@pytest.mark.parametrize(("value", "passed"), [(0.0, True), (math.inf, True), (math.nan, False)])
def test_a_file_that_gives_nan_fails_whatever_it_scores(monkeypatch, tmp_path, value, passed):
    outputs = {"id": np.array([1]), "share": np.array([[1.0, value]], np.float32)}
    monkeypatch.setattr(proof, "predictor", lambda *_: lambda inputs: outputs)
    judged = (tmp_path, "float32", [0], Constant(), None, {"accuracy": 1.0}, None)
    record = proof.prove(*judged)
    assert record["passed"] is passed
    if not passed:
        assert record["reason"] == "model.tflite gives no answer: its output share is NaN"
