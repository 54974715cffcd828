"""Batches of a few classes with several examples of each, so that a batch holds pairs of a kind."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

ROUNDS = 8  # of the cipher that shuffles, as in the engine
CLASSES, WITHIN = 2, 3  # keep the streams of chance apart from each other and from others


def drawn(labels: np.ndarray, batch_size: int, each: int, seed: int) -> Callable[[Any], Any]:
    """step, int64 -> the rows of its batch, int64 (batch_size,), `each` of one class in a row.

    labels: (N,). What a step holds follows from (seed, step) alone. All classes come once before
    one comes again, and so do the examples of a class: shuffled anew each time.
    """
    order = np.argsort(labels, kind="stable")
    _, first, counts = np.unique(labels[order], return_index=True, return_counts=True)
    number, groups = len(counts), batch_size // each

    def rows(step: Any) -> Any:
        turns = step * groups + tf.range(groups, dtype=tf.int64)
        keys = tf.stack([tf.fill([groups], np.int64(seed * 4 + CLASSES)), turns // number], 1)
        kinds = _shuffled(turns % number, keys, tf.fill([groups], np.int64(number)))
        places = tf.reshape(turns // number * each, (-1, 1)) + tf.range(each, dtype=tf.int64)
        own = tf.repeat(tf.gather(counts, kinds), each)
        places = tf.reshape(places, (-1,))
        stream = tf.repeat(kinds * 4 + WITHIN, each) + seed * 4 * number
        within = _shuffled(places % own, tf.stack([stream, places // own], 1), own)
        return tf.gather(order, tf.repeat(tf.gather(first, kinds), each) + within)

    return rows


def _shuffled(places: Any, keys: Any, sizes: Any) -> Any:
    """Place by place of a shuffled order of so many. places, sizes: int64 (B,); keys: (B, 2)."""
    keys = tf.concat([keys, tf.zeros_like(keys[:, :1])], 1)
    return tf.raw_ops.RandomIndexShuffle(
        index=places, seed=tf.cast(keys, tf.uint32), max_index=sizes - 1, rounds=ROUNDS
    )
