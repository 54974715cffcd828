"""Random numbers in tf.data that follow from a seed, or from a picture."""

import tensorflow as tf

from pipelines.edge.draws import Draw
from pipelines.ops import Tensor

BUCKETS = 2**63 - 1  # of fingerprints


def drawn(draw: Draw, count: tuple, seed: Tensor) -> Tensor:
    """float32 (*count, *draw.shape) of the law of `draw`. seed: int (2,)."""
    of = {"normal": tf.random.stateless_normal, "uniform": tf.random.stateless_uniform}
    return of[draw.law]((*count, *draw.shape), seed)


def hashed(picture: Tensor, salt: int) -> Tensor:
    """A seed, int64 (2,), that follows from a picture, uint8 of any shape, and a number.

    It is a fingerprint of the bytes, the same on every machine, so pictures that differ in one
    pixel get seeds that have nothing in common.
    """
    fingerprint = tf.strings.to_hash_bucket_fast(tf.io.serialize_tensor(picture), BUCKETS)
    return tf.stack([fingerprint, tf.constant(salt, tf.int64)])


def shades(picture: Tensor) -> Tensor:
    """A picture in [0, 1] -> uint8."""
    return tf.cast(tf.clip_by_value(tf.round(picture * 255.0), 0.0, 255.0), tf.uint8)


def corrupted(picture: Tensor, deviation: float, seed: Tensor) -> Tensor:
    """uint8 of any shape, and normal noise, `deviation` times white, on each number of it."""
    added = tf.random.stateless_normal(tf.shape(picture), seed, stddev=deviation)
    return shades(tf.cast(picture, tf.float32) / 255.0 + added)
