"""What a picture shows and how it is painted, on features of a net: content, style, smoothness.

Gatys et al. 2016 (CVPR, sections 2.1 to 2.3), with two deviations: each error is divided by the
size of what is wanted, so that layers, nets and styles of any contrast have numbers of one kind;
and layers of style weigh the same.
"""

from collections.abc import Sequence

from keras import ops

from pipelines.ops import Tensor

TINY = 1e-8  # features of a blank picture are all zero


def gram(features: Tensor) -> Tensor:
    """Which channels go together: (B, H, W, C) -> (B, C, C), means over all places."""
    _, height, width, channels = features.shape
    flat = ops.reshape(ops.cast(features, "float32"), (-1, height * width, channels))
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / (height * width)


def content(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Squared distance of features (B, H, W, C), as a share of what is wanted, mean of layers ->
    (B,)."""
    return _mean([_share(x, y) for x, y in zip(found, wanted, strict=True)])


def style(found: Sequence[Tensor], grams: Sequence[Tensor]) -> Tensor:
    """Squared distance of the Gram matrices of features (B, H, W, C) from `grams` (1 or B, C, C).

    As a share of what is wanted, mean of layers -> (B,).
    """
    return _mean([_share(gram(x), wanted) for x, wanted in zip(found, grams, strict=True)])


def variation(pictures: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, down and across: (B, H, W, 3) -> (B,)."""
    down = ops.abs(pictures[:, 1:] - pictures[:, :-1])
    across = ops.abs(pictures[:, :, 1:] - pictures[:, :, :-1])
    return ops.mean(down, (1, 2, 3)) + ops.mean(across, (1, 2, 3))


def _share(found: Tensor, wanted: Tensor) -> Tensor:
    axes = tuple(range(1, len(found.shape)))
    found, wanted = ops.cast(found, "float32"), ops.cast(wanted, "float32")
    error = ops.sum(ops.square(found - wanted), axes)
    return error / (ops.sum(ops.square(wanted), axes) + TINY)


def _mean(shares: list[Tensor]) -> Tensor:
    return sum(shares) / len(shares)
