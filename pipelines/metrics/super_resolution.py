"""PSNR and SSIM on luma, of whole pictures put together from their tiles, beside those of bicubic interpolation."""

import keras
import numpy as np
from skimage.metrics import structural_similarity

from pipelines.ops import bicubic

LUMA = (
    np.array((65.481, 128.553, 24.966)) / 255
)  # ITU-R BT.601 in studio range, as MATLAB's rgb2ycbcr
WINDOW = 11  # px of SSIM's Gaussian, sigma 1.5 (Wang et al. 2004)
PEAK = 255.0


class Fidelity(keras.metrics.Metric):
    """Sums by picture -> `ssim_y`, `psnr_y`, `bicubic_ssim_y`, `bicubic_psnr_y`: means over
    pictures, and per picture.

    targets: see `tasks.srgan.parse`; decoded: {"image": (B, S, S, 3) in [0, 1]}, rounded here to
    256 levels. The picture's border is cut by `scale` pixels. PSNR in dB of a peak of 255; an exact
    answer counts as 100 dB. SSIM with a Gaussian window, as
    skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=255).
    """

    def __init__(self, scale, name="fidelity", **kwargs):
        super().__init__(name=name, **kwargs)
        self.scale = scale
        self.reset_state()

    def reset_state(self):
        self.sums = {}  # picture -> [squared error, pixels, SSIM, places] of the model and of bicubic

    def update_state(self, targets, decoded, sample_weight=None):
        guesses = bytes_of(decoded["image"])
        truths, lows, tiles, titles = (
            keras.ops.convert_to_numpy(targets[name]) for name in ("image", "low", "tile", "title")
        )
        for truth, low, guess, tile, title in zip(
            truths, lows, guesses, tiles, titles, strict=True
        ):
            sums = self.sums.setdefault((int(tile[0]), title_of(title)), np.zeros((2, 4)))
            simple = np.clip(np.round(bicubic.resize(low, *truth.shape[:2])), 0, 255)
            for row, answer in zip(sums, (guess, simple), strict=True):
                row += _sums(luma(truth), luma(answer), tile[1:] * self.scale, self.scale)

    def result(self):
        sums = np.stack(list(self.sums.values())) if self.sums else np.zeros((0, 2, 4))
        psnr = 10 * np.log10(
            PEAK**2 / np.maximum(sums[..., 0] / np.maximum(sums[..., 1], 1), PEAK**2 * 1e-10)
        )
        ssim = sums[..., 2] / np.maximum(sums[..., 3], 1)
        found = {"ssim_y": ssim, "psnr_y": psnr}
        columns = {
            f"{who}{name}": v[:, i]
            for i, who in enumerate(("", "bicubic_"))
            for name, v in found.items()
        }
        means = {name: float(v.mean()) if len(v) else 0.0 for name, v in columns.items()}
        support = np.ones(len(sums), int)
        return {
            **means,
            "per_class": {**columns, "support": support},
            "labels": [title for _, title in self.sums],
        }


class PerceptualDistance(keras.metrics.Metric):
    """Mean over tiles of `measure` -> `perceptual_distance`, and `bicubic_perceptual_distance`.

    measure: pictures (1, S, S, 3) in [0, 1], twice -> (1,).
    """

    def __init__(self, measure, name="perceptual", **kwargs):
        super().__init__(name=name, **kwargs)
        self.measure = measure
        self.reset_state()

    def reset_state(self):
        self.total, self.count = np.zeros(2), 0

    def update_state(self, targets, decoded, sample_weight=None):
        truth, lows = (keras.ops.convert_to_numpy(targets[name]) for name in ("image", "low"))
        simple = np.stack([np.clip(bicubic.resize(low, *truth.shape[1:3]), 0, 255) for low in lows])
        truth = truth.astype(np.float32) / 255
        guess = keras.ops.convert_to_numpy(decoded["image"])
        for i in range(len(truth)):  # one by one: features of large tiles fill the memory
            parts = (guess[i : i + 1], simple[i : i + 1] / 255)
            self.total += [float(self.measure(part, truth[i : i + 1])[0]) for part in parts]
        self.count += len(truth)

    def result(self):
        ours, simple = self.total / max(1, self.count)
        return {"perceptual_distance": ours, "bicubic_perceptual_distance": simple}


def luma(picture):
    """RGB in 0..255 (..., 3) -> luma in 16..235, float64 (...)."""
    return picture.astype(np.float64) @ LUMA + 16


def bytes_of(pictures):
    """Pictures in [0, 1] -> uint8."""
    values = keras.ops.convert_to_numpy(pictures)
    return np.clip(np.round(values * 255.0), 0, 255).astype(np.uint8)


def title_of(codes):
    """The name that `tasks.srgan.expand` wrote as bytes."""
    return bytes(codes[codes > 0].astype(np.uint8)).decode("utf-8", "replace")


def _sums(truth, guess, tile, border):
    """(squared error, pixels, SSIM, places) of what a tile owns. tile: own top, left, bottom,
    right, then the edges of
    the picture in the tile, top, left, bottom, right; all in its pixels."""
    own, edge = tile[:4], tile[4:]
    error = _cut((truth - guess) ** 2, own, edge, border)
    _, similar = structural_similarity(
        truth,
        guess,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=PEAK,
        full=True,
    )
    similar = _cut(similar, own, edge, border + WINDOW // 2)
    return np.array([error.sum(), error.size, similar.sum(), similar.size])


def _cut(values, own, edge, border):
    top, left = np.maximum(own[:2], edge[:2] + border)
    bottom, right = np.minimum(own[2:], edge[2:] - border)
    return values[top : max(top, bottom), left : max(left, right)]
