"""Hard negative mining: of very many boxes of background, those with the largest loss.

Liu et al. 2016 (SSD), arXiv:1512.02325, section 2.2.
"""

from keras import ops

from pipelines.ops import Tensor

RATIO = 3  # negatives to a positive


def hardest(loss: Tensor, is_positive: Tensor, is_negative: Tensor) -> Tensor:
    """1 for each positive and for the hardest negatives, else 0: float (B, A).

    loss: (B, A); is_positive, is_negative: bool (B, A), and a box may be neither. A picture has
    RATIO times as many negatives as positives, as far as there are, and RATIO if it has none.
    Negatives of equal loss at the limit all count.
    """
    positive, negative = ops.cast(is_positive, "float32"), ops.cast(is_negative, "float32")
    hardness = (ops.cast(loss, "float32") + 1) * negative  # 0 is no negative
    wanted = RATIO * ops.maximum(ops.sum(positive, -1, keepdims=True), 1.0)
    last = ops.minimum(ops.cast(wanted, "int32"), loss.shape[-1]) - 1
    ordered = -ops.sort(-hardness, -1)
    limit = ops.take_along_axis(ordered, last, -1)
    chosen = ops.cast(hardness >= limit, "float32") * negative
    return ops.stop_gradient(ops.maximum(positive, chosen))
