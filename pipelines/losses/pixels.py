"""Cross-entropy of each pixel, plain and focal."""

from keras import ops


def cross_entropy(truth, logits):
    """-log softmax(z)_y: one-hot (..., C), logits (..., C) -> (...)."""
    return -ops.sum(truth * ops.log_softmax(logits), -1)


def focal(truth, logits, gamma):
    """-(1 - p_y)^gamma log p_y, which lets easy pixels count less. Lin et al. 2017,
    arXiv:1708.02002, eq. 4."""
    log_p = ops.sum(truth * ops.log_softmax(logits), -1)
    # Not 0, of which a power below 1 has no finite gradient.
    return -ops.power(ops.maximum(1 - ops.exp(log_p), 1e-7), gamma) * log_p
