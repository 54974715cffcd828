"""A mask as people see it: coloured over its picture."""

import numpy as np


def colours(count):
    """One colour a class, uint8 (count, 3); the first is black. The colour map of Pascal VOC's development kit."""
    ids = np.arange(count)
    channels = [sum((ids >> (3 * bit + c) & 1) << (7 - bit) for bit in range(3)) for c in range(3)]
    return np.stack(channels, -1).astype(np.uint8)


def overlay(picture, mask):
    """uint8 (H, W, 3) under a mask of class ids (H, W) -> uint8 (H, W, 3); class 0 and 255 stay as they are."""
    half = colours(256) // 2
    painted = (mask > 0) & (mask < 255)
    return np.where(
        painted[:, :, None], picture // 2 + half[np.where(painted, mask, 0)], picture
    ).astype(np.uint8)
