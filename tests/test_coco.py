import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pipelines.metrics.coco import Judge, matches

PICTURES, CLASSES = 12, 3


def test_a_detection_gets_the_last_of_equals_and_an_ignored_box_only_if_no_other_is_left():
    overlaps = np.array([[0.6, 0.6, 0.9], [0.6, 0.7, 0.9], [0.7, 0.7, 0.9], [0.6, 0.6, 0.9]])
    is_ignored = np.array([False, False, True])
    for crowd, last in ((False, -1), (True, 2)):
        got = matches(overlaps, np.array([0.5, 0.95]), is_ignored, np.array([False, False, crowd]))
        assert got.tolist() == [[1, 0, 2, last], [-1, -1, -1, -1]]
    assert matches(np.zeros((2, 0)), np.array([0.5]), is_ignored[:0], is_ignored[:0]).tolist() == [
        [-1, -1]
    ]


def boxes(seed):
    """(truth, found), COCO's records: corners and sizes are whole numbers, so many overlaps tie."""
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for picture in range(1, PICTURES + 1):
        count = int(rng.integers(0, 12))
        corners = rng.integers(0, 100, (count, 2))
        sizes = rng.choice([8, 30, 40, 96, 120], (count, 2))
        for corner, size in zip(corners, sizes, strict=True):
            box = [*map(float, (*corner, *size))]
            record = dict(image_id=picture, category_id=int(rng.integers(1, CLASSES + 1)))
            record |= dict(bbox=box, area=box[2] * box[3])
            truth.append({**record, "id": len(truth) + 1, "iscrowd": int(rng.random() < 0.2)})
            for _ in range(int(rng.integers(0, 4))):
                near = [*(np.array(box[:2]) + rng.integers(-4, 5, 2)).tolist(), *box[2:]]
                score = float(rng.choice([0.2, 0.5, 0.9]))
                found.append({**record, "bbox": near, "iscrowd": 0, "score": score})
    return truth, [{**box, "id": i} for i, box in enumerate(found, 1)]


def judged(kind, truth, found, most):
    sets = []
    for annotations in (truth, found):
        made = COCO()
        made.dataset = {
            "images": [{"id": i + 1} for i in range(PICTURES)],
            "categories": [{"id": i + 1} for i in range(CLASSES)],
            "annotations": [dict(box) for box in annotations],
        }
        made.createIndex()
        sets.append(made)
    judge = kind(*sets, "bbox")
    judge.params.maxDets = [most]
    judge.evaluate()
    judge.accumulate()
    return judge.eval


@pytest.mark.parametrize("most", [100, 3])
def test_it_judges_as_pycocotools_does_to_the_last_bit(most):
    with contextlib.redirect_stdout(io.StringIO()):
        for seed in range(5):
            wanted, got = (judged(kind, *boxes(seed), most) for kind in (COCOeval, Judge))
            assert 0 < wanted["precision"][0].mean() < 1
            for name in ("precision", "recall", "scores"):
                np.testing.assert_array_equal(got[name], wanted[name])
