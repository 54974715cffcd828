"""Boxes in a wrong form, told by all of them together, on pictures whose things are known."""

import io

import numpy as np
import pytest
from PIL import Image

from pipelines import catalog
from pipelines.engine.audit import audit, box_fit, box_forms
from pipelines.engine.data import source
from pipelines.formats.examples import Data, Examples

HEIGHT, WIDTH, COUNT = 48, 64, 120


def scene(seed):
    """(a noisy picture with two bright things, their corners as shares)."""
    random = np.random.default_rng(seed)
    picture = random.integers(90, 110, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    boxes = []
    for place in range(2):
        height, width = random.integers(8, 16, 2)
        ymin = random.integers(0, HEIGHT - height)
        xmin = random.integers(0, WIDTH // 2 - width) + place * WIDTH // 2
        picture[ymin : ymin + height, xmin : xmin + width] = random.integers(160, 255, 3)
        boxes.append((ymin, xmin, ymin + height, xmin + width))
    return picture, np.array(boxes, np.float64)


def scenes(change, count=COUNT):
    """Data of scenes whose boxes, in pixels, went through `change`."""
    made = [scene(seed) for seed in range(count)]
    sizes = np.tile((HEIGHT, WIDTH), (2, 1))
    boxes = [change(own, sizes) / (HEIGHT, WIDTH, HEIGHT, WIDTH) for _, own in made]
    names = [f"{i}.png" for i in range(count)]
    columns = {
        "image": [encoded(picture) for picture, _ in made],
        "objects/bbox": [own.astype(np.float32) for own in boxes],
        "objects/label": [np.zeros(2, np.int64)] * count,
    }
    part = Examples(names, columns, names, ("image",))
    splits = {"train": part.take(range(count - 2)), "test": part.take(range(count - 2, count))}
    return Data("here", "made", splits, {"objects/label": ["thing"]})


def encoded(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def found(data):
    problems = audit.audit(data, progress=False).problems
    return [p for p in problems if p.kind.startswith("box-")]


def test_right_boxes_are_not_spoken_of():
    assert found(scenes(lambda corners, sizes: corners)) == []


SIDES = "x y width height"
WRONG = {  # what was done to the boxes: (kind, what is said)
    "exchanged": (lambda c, s: c[:, [1, 0, 3, 2]], "box-form", "x and y exchanged"),
    "sides": (lambda c, s: np.c_[c[:, :2], c[:, 2:] - c[:, :2]], "box-form", SIDES),
    "corners": (lambda c, s: np.c_[c[:, :2], c[:, :2] + c[:, 2:]], "box-form", "two corners"),
    "shares": (lambda c, s: c / (HEIGHT, WIDTH, HEIGHT, WIDTH), "box-form", "shares"),
    "smaller": (lambda c, s: c / 2, "box-corner", "smaller"),
    "upside down": (lambda c, s: np.c_[HEIGHT - c[:, 2], c[:, 1], HEIGHT - c[:, 0], c[:, 3]],
                    "box-fit", "upside down"),
    "mirrored": (lambda c, s: np.c_[c[:, 0], WIDTH - c[:, 3], c[:, 2], WIDTH - c[:, 1]],
                 "box-fit", "mirrored"),
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG)
def test_boxes_in_another_form_are_told(how):
    change, kind, words = WRONG[how]
    (problem,) = found(scenes(change))
    assert problem.kind == kind
    assert words in problem.message
    assert problem.severity == ("error" if kind == "box-form" else "warning")


def test_boxes_in_another_form_cannot_be_skipped():
    assert "box-form" in audit.HOPELESS


def test_boxes_of_other_pictures(monkeypatch):
    monkeypatch.setattr(box_fit, "MANY", 100)
    data = scenes(lambda corners, sizes: corners, 200)
    part = data.splits["train"]
    part.columns["objects/bbox"] = np.roll(part.columns["objects/bbox"], 1, 0).tolist()
    (problem,) = found(data)
    assert problem.kind == "box-fit"
    assert "no better than those of others" in problem.message


def test_a_few_wrong_boxes_are_no_form():
    data = scenes(lambda corners, sizes: corners)
    data.splits["train"].columns["objects/bbox"][0] = np.array([[0.5, 0.5, 0.2, 0.2]], np.float32)
    data.splits["train"].columns["objects/label"][0] = np.zeros(1, np.int64)
    assert found(data) == []


def test_every_form_is_undone_by_another():
    corners, sizes = np.array([[2.0, 3, 8, 15]]), np.array([[HEIGHT, WIDTH]])
    by_name = {form.said.split(",")[0]: form.read for form in box_forms.FORMS}
    sides = by_name["two corners"](corners, sizes)
    assert sides.tolist() == [[2, 3, 6, 12]]
    assert by_name[f"{SIDES}"](sides, sizes).tolist() == corners.tolist()
    assert by_name["x and y exchanged"](corners, sizes).tolist() == [[3, 2, 15, 8]]
    assert by_name["their centre"](corners, sizes).tolist() == [[-1, -3, 5, 9]]
    assert by_name["a corner"](np.array([[-1.0, -3, 5, 9]]), sizes).tolist() == corners.tolist()


@pytest.mark.parametrize("most", [99, 150])
def test_a_picture_of_far_more_boxes_than_others_is_warned_of(most):
    random = np.random.default_rng(0)
    counts = [3] * 8 + [most]
    names = [f"{i}.png" for i in range(len(counts))]
    boxes = [np.c_[low, low + 0.1] for low in (random.uniform(0, 0.9, (n, 2)) for n in counts)]
    columns = {
        "objects/bbox": boxes,
        "objects/label": [np.zeros(n, np.int64) for n in counts],
    }
    train = Examples(names, columns, names)
    data = Data("here", "made", {"train": train}, {"objects/label": ["thing"]})
    result = audit.audit(data, progress=False)
    dense = [(p.severity, p.where) for p in result.problems if p.kind == "densest"]
    assert dense == ([("warning", "8.png")] if most > 100 else [])
    method = catalog.method("yolo")
    capped = method.adapt(data, method.Config(max_boxes=50))
    (problem,) = [p for p in capped.problems if p.kind == "too-many-boxes"]
    assert (problem.severity, problem.example) == ("error", "8.png")
    assert method.adapt(capped, method.Config(max_boxes=50)).problems == capped.problems
    kept, used, left_out = source.usable(capped, "skip", method)
    assert (left_out, used.longest["objects/bbox"]) == (["8.png"], 3)
    assert method.resolve(method.Config(max_boxes=50), used).max_boxes == 50


def test_boxes_whose_fit_is_unknown_are_not_warned_of(monkeypatch):
    monkeypatch.setattr(box_fit, "MANY", 100)
    whole = np.array([[0.0, 0, HEIGHT, WIDTH]] * 2)
    assert found(scenes(lambda corners, sizes: whole)) == []


def reaching(corners, sizes):
    """Every other box reaches below the picture by 4 of its 48 pixels."""
    moved = corners.copy()
    moved[0, 2], moved[0, 3] = HEIGHT + 4, min(moved[0, 3], HEIGHT)
    moved[1, 1:4:2] -= WIDTH // 4
    return moved


def test_boxes_of_things_that_the_border_cuts_are_no_form():
    made = scenes(reaching)
    assert [p for p in found(made) if p.kind == "box-form"] == []


def test_a_form_of_few_boxes_is_a_warning():
    made = scenes(lambda c, s: c[:, [1, 0, 3, 2]], 8)
    assert [(p.severity, p.kind) for p in found(made)] == [("warning", "box-form")]
