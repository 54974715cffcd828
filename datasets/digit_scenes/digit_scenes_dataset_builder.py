"""Real digits on real textures: scikit-learn's scans, varied in size, painted on photographs that
scikit-image ships.

Nothing is downloaded. No digit and no pixel of a texture is in two splits.
"""

import importlib.util
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image
from sklearn.datasets import load_digits

SIDE = 128  # px
COUNTS = {"train": 1500, "validation": 250, "test": 250}
SEED = 20_260
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
CROP = (64, 160)  # px of the texture that become the scene's side, where its region is as wide
MOST = 6  # digits in a scene
SIZE = (24, 60)  # px, height of the 8 x 8 scan in the scene
TURN = 12.0  # degrees, largest rotation
SHADE = 0.6  # of the texture's brightness: light ink then stands out from nearly all of it
CONTRAST = 80.0  # grey levels by which a digit's ink is lighter than the ground under it
GAP = 2  # px between the boxes of two digits
TRIES = 20  # places tried for a digit before it is left out


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits; every scene follows from its split and number alone."""

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES = {
        "1.1.0": "Light ink on shaded ground, so that it is learned in minutes.",
        "1.0.0": "First.",
    }

    def _info(self):
        digits = [str(digit) for digit in range(10)]
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "image": tfds.features.Image(
                        shape=(SIDE, SIDE, 3), dtype=np.uint8, encoding_format="png"
                    ),
                    "objects": tfds.features.Sequence(
                        {
                            "bbox": tfds.features.BBoxFeature(),
                            "label": tfds.features.ClassLabel(names=digits),
                        }
                    ),
                    "segmentation_mask": tfds.features.LabeledImage(
                        labels=["background", *digits],
                        shape=(SIDE, SIDE, 1),
                        dtype=np.uint8,
                        encoding_format="png",
                    ),
                }
            ),
            homepage="https://scikit-image.org/docs/stable/api/skimage.data.html",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in COUNTS}

    def _generate_examples(self, split):
        grounds = [_region(texture, *REGIONS[split]) for texture in _textures()]
        scans = load_digits()
        own = [i for i in range(len(scans.target)) if i % 5 in DIGITS[split]]
        by_label = [
            scans.images[[i for i in own if scans.target[i] == label]] for label in range(10)
        ]
        for number in range(COUNTS[split]):
            random = np.random.default_rng([SEED, list(COUNTS).index(split), number])
            picture, mask, boxes, labels = _scene(random, grounds, by_label)
            name = f"{split}_{number:04d}"
            objects = [
                {"bbox": tfds.features.BBox(*(box / SIDE)), "label": int(label)}
                for box, label in zip(boxes, labels, strict=True)
            ]
            yield (
                name,
                {
                    "id": name,
                    "image": picture,
                    "objects": objects,
                    "segmentation_mask": mask[:, :, None],
                },
            )


def _textures():
    """Uint8 (H, W, 3) each. Found by place: scikit-image itself is not imported, as only its pictures are needed."""
    spec = importlib.util.find_spec("skimage")
    if spec is None:
        raise ModuleNotFoundError(
            "digit_scenes takes its textures from scikit-image.", name="scikit-image"
        )
    folder = Path(spec.origin).parent / "data"
    return [np.asarray(Image.open(folder / f"{name}.png").convert("RGB")) for name in TEXTURES]


def _region(texture, begin, end):
    """The part of a texture that one split may use: a slab across its longer side."""
    height, width = texture.shape[:2]
    if width >= height:
        return texture[:, round(begin * width) : round(end * width)]
    return texture[round(begin * height) : round(end * height)]


def _scene(random, grounds, scans):
    """Scans by label -> (picture uint8 (S, S, 3), mask uint8 (S, S), boxes_yxyx in pixels (N, 4), labels (N,))."""
    picture = _ground(random, grounds[random.integers(len(grounds))]) * np.float32(SHADE)
    mask, boxes, kept = np.zeros((SIDE, SIDE), np.uint8), [], []
    for _ in range(random.integers(1, MOST + 1)):
        label = random.integers(len(scans))
        ink = _ink(random, scans[label][random.integers(len(scans[label]))])
        for _ in range(TRIES):
            top, left = random.integers(0, SIDE - np.array(ink.shape) + 1)
            box = np.array([top, left, top + ink.shape[0], left + ink.shape[1]])
            if not any(_touch(box, other) for other in boxes):
                place = slice(top, box[2]), slice(left, box[3])
                under = picture[place]
                colour = _colour(random, under[ink >= 0.5].mean(axis=0))
                picture[place] = under + ink[:, :, None] * (colour - under)
                mask[place][ink >= 0.5] = label + 1
                boxes.append(box)
                kept.append(label)
                break
    return np.round(picture).astype(np.uint8), mask, np.array(boxes), np.array(kept)


def _ground(random, region):
    """A random crop of a region, turned, mirrored and resized to the scene."""
    side = int(min(random.integers(CROP[0], CROP[1] + 1), *region.shape[:2]))
    top, left = random.integers(0, np.array(region.shape[:2]) - side + 1)
    crop = np.rot90(region[top : top + side, left : left + side], random.integers(4))
    crop = crop[:, ::-1] if random.integers(2) else crop
    return np.asarray(
        Image.fromarray(np.ascontiguousarray(crop)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    )


def _ink(random, scan):
    """A scan of 8 x 8 cells, 0..16 -> ink (H, W) in [0, 1], scaled, turned, and cut to the pixels of at least 0.5."""
    size = round(np.exp(random.uniform(*np.log(SIZE))))
    shape = round(size * random.uniform(0.8, 1.1)), size  # width, height
    padded = Image.fromarray(np.pad(scan, 2).astype(np.float32) / 16)
    wide = padded.resize((shape[0] * 3 // 2, shape[1] * 3 // 2), Image.Resampling.BICUBIC)
    turned = wide.rotate(random.uniform(-TURN, TURN), Image.Resampling.BILINEAR)
    ink = np.clip(np.asarray(turned) * 1.25, 0, 1)  # most strokes of a scan stay below full ink
    rows, columns = np.nonzero(ink >= 0.5)
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _touch(box, other):
    """Whether two boxes in pixels are nearer than GAP."""
    return bool((box[:2] < other[2:] + GAP).all() and (other[:2] < box[2:] + GAP).all())


def _colour(random, ground):
    """A random colour (3,) whose grey value is above that of the `ground` by CONTRAST or more."""
    luma = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    while True:
        colour = random.uniform(64, 255, 3)
        if float((colour - ground) @ luma) >= CONTRAST:
            return colour
