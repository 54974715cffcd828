"""Correlation alignment: the distance between the covariances of two domains."""

from keras import ops


def coral(features, is_target):
    """Features (B, F) of two domains, is_target (B,) of 0 and 1 -> |C_s - C_t|^2 / (4 F^2), a
    scalar.

    Sun & Saenko 2016, arXiv:1607.01719, eq. 1 to 3. A domain of fewer than two examples scores 0.
    """
    target = ops.cast(is_target, features.dtype)
    gap = ops.sum((_covariance(features, 1 - target) - _covariance(features, target)) ** 2)
    enough = (ops.sum(target) > 1) & (ops.sum(1 - target) > 1)
    return ops.cast(enough, features.dtype) * gap / (4.0 * features.shape[-1] ** 2)


def _covariance(features, weights):
    """Of the rows whose weight is 1, with n - 1 below."""
    count = ops.sum(weights)
    mean = ops.sum(features * weights[:, None], 0) / ops.maximum(count, 1.0)
    centred = (features - mean) * weights[:, None]
    return ops.transpose(centred) @ centred / ops.maximum(count - 1, 1.0)
