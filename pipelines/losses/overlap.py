"""Losses of the overlap of a soft mask with the true one: Dice and Jaccard."""

from keras import ops

SMOOTH = 1.0  # pixels; keeps the ratio of a class of few pixels from jumping


def dice(truth, probabilities):
    """1 - 2 |A B| / (|A| + |B|): (B, H, W, C) each -> scalar, the mean of the classes that `truth`
    has in this batch.

    Milletari et al. 2016, arXiv:1606.04797, section 3, without squares in the denominator. Ignored
    pixels are 0 in both.
    """
    both, either = _sums(truth, probabilities)
    return _mean(1 - (2 * both + SMOOTH) / (either + SMOOTH), truth)


def jaccard(truth, probabilities):
    """1 - |A B| / |A or B|: the same shapes as `dice`. Rahman & Wang 2016,
    doi:10.1007/978-3-319-50835-1_22."""
    both, either = _sums(truth, probabilities)
    return _mean(1 - (both + SMOOTH) / (either - both + SMOOTH), truth)


def _sums(a, b):
    return ops.sum(a * b, (0, 1, 2)), ops.sum(a, (0, 1, 2)) + ops.sum(b, (0, 1, 2))


def _mean(losses, truth):
    present = ops.cast(ops.sum(truth, (0, 1, 2)) > 0, losses.dtype)
    return ops.sum(losses * present) / ops.maximum(ops.sum(present), 1)
