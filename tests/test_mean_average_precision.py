import numpy as np
import pytest

from pipelines.metrics.mean_average_precision import MeanAveragePrecision

LABELS = ("cat", "dog")


def score(truth, found, side=100, detections=100, room=8):
    """truth: [picture [(box, label[, crowd])]]; found: [picture [(box, label, score)]]; boxes yxyx in pixels."""
    metric = MeanAveragePrecision(LABELS, detections)
    for there, seen in zip(truth, found, strict=True):
        boxes = np.zeros((1, room, 4), np.float32)
        labels, crowd = np.full((1, room), -1), np.zeros((1, room), int)
        for i, (box, label, *rest) in enumerate(there):
            boxes[0, i], labels[0, i], crowd[0, i] = np.array(box) / side, label, rest[0] if rest else 0
        decoded = {"boxes": np.zeros((1, room, 4)), "scores": np.zeros((1, room)), "classes": np.zeros((1, room), int)}
        for i, (box, label, value) in enumerate(seen):
            decoded["boxes"][0, i], decoded["classes"][0, i] = np.array(box) / side, label
            decoded["scores"][0, i] = value
        targets = {"boxes": boxes, "labels": labels, "crowd": crowd, "size": np.array([[side, side // 2]])}
        metric.update_state(targets, {**decoded, "count": np.array([len(seen)])})
    return metric.result()


A, B, C = [0, 0, 20, 20], [40, 40, 60, 60], [70, 0, 90, 40]


def test_a_case_worked_out_by_hand():
    # Cats by score: right (recall 1/2, precision 1), wrong, right (recall 1, precision 2/3).
    # COCO's 101 recalls: 0..0.50 have precision 1 (51 of them), 0.51..1 have 2/3.
    result = score([[(A, 0), (B, 0)]], [[(A, 0, 0.9), (C, 0, 0.8), (B, 0, 0.7)]])
    cat = (51 + 50 * 2 / 3) / 101
    assert result["map50"] == pytest.approx(cat)
    assert result["map50_95"] == pytest.approx(cat)  # the boxes are exact
    assert result["per_class"]["map50"] == pytest.approx([cat, 0])
    assert result["per_class"]["support"].tolist() == [2, 0]
    assert result["recall"] == pytest.approx(1)
    # F1 over scores: 0.9: p 1, r 0.5 -> 2/3; 0.7: p 2/3, r 1 -> 0.8
    assert (result["precision_f1"], result["recall_f1"], result["f1"]) == pytest.approx((2 / 3, 1, 0.8))
    assert result["score_f1"] == pytest.approx(0.7)
    assert result["matrices"]["confusion"].tolist() == [[2, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_iou_decides_by_threshold():
    # IoU 15.5/20 = 0.775 counts at 0.50, 0.55, ... 0.75: six of the ten thresholds.
    result = score([[([0, 0, 20, 20], 0)]], [[([0, 0, 15.5, 20], 0, 0.9)]])
    assert (result["map50"], result["map50_95"]) == (pytest.approx(1), pytest.approx(0.6))


def test_areas_are_those_of_the_original_picture():
    small = score([[(A, 0)]], [[(A, 0, 0.9)]], side=100)  # 20 x 20
    large = score([[(np.array(A) * 10, 0)]], [[(np.array(A) * 10, 0, 0.9)]], side=1000)  # 200 x 200, the same share
    assert [small[f"map50_{s}"] for s in ("small", "medium", "large")] == pytest.approx([1, 0, 0])
    assert [large[f"map50_{s}"] for s in ("small", "medium", "large")] == pytest.approx([0, 0, 1])


def test_a_wrong_class_is_a_confusion_and_no_find():
    result = score([[(A, 0), (B, 1)]], [[(A, 1, 0.9), (B, 1, 0.8)]])
    assert result["per_class"]["map50"] == pytest.approx([0, 0.5])
    assert result["matrices"]["confusion"].tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_a_crowd_neither_helps_nor_hurts():
    alone = score([[(A, 0)]], [[(A, 0, 0.5)]])
    crowded = score([[(A, 0), ([30, 0, 100, 50], 0, 1)]], [[(A, 0, 0.5), (B, 0, 0.9), (C, 0, 0.8)]])
    assert crowded["map50"] == alone["map50"] == pytest.approx(1)
    assert crowded["per_class"]["support"].tolist() == [1, 0]


def test_nothing_there_and_nothing_found():
    assert MeanAveragePrecision(LABELS).result()["map50"] == 0
    assert score([[]], [[]])["map50"] == 0
    assert score([[(A, 0)]], [[]])["map50"] == 0
    false = score([[]], [[(A, 0, 0.9)]])
    assert (false["map50"], false["matrices"]["confusion"].tolist()[2]) == (0, [1, 0, 0])


def test_it_agrees_with_coco_on_random_boxes(tmp_path):
    """COCO's own way of use: files, loadRes, summarize."""
    import contextlib
    import io
    import json

    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(3)
    truth, found = [], []
    for _ in range(12):
        corner = rng.uniform(0, 300, (5, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(10, 150, (5, 2))], 1)
        truth.append([(box, int(rng.integers(2))) for box in boxes])
        found.append([(box + rng.normal(0, 8, 4), label, float(rng.uniform())) for box, label in truth[-1]])
    ours = score(truth, found, side=512)

    xywh = lambda b: [float(np.float32(v)) for v in (b[1], b[0], b[3] - b[1], b[2] - b[0])]  # noqa: E731
    notes = [(i, box, label) for i, boxes in enumerate(truth) for box, label in boxes]
    content = {
        "images": [{"id": i} for i in range(len(truth))],
        "categories": [{"id": 0}, {"id": 1}],
        "annotations": [
            dict(id=n + 1, image_id=i, category_id=k, bbox=xywh(b), area=xywh(b)[2] * xywh(b)[3], iscrowd=0)
            for n, (i, b, k) in enumerate(notes)
        ],
    }
    results = [dict(image_id=i, category_id=k, bbox=xywh(b), score=s) for i, row in enumerate(found) for b, k, s in row]
    (tmp_path / "truth.json").write_text(json.dumps(content))
    (tmp_path / "found.json").write_text(json.dumps(results))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tmp_path / "truth.json"))
        judge = COCOeval(coco, coco.loadRes(str(tmp_path / "found.json")), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    wanted = dict(zip(("map50_95", "map50", "map75"), judge.stats[:3], strict=True))
    assert 0.1 < wanted["map50_95"] < 0.9
    for name, value in wanted.items():
        assert ours[name] == pytest.approx(value, abs=1e-6)
    for name, value in zip(("small", "medium", "large"), judge.stats[3:6], strict=True):
        assert ours[f"map50_95_{name}"] == pytest.approx(max(value, 0), abs=1e-6)
