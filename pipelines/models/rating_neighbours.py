"""Neighbours of ratings: items that users rate alike, and users who rate items alike."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from scipy import sparse

from pipelines.models import REGISTERED, Tensor, neighbours


def pearson(rest: sparse.csr_matrix, count: int, shrinkage: float) -> tuple[np.ndarray, np.ndarray]:
    """What is left of ratings, (users, I) -> (ids int32 (I, n), correlations float32 (I, n)).

    The correlation of two items is that over users who rated both, times (n - 1) / (n - 1 +
    shrinkage) for n such users (Koren 2010, section 2.2); a negative one counts as none.
    """
    values = rest.T.tocsr()
    there = sparse.csr_matrix(
        (np.ones_like(values.data), values.indices, values.indptr), values.shape
    )
    squares = values.multiply(values).tocsr()
    columns, marks, powers = values.T.tocsc(), there.T.tocsc(), squares.T.tocsc()

    def correlations(own: slice) -> np.ndarray:
        both = (there[own] @ marks).toarray()
        scale = (squares[own] @ marks).toarray() * (there[own] @ powers).toarray()
        alike = (values[own] @ columns).toarray() / np.sqrt(np.maximum(scale, 1e-12))
        return alike * (np.maximum(both - 1, 0) / np.maximum(both - 1 + shrinkage, 1e-9))

    return neighbours.nearest(correlations, values.shape[0], count)


@keras.saving.register_keras_serializable(REGISTERED)
class NearRatings(neighbours.NearItems):
    """(history, what is left of its ratings) (B, I) -> (B, I): their mean over an item's
    neighbours.

    Each neighbour that is in the history counts by its correlation; without one it is 0.
    """

    def build(self, history_shape: tuple, rest_shape: tuple) -> None:  # type: ignore[override]
        super().build(history_shape)

    def call(self, history: Tensor, rest: Tensor) -> Tensor:
        total = ops.sum(ops.take(rest, self.ids, axis=1) * self.near, -1)
        weight = ops.sum(ops.take(history, self.ids, axis=1) * self.near, -1)
        return total / ops.maximum(weight, 1e-6)

    def compute_output_shape(self, history_shape: tuple, rest_shape: tuple) -> tuple:
        return history_shape


@keras.saving.register_keras_serializable(REGISTERED)
class RatedAlike(layers.Layer):
    """(history, ratings) (B, I) -> (B, I): the user's mean, and how far users who rate alike are
    off theirs.

    Users count by Pearson's correlation over what both have rated, if it is above 0, shrunk as by
    `shrinkage` ratings (Resnick et al. 1994). `rest`: ratings of training less each user's mean,
    (I, U), `known`: 1 where there is one.
    """

    def __init__(self, users: int, shrinkage: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.users, self.shrinkage = users, shrinkage

    def build(self, history_shape: tuple, ratings_shape: tuple) -> None:
        own: dict[str, Any] = {"initializer": "zeros", "trainable": False}
        self.rest = self.add_weight((history_shape[-1], self.users), name="rest", **own)
        self.known = self.add_weight((history_shape[-1], self.users), name="known", **own)
        self.built = True

    def call(self, history: Tensor, ratings: Tensor) -> Tensor:
        count = ops.maximum(ops.sum(history, -1, keepdims=True), 1.0)
        mean = ops.sum(history * ratings, -1, keepdims=True) / count
        own = history * (ratings - mean)
        both = ops.matmul(history, self.known)
        scale = ops.matmul(own * own, self.known) * ops.matmul(history, self.rest * self.rest)
        alike = ops.matmul(own, self.rest) / ops.sqrt(ops.maximum(scale, 1e-9))
        alike = ops.maximum(alike, 0.0) * both / (both + self.shrinkage)
        total = ops.matmul(alike, ops.transpose(self.rest))
        weight = ops.matmul(alike, ops.transpose(self.known))
        return mean + total / ops.maximum(weight, 1e-6)

    def compute_output_shape(self, history_shape: tuple, ratings_shape: tuple) -> tuple:
        return history_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "users": self.users, "shrinkage": self.shrinkage}
