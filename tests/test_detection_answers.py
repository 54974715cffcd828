"""What is drawn of a detector's answers, and how far two of them differ."""

import numpy as np
import pytest
from detecting import METHOD, config

from pipelines import canvas
from pipelines.edge import detection as edge
from pipelines.ops import gaps


def decoded_of(*objects, room=6):
    """One picture's decoded objects: (box yxyx in [0, 1], score, class)."""
    found = {"boxes": np.zeros((room, 4), np.float32), "scores": np.zeros(room, np.float32)}
    found |= {"classes": np.zeros(room, np.int32), "count": np.int32(len(objects))}
    for i, (box, score, label) in enumerate(objects):
        found["boxes"][i], found["scores"][i], found["classes"][i] = box, score, label
    return found


def test_drawing_names_what_is_missed_and_false(monkeypatch):
    said = []
    monkeypatch.setattr(edge, "marked", lambda image, *marks: said.append(marks) or image)
    monkeypatch.setattr(
        canvas, "captioned", lambda image, lines, colour: said.append((lines, colour)) or image
    )
    left, right, low = [0.1, 0.1, 0.4, 0.4], [0.1, 0.6, 0.4, 0.9], [0.6, 0.1, 0.9, 0.4]
    targets = {
        "boxes": np.array([left, right, low, [0, 0, 1, 1], [0] * 4]),
        "labels": np.array([0, 1, 0, 1, -1]),
    }
    targets["crowd"] = np.array(
        [0, 0, 0, 1, 0]
    )  # the last but one is a crowd, which nothing is held against
    image = {"image": np.zeros((64, 64, 3), np.uint8)}
    shifted = [0.1, 0.75, 0.4, 1.0]
    found = decoded_of(
        (left, 0.9, 0), (shifted, 0.8, 1), ([0.6, 0.6, 0.7, 0.7], 0.7, 0), (low, 0.1, 0)
    )
    drawn = METHOD.draw(image, found, config(), targets)
    (boxes, captions, colours), counted = said
    assert drawn.shape == (320, 320, 3)
    assert captions == ("", "missed square", "badly placed: disc 0.80", "false: square 0.70")
    assert colours == (0, edge.WHITE, edge.RED, edge.RED)
    assert np.asarray(boxes[0]) == pytest.approx(np.array(left) * 320, abs=1e-3)
    assert counted == (["1 right, 1 missed, 1 badly placed, 1 false"], "bad")
    said.clear()
    METHOD.draw(image, found, config())
    assert said[0][1] == ["square 0.90", "disc 0.80", "square 0.70"]
    said.clear()
    METHOD.draw(image, decoded_of(), config(), {**targets, "labels": np.full(5, -1)})
    assert said == [(["nothing there, nothing found"], "good")]


def batch(*pictures):
    return {name: np.stack([p[name] for p in pictures]) for name in pictures[0]}


def test_objects_that_change_places_are_the_same_answer():
    a, b = ([0.1, 0.1, 0.4, 0.4], 0.9, 0), ([0.5, 0.5, 0.9, 0.9], 0.9, 1)
    hardly = ([0.2, 0.2, 0.3, 0.3], 0.05, 1)
    wanted = batch(decoded_of(a, b, hardly), decoded_of())
    swapped = batch(decoded_of(b, a), decoded_of())
    assert METHOD.difference(wanted, swapped, config()) == pytest.approx(0, abs=1e-6)
    assert (
        gaps.gap(wanted["boxes"], swapped["boxes"]) > 0.3
    )  # what number by number would have said


def test_what_differs_counts_by_how_much():
    a, b = ([0.1, 0.1, 0.4, 0.4], 0.9, 0), ([0.5, 0.5, 0.9, 0.9], 0.8, 1)
    wanted = batch(decoded_of(a, b))

    def apart(*objects):
        both = METHOD.difference(wanted, batch(decoded_of(*objects)), config())
        assert both == METHOD.difference(batch(decoded_of(*objects)), wanted, config())
        return both

    assert apart(a, (b[0], 0.7, 1)) == pytest.approx(0.1, abs=1e-6)
    assert apart(a, ([0.5, 0.5, 0.9, 0.86], 0.8, 1)) == pytest.approx(0.1, abs=1e-5)  # IoU 0.9
    assert apart(a) == pytest.approx(0.8)  # as if it had a score of 0
    assert apart(a, (b[0], 0.8, 0)) == pytest.approx(0.8)  # another class
    assert apart(a, (b[0], 0.29, 1)) == pytest.approx(0.51, abs=1e-6)  # no longer shown, but there
