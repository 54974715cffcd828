"""Neighbours: which items, or which users, are alike, and scores by the most alike ones."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from scipy import sparse

from pipelines.models import REGISTERED, Tensor

BLOCK = 512  # items that are compared with all others at a time: bounds the memory


def nearest(
    alike: Callable[[slice], np.ndarray], items: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """(ids int32 (I, n), how alike float32 (I, n)) of the n = min(count, I - 1) most alike of each
    item.

    alike: some items -> how alike they are to all, (b, I), of which below 0 counts as 0. An item is
    no neighbour of itself.
    """
    count = min(count, items - 1)
    ids, near = np.empty((items, count), np.int32), np.empty((items, count), np.float32)
    for start in range(0, items, BLOCK):
        own = slice(start, min(start + BLOCK, items))
        found = alike(own)
        found[np.arange(len(found)), np.arange(own.start, own.stop)] = -1.0
        best = np.argpartition(-found, count - 1, 1)[:, :count]
        ids[own], near[own] = best, np.maximum(np.take_along_axis(found, best, 1), 0.0)
    return ids, near


def of_items(
    matrix: sparse.csr_matrix, count: int, shrinkage: float
) -> tuple[np.ndarray, np.ndarray]:
    """X, (users, I) -> (ids int32 (I, n), cosines float32 (I, n)) of the n most alike of each item.

    The cosine of two items is n_ij / (sqrt(n_i n_j) + shrinkage): n_ij is the number of users who
    have both (Sarwar et al. 2001, section 3.1.1; Bell & Koren 2007 for the shrinkage).
    """
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(0), np.float64).ravel())
    by_item = matrix.T.tocsr()

    def cosines(own: slice) -> np.ndarray:
        both = (by_item[own] @ matrix).toarray().astype(np.float64)
        return both / np.maximum(np.outer(norms[own], norms) + shrinkage, 1e-9)

    return nearest(cosines, matrix.shape[1], count)


@keras.saving.register_keras_serializable(REGISTERED)
class NearItems(layers.Layer):
    """History (B, I) -> (B, I): for each item the sum over its `count` neighbours in the
    history."""

    def __init__(self, count: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.count = count

    def build(self, input_shape: tuple) -> None:
        shape = (input_shape[-1], self.count)
        own: dict[str, Any] = {"initializer": "zeros", "trainable": False}
        self.ids = self.add_weight(shape, dtype="int32", name="ids", **own)
        self.near = self.add_weight(shape, name="near", **own)
        self.built = True

    def call(self, history: Tensor) -> Tensor:
        there = ops.take(history, self.ids, axis=1)
        return ops.sum(there * self.near, -1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable(REGISTERED)
class NearUsers(layers.Layer):
    """History (B, I) -> (B, I): what the `count` users of training have whose histories are
    nearest.

    Near is the cosine of two histories, and each of these users counts by it (Resnick et al. 1994,
    for ones in place of ratings). `known`: rows of length one, `lengths`: what they were.
    """

    def __init__(self, users: int, count: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.users, self.count = users, min(users, count)

    def build(self, input_shape: tuple) -> None:
        own: dict[str, Any] = {"initializer": "zeros", "trainable": False}
        self.known = self.add_weight((input_shape[-1], self.users), name="known", **own)
        self.lengths = self.add_weight((self.users,), name="lengths", **own)
        self.built = True

    def alike(self, history: Tensor) -> Tensor:
        """History (B, I) -> how alike it is to that of each user (B, users)."""
        return ops.matmul(history, self.known)

    def call(self, history: Tensor) -> Tensor:
        near = self.alike(history)
        last = ops.top_k(near, self.count)[0][:, -1:]
        kept = ops.where(near >= last, near, ops.zeros_like(near)) * self.lengths
        return ops.matmul(kept, ops.transpose(self.known))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "users": self.users, "count": self.count}


@keras.saving.register_keras_serializable(REGISTERED)
class NearProfiles(NearUsers):
    """The same of the users whose histories have the most alike texts, whatever the items.

    `words`: TF-IDF of the items, (I, W); `profiles`: the sum of each user's, of length one, (W,
    users). Collaboration via content, Pazzani 1999, section 2.4.
    """

    def __init__(self, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.width = width

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        own: dict[str, Any] = {"initializer": "zeros", "trainable": False}
        self.words = self.add_weight((input_shape[-1], self.width), name="words", **own)
        self.profiles = self.add_weight((self.width, self.users), name="profiles", **own)

    def alike(self, history: Tensor) -> Tensor:
        """By the texts."""
        return ops.matmul(ops.matmul(history, self.words), self.profiles)

    def get_config(self) -> dict:
        return {**super().get_config(), "width": self.width}


def of_users(histories: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(U, I) -> (rows of length one as columns (I, U), what their lengths were (U,))."""
    lengths = np.linalg.norm(histories, axis=1)
    return (histories / np.maximum(lengths, 1e-9)[:, None]).T, lengths
