"""The device half of `segmentation`: a picture of any size in, a class per pixel out."""

import numpy as np
from PIL import Image

from . import overlay, pictures, tiles

FILES = ("tiles", "overlay")  # what this file needs beside it, besides `pictures`


def predict(source, run, manifest):
    """A picture, file or bytes -> ({"size": [H, W], "confidence": mean, "shares": {label: share of
    pixels}}, pictures).

    pictures: `mask`, uint8 (H, W) class ids; `confidence`, uint8 (H, W), 255 times the probability
    of that class; `overlay`, the mask in colours over the picture. run: {"image": uint8 (1, S, S,
    3)} -> {"probabilities": (1, S, S, C)}. Raises ValueError with a reason.
    """
    picture = pictures.read_picture(source)
    mask, confidence = np.empty(picture.shape[:2], np.uint8), np.empty(picture.shape[:2], np.uint8)
    for top, probabilities in _answers(picture, run, manifest):
        rows = slice(top, top + len(probabilities))
        mask[rows] = probabilities.argmax(-1)
        confidence[rows] = np.round(255 * np.clip(probabilities.max(-1), 0, 1))
    labels = manifest["labels"]
    counts = np.bincount(mask.reshape(-1), minlength=len(labels))
    answer = {
        "size": list(mask.shape),
        "confidence": float(confidence.mean() / 255),
        "shares": {label: float(n / mask.size) for label, n in zip(labels, counts, strict=True)},
    }
    return answer, {
        "mask": mask,
        "confidence": confidence,
        "overlay": overlay.overlay(picture, mask),
    }


def line(answer):
    """An answer as people read it: `512 x 512  cell 78.1 %, membrane 21.9 %`."""
    ranked = sorted(answer["shares"].items(), key=lambda item: -item[1])
    shares = ", ".join(f"{label} {share:.1%}" for label, share in ranked if share >= 0.0005)
    return f"{answer['size'][0]} x {answer['size'][1]}  {shares}"


def _answers(picture, run, manifest):
    """(first row, probabilities (rows, W, C)) from top to bottom."""
    side, config = manifest["inputs"]["image"]["shape"][1], manifest["config"]

    def one(square):
        return run({"image": square})["probabilities"]

    if config["fit"] == "tile":
        yield from tiles.bands(
            picture, side, one, margin(side, config), config["patch"] * 2 ** config["depth"]
        )
        return
    square, _ = pictures.resize(picture, side)
    small = np.asarray(one(square[None]))[0]
    size = picture.shape[1::-1]
    large = [np.asarray(Image.fromarray(channel).resize(size, Image.Resampling.BILINEAR))
             for channel in np.moveaxis(small.astype(np.float32), -1, 0)]  # fmt: skip
    yield 0, np.stack(large, -1)


def margin(side, config):
    """Pixels along a tile's border that another tile knows better: as far as the net sees, or a quarter of a tile."""
    # See models/unet.py; how far another net sees is not known.
    sees = side if config["encoder"] else config["patch"] * (6 * 2 ** config["depth"] - 3) - 1
    return min(sees, side // 4)
