import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from sklearn import metrics as sk

from pipelines.engine.proof import evaluate
from pipelines.metrics import boundary
from pipelines.metrics.boundary import BoundaryF1
from pipelines.metrics.segmentation import Segmentation
from pipelines.metrics.threshold import ThresholdCurve

TRUTH = np.array([[[0, 0, 1], [1, 2, 255]]], np.uint8)
GUESS = np.array([[[0, 1, 1], [1, 0, 2]]])


def _result(metric, truth=TRUTH, **decoded):
    metric.update_state(truth, decoded)
    return metric.result()


def test_worked_out_by_hand():
    found = _result(Segmentation(4), mask=GUESS)
    # rows: true 0: one right, one as 1; true 1: two right; true 2: one as 0; the ignored pixel
    # counts nowhere
    np.testing.assert_array_equal(
        found["matrices"]["confusion"], [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0] * 4]
    )
    np.testing.assert_allclose(found["per_class"]["mean_iou"], [1 / 3, 2 / 3, 0, 0])
    np.testing.assert_allclose(found["per_class"]["dice"], [2 / 4, 4 / 5, 0, 0])
    assert found["mean_iou"] == pytest.approx(1 / 3)  # class 3 is nowhere
    assert found["pixel_accuracy"] == pytest.approx(3 / 5)
    assert found["per_class"]["support"].tolist() == [1, 1, 1, 0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_agrees_with_scikit_learn(seed, classes):
    random = np.random.default_rng(seed)
    truth, guess = random.integers(0, classes, (2, 3, 7, 5))
    metric = Segmentation(classes)
    for i in range(3):  # in batches
        metric.update_state(truth[i : i + 1], {"mask": guess[i : i + 1]})
    found, labels = metric.result(), list(range(classes))
    a, b = truth.reshape(-1), guess.reshape(-1)
    np.testing.assert_array_equal(
        found["matrices"]["confusion"], sk.confusion_matrix(a, b, labels=labels)
    )
    wanted = sk.jaccard_score(a, b, average=None, labels=labels, zero_division=0)
    np.testing.assert_allclose(found["per_class"]["mean_iou"], wanted)
    wanted = sk.f1_score(a, b, average=None, labels=labels, zero_division=0)
    np.testing.assert_allclose(found["per_class"]["dice"], wanted)
    assert found["pixel_accuracy"] == pytest.approx(sk.accuracy_score(a, b))


def test_weights_beside_ids_do_not_count():
    with_weights = np.stack([TRUTH.astype(np.float32), np.full(TRUTH.shape, 7.0)], -1)
    assert _result(Segmentation(3), with_weights, mask=GUESS)["mean_iou"] == pytest.approx(1 / 3)


def test_more_pixels_than_int32_counts():
    metric = Segmentation(2)
    metric.confusion[:] = 3_000_000_000
    assert metric.result()["pixel_accuracy"] == 0.5


def test_an_outline_is_what_touches_the_outside():
    mask = np.zeros((5, 6), bool)
    mask[1:4, 2:] = True
    wanted = mask.copy()
    wanted[2, 3:] = False  # the inside; the picture's edge is no boundary
    np.testing.assert_array_equal(boundary.outline(mask), wanted)


def test_boundary_f1_by_hand():
    truth, guess = np.zeros((2, 20, 20), np.uint8)
    truth[5:15, 5:15], guess[5:15, 6:16] = 1, 1
    assert boundary.f1(truth == 1, truth == 1, 1) == 1
    assert boundary.f1(truth == 1, guess == 1, 1) == 1  # one pixel off, and one is allowed
    far = np.roll(truth, 3, axis=1)
    rows = boundary.outline(truth == 1)
    near = ndimage.distance_transform_cdt(~boundary.outline(far == 1), "chessboard") <= 1
    precision = (rows & near).sum() / rows.sum()
    assert boundary.f1(truth == 1, far == 1, 1) == pytest.approx(
        precision
    )  # shifted copies: both shares are equal
    assert 0 < precision < 1
    assert boundary.f1(np.zeros((4, 4), bool), np.eye(4, dtype=bool), 1) == 0


def test_boundary_metric_leaves_out_what_is_ignored():
    truth = np.zeros((1, 12, 12), np.uint8)
    truth[:, :6] = 1
    guess = truth.copy()
    guess[:, 9:] = 1
    assert _result(BoundaryF1(2), truth, mask=guess)["boundary_f1"] < 1
    truth[:, 8:] = 255
    assert _result(BoundaryF1(2), truth, mask=guess)["boundary_f1"] == 1


def test_threshold_curve_by_brute_force():
    random = np.random.default_rng(0)
    truth = random.choice([0, 1, 255], (2, 8, 8), p=[0.5, 0.4, 0.1])
    p = np.round(np.clip(truth % 2 * 0.3 + random.uniform(0, 0.7, truth.shape), 0, 1), 3)
    found = _result(
        ThresholdCurve(), truth, probabilities=np.stack([1 - p, p], -1).astype(np.float32)
    )
    counted, curve = truth < 2, found["curves"]["threshold"]
    for threshold, iou in zip(curve["x"], curve["y"], strict=True):
        above = p >= threshold
        wanted = (above & (truth == 1)).sum() / ((above | (truth == 1)) & counted).sum()
        assert iou == pytest.approx(wanted), threshold
    assert found["best_threshold_iou"] == max(curve["y"])


def test_the_engine_collects_them():
    made = [Segmentation(3), BoundaryF1(3)]
    for metric in made:
        metric.update_state(TRUTH, {"mask": GUESS})
    found = evaluate.collect(made, ["a", "b", "c"])
    assert list(found)[0] == "mean_iou"
    assert set(found["per_class"]["b"]) == {"mean_iou", "dice", "support", "boundary_f1"}
    assert found["matrices"]["confusion"][1] == [0, 2, 0]
    curve = evaluate.collect([ThresholdCurve()], ["a", "b"])["curves"]["threshold"]
    assert len(curve["x"]) == len(curve["y"]) == 99
