"""Drawn faces of nobody on real textures: shapes at random, painted on photographs that
scikit-image ships.

Nothing is downloaded. No face and no pixel of a texture is in two splits.
"""

import importlib.util
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image, ImageDraw, ImageFilter

SIDE = 160  # px
COUNTS = {"train": 200, "validation": 40, "test": 40}
SEED = 20_261
REGIONS = {"train": (0.0, 0.58), "validation": (0.6, 0.78), "test": (0.8, 1.0)}
# All CC0 or public domain; `camera` has a person in it.
TEXTURES = ("brick", "chelsea", "coffee", "grass", "gravel", "ihc")
CROP = (80, 200)  # px of the texture that become the scene's side, where its region is as wide
EMPTY = 0.2  # share of the scenes without a face
MOST = 3  # faces in a scene
SIZE = (24, 90)  # px, height of a face
SHEET = 192  # px, side of the sheet that a face is drawn on
FACE = (112, 88)  # px of it, the usual height and width of a face
TURN = 12.0  # degrees, largest rotation
GAP = 3  # px between the boxes of two faces
TRIES = 20  # places tried for a face before it is left out
SKIN = ((255, 224, 196), (234, 192, 156), (198, 140, 100), (141, 90, 60), (86, 54, 40))
HAIR = ((24, 20, 18), (64, 44, 30), (120, 80, 44), (196, 156, 96), (150, 150, 150), (122, 52, 24))


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits; every scene follows from its split and number alone."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}

    def _info(self):
        objects = {
            "bbox": tfds.features.BBoxFeature(),
            "label": tfds.features.ClassLabel(names=["face"]),
        }
        picture = tfds.features.Image(shape=(SIDE, SIDE, 3), dtype=np.uint8, encoding_format="png")
        features = {
            "id": tfds.features.Text(),
            "image": picture,
            "objects": tfds.features.Sequence(objects),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            homepage="https://scikit-image.org/docs/stable/api/skimage.data.html",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in COUNTS}

    def _generate_examples(self, split):
        grounds = [_region(texture, *REGIONS[split]) for texture in _textures()]
        for number in range(COUNTS[split]):
            random = np.random.default_rng([SEED, list(COUNTS).index(split), number])
            picture, boxes = _scene(random, grounds)
            name = f"{split}_{number:04d}"
            objects = [
                {"bbox": tfds.features.BBox(*(box / SIDE)), "label": "face"} for box in boxes
            ]
            yield name, {"id": name, "image": picture, "objects": objects}


def _textures():
    """Uint8 (H, W, 3) each. Found by place: scikit-image itself is not imported."""
    spec = importlib.util.find_spec("skimage")
    if spec is None:
        raise ModuleNotFoundError(
            "face_scenes takes its textures from scikit-image.", name="scikit-image"
        )
    folder = Path(spec.origin).parent / "data"
    return [np.asarray(Image.open(folder / f"{name}.png").convert("RGB")) for name in TEXTURES]


def _region(texture, begin, end):
    """The part of a texture that one split may use: a slab across its longer side."""
    height, width = texture.shape[:2]
    if width >= height:
        return texture[:, round(begin * width) : round(end * width)]
    return texture[round(begin * height) : round(end * height)]


def _scene(random, grounds):
    """(picture uint8 (S, S, 3), boxes yxyx in pixels, a list of float (4,))."""
    picture, boxes = _ground(random, grounds[random.integers(len(grounds))]), []
    count = 0 if random.random() < EMPTY else random.integers(1, MOST + 1)
    for _ in range(count):
        drawn, alpha, inner = _face(random)
        for _ in range(TRIES):
            top, left = random.integers(0, SIDE - np.array(alpha.shape) + 1)
            box = np.clip(inner + (top, left, top, left), 0, SIDE)
            if not any(_touch(box, other) for other in boxes):
                place = slice(top, top + alpha.shape[0]), slice(left, left + alpha.shape[1])
                under = picture[place]
                picture[place] = under + alpha[:, :, None] * (drawn - under)
                boxes.append(box)
                break
    noisy = picture + random.normal(0, random.uniform(0, 6), picture.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8), boxes


def _ground(random, region):
    """A random crop of a region, turned, mirrored and resized to the scene, float32."""
    side = int(min(random.integers(CROP[0], CROP[1] + 1), *region.shape[:2]))
    top, left = random.integers(0, np.array(region.shape[:2]) - side + 1)
    crop = np.rot90(region[top : top + side, left : left + side], random.integers(4))
    crop = crop[:, ::-1] if random.integers(2) else crop
    shown = Image.fromarray(np.ascontiguousarray(crop))
    return np.asarray(shown.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)


