import json

import numpy as np
import pytest
import sklearn.metrics

from pipelines.engine.proof import evaluate
from pipelines.metrics.calibration import CalibrationError
from pipelines.metrics.classification import Classification
from pipelines.metrics.probabilities import Probabilities
from pipelines.metrics.top_k import TopK

LABELS = ["a", "b", "c", "d", "e", "f"]


def predictions(count=203, classes=6, absent=(), seed=0):
    """(true ids, one-hot targets, probabilities); no example and no prediction has an id of `absent`."""
    random = np.random.default_rng(seed)
    present = [c for c in range(classes) if c not in absent]
    truth = random.choice(present, count)
    logits = random.normal(size=(count, classes)) + 1.5 * np.eye(classes)[truth]
    logits[:, list(absent)] = -9
    odds = np.exp(logits)
    return (
        truth,
        np.eye(classes, dtype="float32")[truth],
        (odds / odds.sum(1, keepdims=True)).astype("float32"),
    )


def collected(metric, targets, probabilities, batch=50):
    for i in range(0, len(targets), batch):
        metric.update_state(targets[i : i + batch], {"probabilities": probabilities[i : i + batch]})
    return evaluate.collect([metric], LABELS[: targets.shape[1]])


@pytest.mark.parametrize("absent", [(), (2,)])
def test_accuracy_precision_recall_and_f1_are_scikit_learns(absent):
    truth, targets, probabilities = predictions(absent=absent)
    guess, result = probabilities.argmax(1), collected(Classification(6), targets, probabilities)
    assert 0.3 < result["accuracy"] < 0.9  # else nothing is shown
    assert result["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(truth, guess))
    for name in ("precision", "recall", "f1"):
        score = getattr(sklearn.metrics, f"{name}_score")
        assert result[f"macro_{name}"] == pytest.approx(
            score(truth, guess, average="macro"), rel=1e-6
        )
        by_class = score(truth, guess, average=None, labels=range(6), zero_division=0)
        found = [row[name] for row in result["per_class"].values()]
        assert [i for i, value in enumerate(found) if value is None] == list(absent)
        judged = [value for value in found if value is not None]
        assert judged == pytest.approx(
            np.delete(by_class, np.array(absent, int)).tolist(), rel=1e-6
        )
    wanted = sklearn.metrics.confusion_matrix(truth, guess, labels=range(6))
    assert result["matrices"]["confusion"] == wanted.tolist()
    assert [v["support"] for v in result["per_class"].values()] == wanted.sum(1).tolist()
    assert list(result["per_class"]) == LABELS


def test_accuracy_of_a_class_is_its_recall():
    result = collected(Classification(6), *predictions()[1:])
    assert [v["accuracy"] for v in result["per_class"].values()] == [
        v["recall"] for v in result["per_class"].values()
    ]


def test_without_examples_all_is_zero():
    result = evaluate.collect([Classification(6), CalibrationError()], LABELS)
    assert result["accuracy"] == result["macro_f1"] == result["calibration_error"] == 0


def test_a_class_without_examples_is_not_judged():
    """Two classes of three are seen; the third is answered once, wrongly."""
    targets = np.eye(3, dtype="float32")[[0, 0, 1]]
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.2, 0.6, 0.2]], "float32")
    result = evaluate_classes(targets, probabilities)
    assert result["a"] == {
        "accuracy": 0.5, "recall": 0.5, "precision": 1, "f1": pytest.approx(2 / 3), "support": 2,
    }  # fmt: skip
    nothing = dict.fromkeys(("accuracy", "recall", "precision", "f1"))
    assert result["c"] == {**nothing, "support": 0}
    assert '"f1": null' in json.dumps(result["c"])


def evaluate_classes(targets, probabilities):
    metric = Classification(3)
    metric.update_state(targets, {"probabilities": probabilities})
    return evaluate.collect([metric], list("abc"))["per_class"]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_is_scikit_learns(k):
    truth, targets, probabilities = predictions()
    result = collected(TopK(k), targets, probabilities)
    wanted = sklearn.metrics.top_k_accuracy_score(truth, probabilities, k=k)
    assert result == {f"top{k}_accuracy": pytest.approx(wanted)}


def test_calibration_error_by_hand():
    # Two bins. (0, 0.5]: confidence 0.5, right: |1 - 0.5| * 1/4.
    # (0.5, 1]: confidences 0.9, 0.8, 0.7, two of three right: |2/3 - 0.8| * 3/4.
    probabilities = np.array(
        [[0.5, 0.3, 0.2], [0.9, 0.1, 0], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]], "float32"
    )
    targets = np.eye(3, dtype="float32")[[0, 0, 1, 0]]
    result = collected(CalibrationError(bins=2), targets, probabilities, batch=3)
    assert result["calibration_error"] == pytest.approx(0.5 / 4 + (0.8 - 2 / 3) * 3 / 4, rel=1e-5)


def test_calibration_error_against_a_loop_over_15_bins():
    truth, targets, probabilities = predictions(500)
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    wanted = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            wanted += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert collected(CalibrationError(), targets, probabilities)[
        "calibration_error"
    ] == pytest.approx(wanted, rel=1e-5)


def test_a_perfectly_sure_and_right_model_has_no_calibration_error():
    assert (
        collected(CalibrationError(), np.eye(6), np.eye(6, dtype="float32"))["calibration_error"]
        == 0
    )


@pytest.mark.parametrize("classes", [2, 6])
def test_auc_and_log_loss_are_scikit_learns(classes):
    truth, targets, probabilities = predictions(classes=classes)
    probabilities = np.round(probabilities, 2)  # so that some are equal
    probabilities /= probabilities.sum(1, keepdims=True)
    result = collected(Probabilities(), targets, probabilities)
    by_class = [
        sklearn.metrics.roc_auc_score(truth == i, probabilities[:, i]) for i in range(classes)
    ]
    assert result["auc"] == pytest.approx(np.mean(by_class), abs=1e-9)
    found = [row["auc"] for row in result["per_class"].values()]
    assert found == pytest.approx(by_class, abs=1e-9)
    wanted = sklearn.metrics.log_loss(truth, probabilities, labels=range(classes))
    assert result["log_loss"] == pytest.approx(wanted, rel=1e-5)


def test_a_class_that_nothing_is_compared_with_has_no_auc():
    targets = np.eye(3, dtype="float32")[[0, 0, 1]]
    chances = np.array([[0.8, 0.1, 0.1], [0.3, 0.5, 0.2], [0.4, 0.4, 0.2]], "float32")
    result = collected(Probabilities(), targets, chances)
    # Of the first class one of two pairs is in order; of the second 0.4 > 0.1 and 0.4 < 0.5.
    assert result["auc"] == pytest.approx(0.5)
    assert np.isnan(result["per_class"]["c"]["auc"])
    curve = result["curves"]["calibration"]
    assert (curve["x"], curve["y"]) == (pytest.approx([0.4, 0.5, 0.8]), [0, 0, 1])
