"""Squared distances between all pairs of a batch."""

from keras import ops

from pipelines.ops import Tensor


def squared(embeddings: Tensor) -> Tensor:
    """(B, D) -> squared Euclidean distances (B, B), at least 0."""
    norms = ops.sum(ops.square(embeddings), -1)
    products = ops.matmul(embeddings, ops.transpose(embeddings))
    return ops.maximum(norms[:, None] + norms[None, :] - 2 * products, 0.0)


def kinds(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Labels (B,) -> two bool (B, B): pairs of different rows with one label, and with two."""
    is_equal = labels[:, None] == labels[None, :]
    rows = ops.arange(ops.shape(labels)[0])
    return ops.logical_and(is_equal, rows[:, None] != rows[None, :]), ops.logical_not(is_equal)
