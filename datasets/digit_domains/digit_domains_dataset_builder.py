"""One kind of digits in two domains: scikit-learn's scans as they are, and the same in light ink on
photographs.

Nothing is downloaded. No digit and no pixel of a texture is in two splits.
"""

import importlib.util
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image
from sklearn.datasets import load_digits

SIDE = 32  # px
SEED = 20_261
DIGITS = {"train": (0, 1, 2), "validation": (3,), "test": (4,)}  # scan i belongs where i % 5 is
REGIONS = {
    "train": (0.0, 0.58),
    "validation": (0.6, 0.78),
    "test": (0.8, 1.0),
}  # along a texture's longer side
TEXTURES = (
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "grass",
    "gravel",
    "ihc",
)  # all CC0 or public domain
CROP = (24, 64)  # px of the texture that become the ground of a digit
SHADE = 0.6  # of the texture's brightness
CONTRAST = 60.0  # grey levels by which the ink is lighter than the ground under it


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits with both domains in each; every picture follows from its domain and number alone."""

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
                    "label": tfds.features.ClassLabel(names=[str(digit) for digit in range(10)]),
                    "domain": tfds.features.ClassLabel(names=["source", "target"]),
                }
            ),
            homepage="https://scikit-image.org/docs/stable/api/skimage.data.html",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in DIGITS}

    def _generate_examples(self, split):
        grounds, scans = (
            [_region(texture, *REGIONS[split]) for texture in _textures()],
            load_digits(),
        )
        for i, (scan, label) in enumerate(zip(scans.images, scans.target, strict=True)):
            if i % 5 in DIGITS[split]:
                ink = _ink(scan)
                plain = np.repeat(np.round(ink * 255).astype(np.uint8)[:, :, None], 3, 2)
                painted = _painted(np.random.default_rng([SEED, i]), ink, grounds)
                for domain, picture in (("source", plain), ("target", painted)):
                    name = f"{domain}_{i:04d}"
                    yield (
                        name,
                        {"id": name, "image": picture, "label": int(label), "domain": domain},
                    )


def _textures():
    """Uint8 (H, W, 3) each. Found by place: scikit-image itself is not imported, as only its pictures are needed."""
    spec = importlib.util.find_spec("skimage")
    if spec is None:
        raise ModuleNotFoundError(
            "digit_domains takes its textures from scikit-image.", name="scikit-image"
        )
    folder = Path(spec.origin).parent / "data"
    return [np.asarray(Image.open(folder / f"{name}.png").convert("RGB")) for name in TEXTURES]


def _region(texture, begin, end):
    """The part of a texture that one split may use: a slab across its longer side."""
    height, width = texture.shape[:2]
    if width >= height:
        return texture[:, round(begin * width) : round(end * width)]
    return texture[round(begin * height) : round(end * height)]


def _ink(scan):
    """A scan of 8 x 8 cells, 0..16, with a margin of one cell -> ink (S, S) in [0, 1]."""
    padded = Image.fromarray(np.pad(scan, 1).astype(np.float32) / 16)
    return np.clip(np.asarray(padded.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) * 1.25, 0, 1)


def _painted(random, ink, grounds):
    """The digit in a random light colour on a random ground: uint8 (S, S, 3)."""
    ground = _ground(random, grounds[random.integers(len(grounds))]) * np.float32(SHADE)
    colour = _colour(random, ground[ink >= 0.5].mean(axis=0))
    return np.round(ground + ink[:, :, None] * (colour - ground)).astype(np.uint8)


def _ground(random, region):
    side = int(min(random.integers(CROP[0], CROP[1] + 1), *region.shape[:2]))
    top, left = random.integers(0, np.array(region.shape[:2]) - side + 1)
    crop = np.rot90(region[top : top + side, left : left + side], random.integers(4))
    return np.asarray(
        Image.fromarray(np.ascontiguousarray(crop)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    )


def _colour(random, ground):
    """A random colour (3,) whose grey value is above that of the `ground` by CONTRAST or more."""
    luma = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    while True:
        colour = random.uniform(64, 255, 3)
        if float((colour - ground) @ luma) >= CONTRAST:
            return colour
