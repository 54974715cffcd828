import io

import numpy as np
import pytest
from PIL import Image

from pipelines import catalog
from pipelines.formats import tfds


@pytest.fixture(scope="module")
def small():
    """The builder's module, with a few scenes a split."""
    catalog.dataset_builder("digit_scenes")
    import sys

    module = sys.modules["digit_scenes_dataset_builder"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "COUNTS", {"train": 12, "validation": 6, "test": 6})
        yield module


@pytest.fixture(scope="module")
def scenes(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    return tfds.read("digit_scenes", catalog.dataset_builder("digit_scenes", data_dir=folder))


def _pixels(encoded):
    return np.asarray(Image.open(io.BytesIO(encoded)))


def test_boxes_labels_and_masks_say_the_same(scenes):
    assert {split: len(examples) for split, examples in scenes.splits.items()} == {
        "train": 12,
        "validation": 6,
        "test": 6,
    }
    assert scenes.labels["objects/label"] == [str(i) for i in range(10)]
    assert scenes.labels["segmentation_mask"] == ["background", *map(str, range(10))]
    for examples in scenes.splits.values():
        columns = examples.columns
        for i in range(len(examples)):
            picture, mask = _pixels(columns["image"][i]), _pixels(columns["segmentation_mask"][i])
            assert (picture.shape, mask.shape) == ((128, 128, 3), (128, 128))
            boxes = np.round(np.asarray(columns["objects/bbox"][i]) * 128).astype(int)
            assert 1 <= len(boxes) <= 6
            left = mask.copy()
            for (top, west, bottom, east), label in zip(
                boxes, columns["objects/label"][i], strict=True
            ):
                inner = mask[top:bottom, west:east]
                assert set(np.unique(inner)) <= {0, label + 1}
                for edge in (inner[0], inner[-1], inner[:, 0], inner[:, -1]):  # the box is tight
                    assert (edge == label + 1).any()
                left[top:bottom, west:east] = 0
            assert not left.any()  # no pixel of a digit is outside all boxes


def test_it_is_the_same_every_time(small):
    builder = catalog.dataset_builder("digit_scenes")
    first, again = (dict(builder._generate_examples("test")) for _ in range(2))
    assert first["test_0003"]["image"].tobytes() == again["test_0003"]["image"].tobytes()
    assert first["test_0003"]["image"].tobytes() != first["test_0004"]["image"].tobytes()


def test_no_split_shares_a_digit_or_ground(small):
    assert sorted(i for part in small.DIGITS.values() for i in part) == [0, 1, 2, 3, 4]
    ramp = np.repeat(np.arange(500, dtype=np.uint16)[None, :, None], 40, axis=0)
    seen = [set(np.unique(small._region(ramp, *part)).tolist()) for part in small.REGIONS.values()]
    assert all(len(columns) >= 90 for columns in seen)
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]
    assert small._region(ramp.transpose(1, 0, 2), 0.8, 1.0).shape == (
        100,
        40,
        1,
    )  # the longer side is cut


def test_without_scikit_image_it_says_so(small, monkeypatch):
    monkeypatch.setattr(small.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="scikit-image"):
        small._textures()
