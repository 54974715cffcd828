"""The device half of `segmentation`: a picture of any size in, a class per pixel out."""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from . import overlay, pictures, tiles


def predict(
    source: pictures.Source, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict[str, np.ndarray]]:
    """A picture, file or bytes -> (answer, pictures).

    answer: {"size": [H, W], "confidence": mean, "shares": {label: share of pixels}}
    pictures: `mask`, uint8 (H, W) class ids; `confidence`, uint8 (H, W), 255 times the probability
        of that class; `overlay`, the mask in colours over the picture.
    run: {"image": uint8 (1, S, S, 3)} -> {"probabilities": (1, S, S, C)}. Raises ValueError with a
        reason.
    """
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    mask, confidence = np.empty((2, *picture.shape[:2]), np.uint8)
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
    coloured = overlay.overlay(picture, mask)
    return answer, {"mask": mask, "confidence": confidence, "overlay": coloured}


def line(answer: dict) -> str:
    """An answer as people read it: `512 x 512  cell 78.1%, membrane 21.9%`."""
    ranked = sorted(answer["shares"].items(), key=lambda item: -item[1])
    shares = ", ".join(f"{label} {share:.1%}" for label, share in ranked if share >= 0.0005)
    return f"{answer['size'][0]} x {answer['size'][1]}  {shares}"


def _answers(
    picture: np.ndarray, run: Callable[[dict], dict], manifest: dict
) -> Iterator[tuple[int, np.ndarray]]:
    """(first row, probabilities (rows, W, C)) from top to bottom."""
    side, config = manifest["inputs"]["image"]["shape"][1], manifest["config"]

    def one(square: np.ndarray) -> np.ndarray:
        return run({"image": square})["probabilities"]

    if config["fit"] == "tile":
        yield from tiles.bands(picture, side, one, config["margin"], config["step"])
        return
    square, _ = pictures.resize(picture, side)
    small = np.asarray(one(square[None]))[0]
    yield 0, _enlarged(small.astype(np.float32), picture.shape[:2])


def _enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float32 (S, S, C) -> (*size, C), smoothly."""
    height, width = size
    channels = []
    for channel in np.moveaxis(values, -1, 0):
        large = Image.fromarray(channel).resize((width, height), Image.Resampling.BILINEAR)
        channels.append(np.asarray(large))
    return np.stack(channels, -1)
