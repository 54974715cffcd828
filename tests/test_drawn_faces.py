import dataclasses

import numpy as np
import pytest

from pipelines import catalog
from pipelines.ops import drawn_faces as faces

FRONT = faces.Look(**dict.fromkeys(faces.LOOKS, 0.0) | {"scale": 1.0, "light": 1.0, "ground": 0.5})


@pytest.fixture
def who():
    return faces.person(np.random.default_rng(3))


def test_a_face_follows_from_its_numbers_alone(who):
    first, again = (faces.drawn(who, FRONT, 48, np.random.default_rng(0)) for _ in range(2))
    assert first.shape == (48, 48, 3)
    assert first.dtype == np.uint8
    assert first.tobytes() == again.tobytes()
    other = faces.drawn(faces.person(np.random.default_rng(4)), FRONT, 48, np.random.default_rng(0))
    assert np.abs(first.astype(int) - other).mean() > 3


def test_landmarks_lie_on_what_they_name(who):
    open_eyed = dataclasses.replace(FRONT, roll=0.2, right=0.1)
    picture = faces.drawn(who, open_eyed, 96, np.random.default_rng(0))
    left, right, nose, *mouth = faces.landmarks(who, open_eyed)
    assert left[1] < nose[1] < right[1]
    assert left[0] > right[0] - 0.2
    assert mouth[0][1] < mouth[1][1]
    middle = np.mean(mouth, 0)
    y, x = (int(96 * value) for value in middle)
    red, green, blue = picture[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(0)
    assert red - max(green, blue) > 40  # lips


def test_a_turned_face_moves_aside(who):
    turned = dataclasses.replace(FRONT, yaw=0.8)
    assert (faces.landmarks(who, turned)[:, 1] > faces.landmarks(who, FRONT)[:, 1]).all()


def test_no_one_is_in_two_splits(monkeypatch):
    builder = catalog.dataset_builder("drawn_faces")
    import sys

    module = sys.modules["drawn_faces_dataset_builder"]
    monkeypatch.setattr(module, "PEOPLE", {"train": 3, "validation": 2, "test": 2})
    monkeypatch.setattr(module, "PICTURES", 2)
    found = {split: list(builder._generate_examples(split)) for split in module.PEOPLE}
    assert [len(rows) for rows in found.values()] == [6, 4, 4]
    people = [{row["label"] for _, row in rows} for rows in found.values()]
    assert people == [{0, 1, 2}, {3, 4}, {5, 6}]
    keys = [key for rows in found.values() for key, _ in rows]
    assert len(set(keys)) == 14