def _face(random):
    """A face: (colours float (H, W, 3), opacity float (H, W) in [0, 1], its box in pixels)."""
    sheet, box = _drawing(random)
    turn, size = random.uniform(-TURN, TURN), np.exp(random.uniform(*np.log(SIZE)))
    factor = size / (box[2] - box[0])
    side = round(SHEET * factor)
    turned = sheet.rotate(turn, Image.Resampling.BICUBIC)
    small = turned.resize((side, side), Image.Resampling.BOX)
    if random.random() < 0.5:
        small = small.filter(ImageFilter.GaussianBlur(random.uniform(0.2, 0.8)))
    pixels = np.asarray(small, np.float32)
    rows, columns = np.nonzero(pixels[:, :, 3] >= 8)
    top, left = rows.min(), columns.min()
    pixels = pixels[top : rows.max() + 1, left : columns.max() + 1]
    across = np.linspace(-1, 1, pixels.shape[1])[None, :, None]
    light = random.uniform(0.6, 1.15) * (1 + random.uniform(-0.3, 0.3) * across)
    inner = np.array(box) * factor - (top, left, top, left)
    return np.clip(pixels[:, :, :3] * light, 0, 255), pixels[:, :, 3] / 255, inner


def _drawing(random):
    """(RGBA sheet, box yxyx of the face on it) of an invented person."""
    skin = np.array(SKIN[random.integers(len(SKIN))]) * random.uniform(0.85, 1.05)
    hair = np.array(HAIR[random.integers(len(HAIR))]) * random.uniform(0.8, 1.2)
    height, width = FACE[0] * random.uniform(0.94, 1.06), FACE[1] * random.uniform(0.9, 1.1)
    mid = SHEET / 2
    top, bottom, left, right = mid - height / 2, mid + height / 2, mid - width / 2, mid + width / 2
    # Transparent pixels have the colour of the hair, or edges would be dark.
    sheet = Image.new("RGBA", (SHEET, SHEET), (*_colour(hair), 0))
    draw = ImageDraw.Draw(sheet)

    def ellipse(y, x, high, wide, colour):
        draw.ellipse((x - wide, y - high, x + wide, y + high), fill=(*_colour(colour), 255))

    mane = random.uniform(1.04, 1.2)
    ellipse(mid - height * 0.08, mid, height * 0.5 * mane, width * 0.5 * mane, hair)
    for side in (-1, 1):
        ellipse(mid, mid + side * width * 0.5, height * 0.1, width * 0.06, skin * 0.9)
    ellipse(mid, mid, height / 2, width / 2, skin)
    fringe = random.uniform(0.06, 0.2)
    draw.chord((left, top, right, bottom), 200, 340, fill=(*_colour(hair), 255))
    ellipse(mid + height * fringe / 2, mid, height * (0.5 - fringe / 2), width * 0.47, skin)
    _features(random, ellipse, draw, (mid, height, width), skin, hair)
    return sheet, (top, left, bottom, right)


def _features(random, ellipse, draw, frame, skin, hair):
    """Brows, eyes, nose and mouth, which look a little to one side."""
    mid, height, width = frame
    x0 = mid + random.uniform(-0.05, 0.05) * width
    eye_y, apart = mid - height * random.uniform(0.05, 0.11), width * random.uniform(0.19, 0.24)
    eye, dark = width * random.uniform(0.07, 0.1), skin * random.uniform(0.45, 0.65)
    brow_y, thick = eye_y - height * random.uniform(0.08, 0.11), random.integers(4, 10)
    open_ = random.uniform(0.35, 0.65)
    for side in (-1, 1):
        x = x0 + side * apart
        ellipse(eye_y, x, eye * 0.95, eye * 1.4, skin * 0.8)
        ellipse(eye_y, x, eye * open_, eye, np.array((240, 240, 236)))
        ellipse(eye_y, x, eye * open_, eye * 0.5, hair * 0.4)
        ends = [(x - eye * 1.5, brow_y + 3), (x, brow_y - 3), (x + eye * 1.5, brow_y + 3)]
        draw.line(ends, fill=(*_colour(hair * 0.7), 255), width=int(thick))
    nose_y = mid + height * random.uniform(0.1, 0.15)
    ellipse(nose_y, x0, height * 0.02, width * random.uniform(0.07, 0.1), dark)
    ellipse((eye_y + nose_y) / 2, x0, (nose_y - eye_y) / 2, width * 0.035, skin * 1.12)
    lips = np.array((190, 80, 84)) * (skin.mean() / 200)
    mouth_y, wide = mid + height * random.uniform(0.25, 0.3), width * random.uniform(0.15, 0.24)
    ellipse(mouth_y, x0, height * random.uniform(0.015, 0.05), wide, lips * 0.8)
    draw.line([(x0 - wide, mouth_y), (x0 + wide, mouth_y)], fill=(*_colour(dark), 255), width=3)


def _colour(values):
    return tuple(int(v) for v in np.clip(values, 0, 255))


def _touch(box, other):
    """Whether two boxes in pixels are nearer than GAP."""
    return bool((box[:2] < other[2:] + GAP).all() and (other[:2] < box[2:] + GAP).all())
