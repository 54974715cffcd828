"""The best span of a row by the scores of its start and its end; only ops that LiteRT has."""

from typing import Any

from keras import ops

Tensor = Any  # of Keras, of its backend, or of NumPy
OUTSIDE = -1e4  # logit of a place that no span may begin or end at


def best(start: Tensor, end: Tensor, longest: int) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (B, P) of start and end, OUTSIDE if forbidden -> (first, last, score), (B,) each.

    The span of at most `longest` places whose two logits have the largest sum; first and last are
    int32. Of equal ones the first is taken.
    """
    behind = ops.pad(end, ((0, 0), (0, longest - 1)), constant_values=OUTSIDE)
    reach = ops.max_pool(behind[..., None], longest, 1, "valid")[..., 0]
    top, first = ops.top_k(start + reach, 1)
    places = ops.cumsum(ops.ones_like(end), 1) - 1
    away = places - ops.cast(first, places.dtype)
    inside = ops.logical_and(ops.greater_equal(away, 0), ops.less(away, longest))
    _, last = ops.top_k(ops.where(inside, end, ops.full_like(end, 2 * OUTSIDE)), 1)
    return ops.cast(first[:, 0], "int32"), ops.cast(last[:, 0], "int32"), top[:, 0]
