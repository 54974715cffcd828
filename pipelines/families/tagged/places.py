"""Which places of a model's inputs hold words, and batches without the places that hold none."""

import tensorflow as tf

from pipelines.edge import words

STEP = 16  # words; batches are cut to multiples of it, as JAX compiles each length anew


def word_ids(inputs):
    """The input that is not 0 where there is a word, (..., T)."""
    if "clues" in inputs:
        return inputs["clues"][..., 0]
    return next(inputs[name] for name in ("first", "words", "ruled") if name in inputs)


def cut(values, ids):
    """(B, T, ...) -> as long as the longest row of ids (B, T), rounded up to STEP."""
    longest = tf.reduce_max(tf.reduce_sum(tf.cast(ids != words.PADDING, tf.int32), 1))
    return values[:, : tf.minimum((longest + STEP - 1) // STEP * STEP, tf.shape(ids)[1])]
