"""The smooth L1 loss: squared where it is small, absolute beyond.

Girshick 2015 (Fast R-CNN), arXiv:1504.08083, eq. 3.
"""

from keras import ops

from pipelines.ops import Tensor


def smooth_l1(errors: Tensor) -> Tensor:
    """0.5 x^2 of errors x of less than 1, |x| - 0.5 of others; element by element."""
    size = ops.abs(errors)
    small = ops.minimum(size, 1.0)
    return size - small + 0.5 * ops.square(small)
