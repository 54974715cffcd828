"""PSNR and SSIM on luma, of whole pictures put together from tiles, compared with bicubic ones."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from skimage.metrics import structural_similarity

from pipelines.metrics import Tensor, Tensors
from pipelines.ops import bicubic

# ITU-R BT.601 in studio range, as MATLAB's rgb2ycbcr.
LUMA = np.array((65.481, 128.553, 24.966)) / 255
WINDOW = 11  # px of SSIM's Gaussian, sigma 1.5 (Wang et al. 2004)
PEAK = 255.0
BEST = 100  # dB that an exact answer counts as


class Fidelity(keras.metrics.Metric):
    """`ssim_y`, `psnr_y`, `bicubic_ssim_y`, `bicubic_psnr_y`: means over pictures, and of each.

    targets: see `tasks.srgan.parse`; decoded: {"image": (B, S, S, 3) in [0, 1]}, rounded here to
    256 levels. The picture's border is cut by `scale` pixels. PSNR in dB of a peak of 255; an exact
    answer counts as 100 dB. SSIM with a Gaussian window, as
    skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=255).
    """

    def __init__(self, scale: int, name: str = "fidelity", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.scale = scale
        self.reset_state()

    def reset_state(self) -> None:
        # picture -> [squared error, pixels, SSIM, places], of the model and of bicubic
        self.sums = {}

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        guesses = bytes_of(decoded["image"])
        truths = keras.ops.convert_to_numpy(targets["image"])
        lows = keras.ops.convert_to_numpy(targets["low"])
        tiles = keras.ops.convert_to_numpy(targets["tile"])
        titles = keras.ops.convert_to_numpy(targets["title"])
        for i, (number, *place) in enumerate(tiles):
            truth, place = luma(truths[i]), np.array(place) * self.scale
            simple = np.clip(np.round(bicubic.resize(lows[i], *truth.shape)), 0, 255)
            sums = self.sums.setdefault((int(number), title_of(titles[i])), np.zeros((2, 4)))
            sums[0] += _sums(truth, luma(guesses[i]), place, self.scale)
            sums[1] += _sums(truth, luma(simple), place, self.scale)

    def result(self) -> dict:
        sums = np.reshape(list(self.sums.values()), (-1, 2, 4))
        errors, pixels, similar, places = np.moveaxis(sums, -1, 0)
        squared = np.maximum(errors / np.maximum(pixels, 1), PEAK**2 / 10 ** (BEST / 10))
        psnr = 10 * np.log10(PEAK**2 / squared)
        ssim = similar / np.maximum(places, 1)
        columns = {
            "ssim_y": ssim[:, 0],
            "psnr_y": psnr[:, 0],
            "bicubic_ssim_y": ssim[:, 1],
            "bicubic_psnr_y": psnr[:, 1],
        }
        means = {name: float(v.mean()) if len(v) else 0.0 for name, v in columns.items()}
        return {
            **means,
            "per_class": {**columns, "support": np.ones(len(sums), int)},
            "labels": [title for _, title in self.sums],
        }


class PerceptualDistance(keras.metrics.Metric):
    """Mean over tiles of `measure` -> `perceptual_distance`, and `bicubic_perceptual_distance`.

    measure: pictures (1, S, S, 3) in [0, 1], twice -> (1,).
    """

    def __init__(
        self, measure: Callable[[Tensor, Tensor], Tensor], name: str = "perceptual", **kwargs: Any
    ):
        super().__init__(name=name, **kwargs)
        self.measure = measure
        self.reset_state()

    def reset_state(self) -> None:
        self.total, self.count = np.zeros(2), 0

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        truth = keras.ops.convert_to_numpy(targets["image"])
        lows = keras.ops.convert_to_numpy(targets["low"])
        simple = np.stack([bicubic.resize(low, *truth.shape[1:3]) for low in lows])
        simple = np.clip(simple, 0, 255)
        truth = truth.astype(np.float32) / 255
        guess = keras.ops.convert_to_numpy(decoded["image"])
        for i in range(len(truth)):  # one by one: features of large tiles fill the memory
            parts = (guess[i : i + 1], simple[i : i + 1] / 255)
            self.total += [float(self.measure(part, truth[i : i + 1])[0]) for part in parts]
        self.count += len(truth)

    def result(self) -> dict:
        ours, simple = self.total / max(1, self.count)
        return {"perceptual_distance": ours, "bicubic_perceptual_distance": simple}


def luma(picture: np.ndarray) -> np.ndarray:
    """RGB in 0..255 (..., 3) -> luma in 16..235, float64 (...)."""
    return picture.astype(np.float64) @ LUMA + 16


def bytes_of(pictures: Tensor) -> np.ndarray:
    """Pictures in [0, 1] -> uint8."""
    values = keras.ops.convert_to_numpy(pictures)
    return np.clip(np.round(values * 255.0), 0, 255).astype(np.uint8)


def title_of(codes: np.ndarray) -> str:
    """The name that `tasks.srgan.expand` wrote as bytes."""
    return bytes(codes[codes > 0].astype(np.uint8)).decode("utf-8", "replace")


def _sums(truth: np.ndarray, guess: np.ndarray, tile: np.ndarray, border: int) -> np.ndarray:
    """(squared error, pixels, SSIM, places) of what a tile owns.

    tile: own top, left, bottom, right, then the picture's edges in the tile in the same order, all
        in pixels of the tile.
    """
    own, edge = tile[:4], tile[4:]
    error = _cut((truth - guess) ** 2, own, edge, border)
    similar = _cut(_similarity_map(truth, guess), own, edge, border + WINDOW // 2)
    return np.array([error.sum(), error.size, similar.sum(), similar.size])


def _similarity_map(truth: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """SSIM at each place of two lumas (H, W) in 0..255, with a Gaussian window."""
    _, similar = structural_similarity(
        truth,
        guess,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=PEAK,
        full=True,
    )
    return similar


def _cut(values: np.ndarray, own: np.ndarray, edge: np.ndarray, border: int) -> np.ndarray:
    """What a tile owns of `values`, less the border of the picture."""
    top, left = np.maximum(own[:2], edge[:2] + border)
    bottom, right = np.minimum(own[2:], edge[2:] - border)
    return values[top : max(top, bottom), left : max(left, right)]
