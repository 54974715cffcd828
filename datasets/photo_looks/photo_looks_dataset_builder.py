"""Patches of photographs in two looks: as they are, and as old prints. Nothing is downloaded.

No photograph is in two splits, and in train no patch is in both looks; validation and test have
each patch in both.
"""

import importlib.util
import io
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

SIDE = 128  # px
SEED = 20_262
SPLITS = {  # photograph -> patches of each look; CC0, public domain or CC BY, and in colour
    "train": {
        "china.jpg": 14,
        "flower.jpg": 14,
        "astronaut.png": 14,
        "motorcycle_left.png": 14,
        "coffee.png": 14,
    },
    "validation": {"rocket.jpg": 10},
    "test": {"chelsea.png": 10},
}
PACKAGES = ("sklearn/datasets/images", "skimage/data")
PAPER, INK = np.array([244.0, 226.0, 188.0]), np.array([52.0, 36.0, 28.0])  # of the prints, RGB
LUMA = np.array((0.299, 0.587, 0.114))  # ITU-R BT.601
TINT = 0.25  # share of its own colours that a print keeps


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits with both looks in each; every patch follows from its photograph and number alone."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "image": tfds.features.Image(
                        shape=(SIDE, SIDE, 3), dtype=np.uint8, encoding_format="png"
                    ),
                    "label": tfds.features.ClassLabel(names=["photo", "print"]),
                }
            ),
            homepage="https://scikit-image.org/docs/stable/api/skimage.data.html",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in SPLITS}

    def _generate_examples(self, split):
        for photo, (name, count) in enumerate(SPLITS[split].items()):
            with Image.open(_path(name)) as opened:
                pixels = opened.convert("RGB")
            if min(pixels.size) > 3 * SIDE:  # a patch is to show more than one surface
                pixels.thumbnail((4 * SIDE, 4 * SIDE))
            pixels = np.asarray(pixels)
            looks = count if split != "train" else 2 * count
            for i in range(looks):
                patch = _patch(np.random.default_rng([SEED, len(split), photo, i]), pixels)
                both = {"A": (0, patch), "B": (1, _printed(patch))}
                for letter, (label, picture) in both.items():
                    if split != "train" or label == i % 2:
                        key = f"{Path(name).stem}_{i:03d}_{letter}"
                        stream = io.BytesIO()
                        Image.fromarray(picture).save(stream, "PNG")
                        yield (
                            key,
                            {"id": key, "image": io.BytesIO(stream.getvalue()), "label": label},
                        )


def _patch(random, pixels):
    top, left = random.integers(0, np.array(pixels.shape[:2]) - SIDE + 1)
    return np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])


def _printed(patch):
    """Faded colours on warm paper, shadows that never reach black: uint8 (S, S, 3) -> the same."""
    grey = (patch @ LUMA)[:, :, None]
    faded = grey + TINT * (patch - grey)
    return np.clip(np.round(INK + faded / 255 * (PAPER - INK)), 0, 255).astype(np.uint8)


def _path(name):
    for place in PACKAGES:
        package, _, inner = place.partition("/")
        path = Path(importlib.util.find_spec(package).submodule_search_locations[0]) / inner / name
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{name} is in none of {', '.join(PACKAGES)}. Install scikit-image and scikit-learn again."
    )
