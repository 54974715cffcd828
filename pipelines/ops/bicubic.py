"""Bicubic resizing as the field's reference does it: MATLAB's `imresize`, with antialiasing.

Keys 1981, "Cubic convolution interpolation for digital image processing", with a = -0.5; a
reduction widens the kernel by its factor. Beyond its edges a picture is mirrored, the edge pixel
being its own neighbour.
"""

import functools

import numpy as np


@functools.cache
def matrix(length: int, out: int) -> np.ndarray:
    """Weights that resample an axis: float32 (out, length); each row sums to one."""
    scale = out / length
    widen = max(1.0, 1 / scale)
    centre = (np.arange(out) + 0.5) / scale - 0.5
    first = np.floor(centre - 2 * widen)[:, None].astype(int)
    taps = first + np.arange(int(np.ceil(4 * widen)) + 2)
    weights = kernel((centre[:, None] - taps) / widen)
    weights /= weights.sum(1, keepdims=True)
    place = taps % (2 * length)
    place = np.where(place < length, place, 2 * length - 1 - place)
    found = np.zeros((out, length))
    np.add.at(found, (np.arange(out)[:, None], place), weights)
    return found.astype(np.float32)


def kernel(x: np.ndarray) -> np.ndarray:
    """Keys's cubic at distances `x`, with a = -0.5."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def resize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 or float (H, W, C) -> float32 (height, width, C), neither rounded nor cut."""
    down, across = matrix(picture.shape[0], height), matrix(picture.shape[1], width)
    return np.einsum("ih,hwc,jw->ijc", down, picture.astype(np.float32), across, optimize=True)


def phases(scale: int) -> np.ndarray:
    """Kernel of a convolution that enlarges by a whole factor: (5, 5, scale ** 2).

    It has one answer for each new pixel.
    """
    rows = np.zeros((scale, 5))
    for phase in range(scale):
        centre = (phase + 0.5) / scale - 0.5
        rows[phase] = kernel(centre - np.arange(-2, 3))
    # phase down, phase across, tap down, tap across
    found = rows[:, None, :, None] * rows[None, :, None, :]
    return found.reshape(scale**2, 5, 5).transpose(1, 2, 0).astype(np.float32)
