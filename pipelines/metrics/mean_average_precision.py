"""Mean average precision in COCO's protocol, computed by COCO's own code (pycocotools)."""

import contextlib
import io

import keras
import numpy as np

SIZES = (
    "all",
    "small",
    "medium",
    "large",
)  # COCO's areas: below 32 x 32, 96 x 96, and above, in pixels of the original
HALF = 0  # index of IoU 0.50 among COCO's thresholds 0.50, 0.55, ... 0.95
RECALLS = np.linspace(0, 1, 101)


class MeanAveragePrecision(keras.metrics.Metric):
    """Boxes found against boxes there -> map50 and the other figures of COCO.

    targets: {"boxes": (B, N, 4) yxyx in [0, 1] of the square, "labels": (B, N), -1 behind the last,
        "crowd": (B, N),
    "size": (B, 2) height and width of the original picture, pixels}; decoded: {"boxes": (B, K, 4),
        "scores": (B, K),
    "classes": (B, K), "count": (B,)}. Both are measured in pixels of the original: IoU is the same
    in the letterbox, which scales both sides alike, but the areas of `small`, `medium` and `large`
    are not.

    The result: `map50` and `map50_95` (IoU 0.50, and the mean of 0.50 to 0.95), also by size;
    `map75`; `recall`, the mean over IoUs of the highest recall with all detections; `f1`,
    `precision_f1` and `recall_f1` at the score `score_f1` where F1 at IoU 0.50, the mean of the
    classes, is best; `per_class` with `support`, its number of boxes. A class without boxes counts
    in no mean, and is 0 by itself; a size without boxes is left out. `confusion` (C + 1, C + 1),
    the last row and column for background, pairs boxes at IoU 0.50 among those with that score or
    more. A curve per class: precision by recall at IoU 0.50.
    """

    def __init__(self, labels, detections=100, name="mean_average_precision", **kwargs):
        super().__init__(name=name, **kwargs)
        self.labels, self.detections = tuple(labels), detections
        self.reset_state()

    def reset_state(self):
        self._truth, self._found, self._pictures = [], [], 0

    def update_state(self, targets, decoded, sample_weight=None):
        targets, decoded = keras.tree.map_structure(np.asarray, (dict(targets), dict(decoded)))
        for i, size in enumerate(targets["size"]):
            scale = float(max(size))
            self._pictures += 1
            for box, label, crowd in zip(
                *(targets[k][i] for k in ("boxes", "labels", "crowd")), strict=True
            ):
                if label >= 0:
                    place = _place(box, scale)
                    record = {
                        "id": len(self._truth) + 1,
                        "area": place[2] * place[3],
                        "iscrowd": int(crowd),
                    }
                    self._truth.append(self._record(label, place) | record)
            for j in range(int(decoded["count"][i])):
                place = _place(decoded["boxes"][i, j], scale)
                record = {"score": float(decoded["scores"][i, j])}
                self._found.append(self._record(decoded["classes"][i, j], place) | record)

    def result(self):
        precision, recall, scores = self._coco()
        support = np.zeros(len(self.labels))
        for box in self._truth:
            support[box["category_id"] - 1] += not box["iscrowd"]
        by_size = {}
        for a, size in enumerate(SIZES):
            end = "" if size == "all" else f"_{size}"
            if size != "all" and not (precision[HALF, :, :, a] > -1).any():
                continue  # no box of this size: 0 would say that none was found
            by_size[f"map50{end}"] = _mean(precision[HALF, :, :, a])
            by_size[f"map50_95{end}"] = _mean(precision[:, :, :, a])
        f1, best = _best_f1(precision[HALF, :, :, 0], scores[HALF, :, :, 0])

        def per_class(values):
            return np.array([_mean(values[..., k]) for k in range(len(self.labels))])

        curves = {
            label: {
                "x": RECALLS.tolist(),
                "y": np.maximum(precision[HALF, :, k, 0], 0).tolist(),
                "x_label": "recall",
                "y_label": "precision",
            }
            for k, label in enumerate(self.labels)
            if support[k]
        }
        return {
            "map50": by_size.pop("map50"),
            "map50_95": by_size.pop("map50_95"),
            "map75": _mean(precision[5, :, :, 0]),
            **by_size,
            "recall": _mean(recall[:, :, 0]),
            **f1,
            "per_class": {
                "map50": per_class(precision[HALF, :, :, 0]),
                "map50_95": per_class(precision[:, :, :, 0]),
                "recall": per_class(recall[:, :, 0]),
                "support": support,
            },
            "matrices": {"confusion": self._confusion(best)},
            "curves": curves,
        }

    def _record(self, label, place):
        return {"image_id": self._pictures, "category_id": int(label) + 1, "bbox": place}

    def _coco(self):
        """COCO's arrays of precision (T, R, K, A), recall (T, K, A), scores (T, R, K, A); -1 where there is no box."""
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval

        with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
            truth = COCO()
            truth.dataset = {
                "images": [{"id": i} for i in range(1, self._pictures + 1)],
                "categories": [{"id": k} for k in range(1, len(self.labels) + 1)],
                "annotations": [dict(box) for box in self._truth],
            }
            truth.createIndex()
            # `loadRes` refuses an empty list; its records are these, with ids and areas.
            found = COCO()
            found.dataset = {**truth.dataset, "annotations": []}
            for i, box in enumerate(self._found, 1):
                area = box["bbox"][2] * box["bbox"][3]
                found.dataset["annotations"].append({**box, "id": i, "area": area, "iscrowd": 0})
            found.createIndex()
            judge = COCOeval(truth, found, "bbox")
            judge.params.maxDets = [self.detections]
            if not self._pictures:
                shape = (10, 101, len(self.labels), 4)
                return -np.ones(shape), -np.ones((10, *shape[2:])), -np.ones(shape)
            judge.evaluate()
            judge.accumulate()
        return [judge.eval[name][..., 0] for name in ("precision", "recall", "scores")]

    def _confusion(self, least_score):
        """Counts (C + 1, C + 1): truth in rows, predictions in columns, the last of each is background."""
        classes, matrix = len(self.labels), np.zeros((len(self.labels) + 1,) * 2, np.int64)
        truth, found = {}, {}
        for box in self._truth:
            if not box["iscrowd"]:
                truth.setdefault(box["image_id"], []).append(box)
        for box in self._found:
            if box["score"] >= least_score:
                found.setdefault(box["image_id"], []).append(box)
        for picture in range(1, self._pictures + 1):
            there, seen = truth.get(picture, []), found.get(picture, [])
            pairs = _pairs([b["bbox"] for b in there], [b["bbox"] for b in seen])
            for i, j in pairs:
                matrix[there[i]["category_id"] - 1, seen[j]["category_id"] - 1] += 1
            for i in set(range(len(there))) - {i for i, _ in pairs}:
                matrix[there[i]["category_id"] - 1, classes] += 1
            for j in set(range(len(seen))) - {j for _, j in pairs}:
                matrix[classes, seen[j]["category_id"] - 1] += 1
        return matrix


def _place(box, scale):
    """yxyx in [0, 1] -> COCO's x, y, width, height in pixels."""
    ymin, xmin, ymax, xmax = (float(v) * scale for v in box)
    return [xmin, ymin, xmax - xmin, ymax - ymin]


def _mean(values):
    """Mean of what COCO computed; 0 where it had nothing to judge, which it marks by -1."""
    values = values[values > -1]
    return float(values.mean()) if values.size else 0.0


def _best_f1(precision, scores):
    """({"f1", "precision_f1", "recall_f1", "score_f1"}, score) at the score with the best mean F1
    of the classes.

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


def _pairs(truth, found):
    """One-to-one pairs (i, j) of boxes with an IoU of 0.5 or more, the largest first, whatever their class."""
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
