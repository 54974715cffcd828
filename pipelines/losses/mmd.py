"""Maximum mean discrepancy: how far apart two samples' means lie in the space of a kernel."""

from keras import ops

WIDTHS = (
    0.25,
    0.5,
    1.0,
    2.0,
    4.0,
)  # of the kernels, times the mean squared distance: Long et al. 2015, section 5.1


def mmd(features, is_target):
    """Features (B, F) of two domains, is_target (B,) of 0 and 1 -> squared multi-kernel MMD, a
    scalar of 0 or more.

    The biased estimate (Gretton et al. 2012, JMLR 13, eq. 5) with a mean of Gaussian kernels, whose
    widths follow from the batch (Long et al. 2015, arXiv:1502.02791). A batch with one domain alone
    scores 0.
    """
    squares = ops.sum(features**2, -1)
    distances = ops.maximum(
        squares[:, None] + squares[None, :] - 2 * features @ ops.transpose(features), 0.0
    )
    count = ops.cast(ops.shape(features)[0], features.dtype)
    mean = ops.stop_gradient(ops.sum(distances) / ops.maximum(count * (count - 1), 1.0)) + 1e-9
    kernel = sum(ops.exp(-distances / (width * mean)) for width in WIDTHS) / len(WIDTHS)
    target = ops.cast(is_target, features.dtype)
    source, targets, sources = 1 - target, ops.sum(target), ops.sum(1 - target)
    weights = source / ops.maximum(sources, 1.0) - target / ops.maximum(targets, 1.0)
    both = ops.cast((targets > 0) & (sources > 0), features.dtype)
    return both * ops.maximum(ops.sum(weights[:, None] * kernel * weights[None, :]), 0.0)
