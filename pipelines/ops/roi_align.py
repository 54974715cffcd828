"""RoI align: features of a box as a grid of fixed size, by bilinear interpolation.

He et al. 2017 (Mask R-CNN), arXiv:1703.06870, section 3. Interpolation is linear along each axis,
so that it is a product with two matrices of hat functions, which every runtime has.
"""

from keras import ops

from pipelines.ops import Tensor

SAMPLES = 2  # along each axis of a bin


def weights(low: Tensor, high: Tensor, bins: int, side: int) -> Tensor:
    """Of each of `bins` bins between `low` and `high` (B, N), the shares of `side` cells.

    low, high: in [0, 1] of the side. Returns (B, N, bins, side); the shares of a bin add up to 1.
    Beyond the first and the last cell's centre these two go on.
    """
    at = (ops.arange(bins * SAMPLES, dtype="float32") + 0.5) / (bins * SAMPLES)
    places = low[..., None] + (high - low)[..., None] * at
    places = ops.clip(places * side - 0.5, 0.0, side - 1.0)
    distance = ops.abs(places[..., None] - ops.arange(side, dtype="float32"))
    hats = ops.maximum(1 - distance, 0.0)
    shape = (-1, low.shape[1], bins, SAMPLES, side)
    return ops.mean(ops.reshape(hats, shape), 3)


def roi_align(features: Tensor, boxes: Tensor, bins: int) -> Tensor:
    """features (B, H, W, C), boxes (B, N, 4) yxyx in [0, 1] -> (B, N, bins, bins, C)."""
    _, height, width, channels = features.shape
    count = boxes.shape[1]
    rows = weights(boxes[..., 0], boxes[..., 2], bins, height)
    columns = weights(boxes[..., 1], boxes[..., 3], bins, width)
    flat = ops.reshape(features, (-1, height, width * channels))
    found = ops.matmul(ops.reshape(rows, (-1, count * bins, height)), flat)
    found = ops.reshape(found, (-1, count * bins, width, channels))
    across = ops.repeat(columns[:, :, None], bins, 2)
    found = ops.matmul(ops.reshape(across, (-1, count * bins, bins, width)), found)
    return ops.reshape(found, (-1, count, bins, bins, channels))
