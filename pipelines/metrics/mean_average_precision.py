"""Mean average precision in COCO's protocol, computed by COCO's own code (pycocotools)."""

import collections
import contextlib
import io
import types
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors

# COCO's areas behind that of all boxes: below 32 x 32, 96 x 96, and above, pixels of the original.
SIZES = ("small", "medium", "large")
HALF = 0  # index of IoU 0.50 among COCO's thresholds 0.50, 0.55, ... 0.95
RECALLS = np.linspace(0, 1, 101)


class MeanAveragePrecision(keras.metrics.Metric):
    """Boxes found against boxes there -> map50 and the other figures of COCO.

    targets: {"boxes": (B, N, 4) yxyx in [0, 1] of the square, "labels": (B, N), -1 behind the last,
        "crowd": (B, N), "size": (B, 2) height and width of the original picture, pixels}
    decoded: {"boxes": (B, K, 4), "scores": (B, K), "classes": (B, K), "count": (B,)}
    Both are measured in pixels of the original: IoU is the same in the letterbox, which scales both
    sides alike, but the areas of `small`, `medium` and `large` are not.

    The result: `map50` and `map50_95` (IoU 0.50, and the mean of 0.50 to 0.95), also by size;
    `map75`; `recall`, the mean over IoUs of the highest recall with all detections; `f1`,
    `precision_f1` and `recall_f1` at the score `score_f1` at which F1 at IoU 0.50, the mean of the
    classes, is best; `per_class` with `support`, its number of boxes. A class without boxes counts
    in no mean, and is 0 by itself; a size without boxes is left out. `confusion` (C + 1, C + 1),
    the last row and column for background, pairs boxes at IoU 0.50 among those with that score or
    more. A curve per class: precision by recall at IoU 0.50.
    """

    def __init__(
        self,
        labels: Sequence[str],
        detections: int = 100,
        name: str = "mean_average_precision",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.labels, self.detections = tuple(labels), detections
        self.reset_state()

    def reset_state(self) -> None:
        # Keras would follow every list and dict that it sees.
        self._boxes = types.SimpleNamespace(truth=[], found=[])
        self._pictures = 0

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        targets, decoded = keras.tree.map_structure(np.asarray, (dict(targets), dict(decoded)))
        for i in range(len(targets["size"])):
            self._pictures += 1
            scale = float(max(targets["size"][i]))
            self._add_truth(*(targets[name][i] for name in ("boxes", "labels", "crowd")), scale)
            found = slice(0, int(decoded["count"][i]))
            self._add_found(
                *(decoded[name][i, found] for name in ("boxes", "classes", "scores")), scale
            )

    def _add_truth(
        self, boxes: np.ndarray, labels: np.ndarray, crowd: np.ndarray, scale: float
    ) -> None:
        """The true boxes of one picture, whose longer side is `scale` pixels."""
        for i in np.flatnonzero(labels >= 0):
            record = self._record(labels[i], boxes[i], scale)
            self._boxes.truth.append(
                {**record, "id": len(self._boxes.truth) + 1, "iscrowd": int(crowd[i])}
            )

    def _add_found(
        self, boxes: np.ndarray, classes: np.ndarray, scores: np.ndarray, scale: float
    ) -> None:
        """The predicted boxes of one picture."""
        for i, score in enumerate(scores.tolist()):
            record = self._record(classes[i], boxes[i], scale)
            # What COCO's `loadRes` adds, which refuses an empty list.
            self._boxes.found.append(
                {**record, "id": len(self._boxes.found) + 1, "iscrowd": 0, "score": score}
            )

    def _record(self, label: int, box: np.ndarray, scale: float) -> dict:
        """A box of the last picture, yxyx in [0, 1], as COCO has it: x, y, width, height,
        pixels."""
        ymin, xmin, ymax, xmax = (float(v) * scale for v in box)
        height, width = ymax - ymin, xmax - xmin
        return {
            "image_id": self._pictures,
            "category_id": int(label) + 1,
            "bbox": [xmin, ymin, width, height],
            "area": width * height,
        }

    def result(self) -> dict:
        precision, recall, scores = self._coco()
        half = precision[HALF, :, :, 0]
        f1, best_score = _best_f1(half, scores[HALF, :, :, 0])
        support = np.zeros(len(self.labels))
        for box in self._boxes.truth:
            support[box["category_id"] - 1] += not box["iscrowd"]
        return {
            "map50": _mean(half),
            "map50_95": _mean(precision[..., 0]),
            "map75": _mean(precision[5, :, :, 0]),
            **_by_size(precision),
            "recall": _mean(recall[:, :, 0]),
            **f1,
            "per_class": {
                "map50": _means(half),
                "map50_95": _means(precision[..., 0]),
                "recall": _means(recall[:, :, 0]),
                "support": support,
            },
            "matrices": {"confusion": self._confusion(best_score)},
            "curves": self._curves(half, support),
        }

    def _curves(self, precision: np.ndarray, support: np.ndarray) -> dict[str, dict]:
        """A curve for each class with boxes. precision: (R, K) at RECALLS."""
        curves = {}
        for k in np.flatnonzero(support):
            curves[self.labels[k]] = {
                "x": RECALLS.tolist(),
                "y": np.maximum(precision[:, k], 0).tolist(),
                "x_label": "recall",
                "y_label": "precision",
            }
        return curves

    def _coco(self) -> list[np.ndarray]:
        """COCO's precision (T, R, K, A), recall (T, K, A), scores (T, R, K, A); -1 without a
        box."""
        from pycocotools.coco import COCO

        from pipelines.metrics.coco import Judge

        if not self._pictures:
            thresholds, classes, areas = 10, len(self.labels), len(SIZES) + 1
            shape = (thresholds, len(RECALLS), classes, areas)
            return [-np.ones(shape), -np.ones((thresholds, classes, areas)), -np.ones(shape)]
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
            truth = COCO()
            truth.dataset = {
                "images": [{"id": i} for i in range(1, self._pictures + 1)],
                "categories": [{"id": k} for k in range(1, len(self.labels) + 1)],
                "annotations": [dict(box) for box in self._boxes.truth],
            }
            truth.createIndex()
            found = COCO()
            found.dataset = {
                **truth.dataset,
                "annotations": [dict(box) for box in self._boxes.found],
            }
            found.createIndex()
            judge = Judge(truth, found, "bbox")
            judge.params.maxDets = [self.detections]
            judge.evaluate()
            judge.accumulate()
        return [judge.eval[name][..., 0] for name in ("precision", "recall", "scores")]

    def _confusion(self, least_score: float) -> np.ndarray:
        """Counts (C + 1, C + 1): truth in rows, predictions in columns, the last is background."""
        background = len(self.labels)
        matrix = np.zeros((background + 1,) * 2, np.int64)
        truth = _by_picture(box for box in self._boxes.truth if not box["iscrowd"])
        found = _by_picture(box for box in self._boxes.found if box["score"] >= least_score)
        for picture in truth.keys() | found.keys():
            for cell in _cells(truth[picture], found[picture], background):
                matrix[cell] += 1
        return matrix


def _by_picture(boxes: Iterable[dict]) -> dict[int, list[dict]]:
    pictures = collections.defaultdict(list)
    for box in boxes:
        pictures[box["image_id"]].append(box)
    return pictures


def _cells(truth: list[dict], found: list[dict], background: int) -> list[tuple[int, int]]:
    """(true class, predicted class) of one picture's pairs, and of each box without a partner."""
    pairs = _pairs([box["bbox"] for box in truth], [box["bbox"] for box in found])
    true = dict(enumerate(box["category_id"] - 1 for box in truth))
    guessed = dict(enumerate(box["category_id"] - 1 for box in found))
    cells = [(true.pop(i), guessed.pop(j)) for i, j in pairs]
    cells += [(label, background) for label in true.values()]
    return cells + [(background, label) for label in guessed.values()]


def _by_size(precision: np.ndarray) -> dict[str, float]:
    """Figures by size; not of a size without boxes, as 0 would say that none was found."""
    figures = {}
    for a, size in enumerate(SIZES, 1):
        half = precision[HALF, :, :, a]
        if (half > -1).any():
            figures[f"map50_{size}"] = _mean(half)
            figures[f"map50_95_{size}"] = _mean(precision[..., a])
    return figures


def _means(values: np.ndarray) -> np.ndarray:
    """The mean of each class, which is the last axis."""
    return np.array([_mean(values[..., k]) for k in range(values.shape[-1])])


def _mean(values: np.ndarray) -> float:
    """Mean of what COCO computed; 0 if it had nothing to judge, which it marks by -1."""
    values = values[values > -1]
    return float(values.mean()) if values.size else 0.0


def _best_f1(precision: np.ndarray, scores: np.ndarray) -> tuple[dict[str, float], float]:
    """({"f1", "precision_f1", "recall_f1", "score_f1"}, score), where the classes' mean F1 is best.

    precision, scores: (R, K) at the recalls 0, 0.01, ... 1. At each score a class has the highest
    recall at which its score is no lower.
    """
    judged = np.flatnonzero((precision > -1).any(0))
    best = {"f1": 0.0, "precision_f1": 0.0, "recall_f1": 0.0, "score_f1": 0.0}
    for score in np.unique(scores[:, judged][scores[:, judged] > 0]):
        reached = (scores[:, judged] >= score) & (precision[:, judged] > 0)
        at = reached.cumprod(0).sum(0) - 1
        p = np.where(at >= 0, precision[np.maximum(at, 0), judged], 0.0)
        r = np.where(at >= 0, RECALLS[np.maximum(at, 0)], 0.0)
        f1 = float(np.mean(2 * p * r / np.maximum(p + r, 1e-9)))
        if f1 > best["f1"]:
            best = {
                "f1": f1,
                "precision_f1": p.mean(),
                "recall_f1": r.mean(),
                "score_f1": float(score),
            }
    return best, best["score_f1"]


def _pairs(truth: list[list[float]], found: list[list[float]]) -> list[tuple[int, int]]:
    """Pairs (i, j) of boxes with an IoU of 0.5 or more, the largest first, of whatever class."""
    from pycocotools import mask

    if not truth or not found:
        return []
    overlap = np.asarray(mask.iou(np.array(found), np.array(truth), [0] * len(truth)))
    pairs = []
    while overlap.max() >= 0.5:
        j, i = np.unravel_index(overlap.argmax(), overlap.shape)
        pairs.append((int(i), int(j)))
        overlap[j], overlap[:, i] = 0, 0
    return pairs
