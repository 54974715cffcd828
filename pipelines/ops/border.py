"""U-Net's weight of pixels between objects: Ronneberger et al. 2015, arXiv:1505.04597, eq. 2."""

import numpy as np
from scipy import ndimage


def border_weights(mask: np.ndarray, strength: float, sigma: float) -> np.ndarray:
    """1 + strength exp(-(d1 + d2)^2 / (2 sigma^2)) on class 0, and 1 elsewhere.

    mask: uint8 (H, W) -> float32 (H, W). d1, d2: distances in pixels to the nearest and the second
    nearest object; an object is a connected part of a class other than 0, and 255 is none. sigma:
    pixels. With fewer than two objects all weights are 1.
    """
    nearest = second = np.full(mask.shape, np.inf)
    for c in np.unique(mask[(mask > 0) & (mask < 255)]):
        parts, count = ndimage.label(mask == c)
        for i in range(1, count + 1):
            distance = ndimage.distance_transform_edt(parts != i)
            second = np.minimum(second, np.maximum(nearest, distance))
            nearest = np.minimum(nearest, distance)
    weights = 1 + strength * np.exp(-((nearest + second) ** 2) / (2 * sigma**2))
    return np.where(mask == 0, weights, 1).astype(np.float32)
