import numpy as np
import pytest

from pipelines.metrics.mean_average_precision import MeanAveragePrecision

LABELS = ("cat", "dog")


def score(truth, found, side=100, detections=100, room=8, labels=LABELS):
    """truth: [picture [(box, label[, crowd])]]; found: [picture [(box, label, score)]]; boxes yxyx in pixels."""
    metric = MeanAveragePrecision(labels, detections)
    for there, seen in zip(truth, found, strict=True):
        boxes = np.zeros((1, room, 4), np.float32)
        ids, crowd = np.full((1, room), -1), np.zeros((1, room), int)
        for i, (box, label, *rest) in enumerate(there):
            boxes[0, i], ids[0, i], crowd[0, i] = (
                np.array(box) / side,
                label,
                rest[0] if rest else 0,
            )
        decoded = {
            "boxes": np.zeros((1, room, 4)),
            "scores": np.zeros((1, room)),
            "classes": np.zeros((1, room), int),
        }
        for i, (box, label, value) in enumerate(seen):
            decoded["boxes"][0, i], decoded["classes"][0, i] = np.array(box) / side, label
            decoded["scores"][0, i] = value
        targets = {
            "boxes": boxes,
            "labels": ids,
            "crowd": crowd,
            "size": np.array([[side, side // 2]]),
        }
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
    assert (result["precision_f1"], result["recall_f1"], result["f1"]) == pytest.approx(
        (2 / 3, 1, 0.8)
    )
    assert result["score_f1"] == pytest.approx(0.7)
    assert result["matrices"]["confusion"].tolist() == [[2, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_iou_decides_by_threshold():
    # IoU 15.5/20 = 0.775 counts at 0.50, 0.55, ... 0.75: six of the ten thresholds.
    result = score([[([0, 0, 20, 20], 0)]], [[([0, 0, 15.5, 20], 0, 0.9)]])
    assert (result["map50"], result["map50_95"]) == (pytest.approx(1), pytest.approx(0.6))


def test_areas_are_those_of_the_original_picture():
    small = score([[(A, 0)]], [[(A, 0, 0.9)]], side=100)  # 20 x 20
    large = score(
        [[(np.array(A) * 10, 0)]], [[(np.array(A) * 10, 0, 0.9)]], side=1000
    )  # 200 x 200, the same share
    assert {
        k: v for k, v in small.items() if k.startswith("map50_") and k != "map50_95"
    } == pytest.approx({"map50_small": 1, "map50_95_small": 1})
    assert {
        k: v for k, v in large.items() if k.startswith("map50_") and k != "map50_95"
    } == pytest.approx({"map50_large": 1, "map50_95_large": 1})


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


def test_it_agrees_with_coco_on_its_own_example():
    """Four pictures of COCO's example results, with what pycocotools' summary says of them.

    instances_val2014_fakebbox100_results.json of github.com/cocodataset/cocoapi: images 42, 73, 74,
    133. Corners are x y x y.
    """
    truth = [
        [([214.15, 41.29, 562.41, 285.07], 4)],
        [([13.0, 22.75, 548.98, 632.42], 2), ([1.66, 3.32, 270.26, 275.23], 2)],
        [
            ([61.87, 276.25, 358.29, 379.43], 4),
            ([2.75, 3.66, 162.15, 316.06], 1),
            ([295.55, 93.96, 313.97, 152.79], 0),
            ([326.94, 97.05, 340.49, 122.98], 0),
            ([356.62, 95.47, 372.33, 147.55], 0),
            ([462.08, 105.09, 493.74, 146.99], 0),
            ([277.11, 103.84, 292.44, 150.72], 0),
        ],
        [([13.99, 2.87, 640.0, 421.52], 5)],
    ]
    found = [
        [([258.15, 41.29, 606.41, 285.07], 4, 0.236)],
        [([61.0, 22.75, 565.0, 632.42], 3, 0.318), ([12.66, 3.32, 281.26, 275.23], 2, 0.726)],
        [
            ([87.87, 276.25, 384.29, 379.43], 4, 0.546),
            ([0.0, 3.66, 142.15, 316.06], 1, 0.3),
            ([296.55, 93.96, 314.97, 152.79], 0, 0.407),
            ([328.94, 97.05, 342.49, 122.98], 0, 0.611),
            ([356.62, 95.47, 372.33, 147.55], 0, 0.335),
            ([464.08, 105.09, 495.74, 146.99], 0, 0.805),
            ([276.11, 103.84, 291.44, 150.72], 0, 0.953),
        ],
        [([0.0, 2.87, 601.0, 421.52], 5, 0.423)],
    ]

    def yxyx(rows):
        return [[([b[1], b[0], b[3], b[2]], *rest) for b, *rest in row] for row in rows]

    result = score(yxyx(truth), yxyx(found), side=640, labels=tuple("abcdef"))
    wanted = {"map50_95": 0.706, "map50": 0.901, "map75": 0.846, "recall": 0.716}
    wanted |= {"map50_95_small": 0.689, "map50_95_medium": 0.8, "map50_95_large": 0.701}
    assert {name: round(result[name], 3) for name in wanted} == wanted
    assert result["per_class"]["map50_95"].round(3).tolist() == [0.725, 0.8, 0.454, 0, 0.65, 0.9]


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
        found.append(
            [(box + rng.normal(0, 8, 4), label, float(rng.uniform())) for box, label in truth[-1]]
        )
    ours = score(truth, found, side=512)

    def xywh(b):
        return [float(np.float32(v)) for v in (b[1], b[0], b[3] - b[1], b[2] - b[0])]

    notes = [(i, box, label) for i, boxes in enumerate(truth) for box, label in boxes]
    content = {
        "images": [{"id": i} for i in range(len(truth))],
        "categories": [{"id": 0}, {"id": 1}],
        "annotations": [
            dict(
                id=n + 1,
                image_id=i,
                category_id=k,
                bbox=xywh(b),
                area=xywh(b)[2] * xywh(b)[3],
                iscrowd=0,
            )
            for n, (i, b, k) in enumerate(notes)
        ],
    }
    results = [
        dict(image_id=i, category_id=k, bbox=xywh(b), score=s)
        for i, row in enumerate(found)
        for b, k, s in row
    ]
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
        assert ours.get(f"map50_95_{name}", -1) == pytest.approx(value, abs=1e-6)
