"""A mask as people see it: coloured over its picture."""

import numpy as np


def colours(count: int) -> np.ndarray:
    """One colour a class, uint8 (count, 3); the first is black.

    The colour map of Pascal VOC's development kit: three bits of the id a channel, in turn, from
    the highest bit down.
    """
    ids = np.arange(count)[:, None]
    channel = np.arange(3)
    bits = [(ids >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(3)]
    return sum(bits).astype(np.uint8)


def overlay(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) under a mask of class ids (H, W) -> uint8 (H, W, 3).

    Class 0 and 255 stay as they are.
    """
    painted = (mask > 0) & (mask < 255)
    half = colours(256) // 2
    mixed = picture // 2 + half[np.where(painted, mask, 0)]
    return np.where(painted[:, :, None], mixed, picture).astype(np.uint8)
