"""Factors of ratings: what is left of a rating after the biases is a product of two rows of
numbers."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops
from scipy import sparse

from pipelines.models import REGISTERED, Tensor

STEPS = 20  # of conjugate gradients, by which a history gets its factors in a file


class Ratings(NamedTuple):
    """Who gave which item how much: numbers of users and items, int64 (N,), and float64 (N,)."""

    users: np.ndarray
    items: np.ndarray
    values: np.ndarray


class Biases(NamedTuple):
    """The mean of all ratings, and what items have more than it, (I,)."""

    mean: float
    items: np.ndarray


def biases(known: Ratings, count: int, user_weight: float, item_weight: float) -> Biases:
    """Biases of items by alternating least squares, those of users being found with them.

    Koren 2010, section 2.1: each bias is a mean, shrunk as by `weight` ratings of zero.
    """
    mean = float(known.values.mean())
    own = np.zeros(int(known.users.max()) + 1)
    found = np.zeros(count)
    for _ in range(10):
        rest = known.values - mean - own[known.users]
        found = _shrunk(rest, known.items, count, item_weight)
        rest = known.values - mean - found[known.items]
        own = _shrunk(rest, known.users, len(own), user_weight)
    return Biases(mean, found)


def _shrunk(rest: np.ndarray, places: np.ndarray, count: int, weight: float) -> np.ndarray:
    totals = np.bincount(places, rest, count)
    return totals / (np.bincount(places, minlength=count) + weight)


def user_biases(known: Ratings, own: Biases, weight: float) -> np.ndarray:
    """What users give more than the mean and the items' biases, (U,)."""
    rest = known.values - own.mean - own.items[known.items]
    return _shrunk(rest, known.users, int(known.users.max()) + 1, weight)


def residuals(known: Ratings, own: Biases, weight: float) -> np.ndarray:
    """Ratings less the mean and both biases, (N,)."""
    users = user_biases(known, own, weight)
    return known.values - own.mean - own.items[known.items] - users[known.users]


def als(
    known: Ratings, rest: np.ndarray, count: int, width: int, penalty: float, sweeps: int, seed: int
) -> np.ndarray:
    """Factors of items, (I, width), that rebuild `rest` with those of users.

    Zhou et al. 2008, section 3: the penalty of a row counts once for each of its ratings.
    """
    chance = np.random.default_rng(seed)
    shape = int(known.users.max()) + 1, count
    matrix = sparse.csr_matrix((rest, (known.users, known.items)), shape)
    across = matrix.T.tocsr()
    items = chance.normal(0, 0.1, (count, width))
    for _ in range(sweeps):
        users = _solved(matrix, items, penalty)
        items = _solved(across, users, penalty)
    return items


def _solved(rows: sparse.csr_matrix, fixed: np.ndarray, penalty: float) -> np.ndarray:
    found = np.zeros((rows.shape[0], fixed.shape[1]))
    for i in np.flatnonzero(np.diff(rows.indptr)):
        own = slice(rows.indptr[i], rows.indptr[i + 1])
        there = fixed[rows.indices[own]]
        left = there.T @ there + penalty * len(there) * np.eye(fixed.shape[1])
        found[i] = np.linalg.solve(left, there.T @ rows.data[own])
    return found


def sgd(
    known: Ratings,
    count: int,
    width: int,
    rate: float,
    penalty: float,
    epochs: int,
    seed: int,
) -> tuple[Biases, np.ndarray]:
    """Funk's SGD: after each rating its user's and its item's factors and biases move by the error.

    -> (biases, factors of items (I, width)). Koren et al. 2009, equations 4 and 5. Ratings of
    different users and items are taken together, which changes nothing in the sums.
    """
    chance = np.random.default_rng(seed)
    users = chance.normal(0, 0.1, (int(known.users.max()) + 1, width))
    items = chance.normal(0, 0.1, (count, width))
    mean = float(known.values.mean())
    by_user, by_item = np.zeros(len(users)), np.zeros(count)
    for _ in range(epochs):
        for rows in apart(known, chance):
            u, i = known.users[rows], known.items[rows]
            p, q = users[u], items[i]
            error = known.values[rows] - mean - by_user[u] - by_item[i] - (p * q).sum(1)
            by_user[u] += rate * (error - penalty * by_user[u])
            by_item[i] += rate * (error - penalty * by_item[i])
            users[u] += rate * (error[:, None] * q - penalty * p)
            items[i] += rate * (error[:, None] * p - penalty * q)
    return Biases(mean, by_item), items


def apart(known: Ratings, chance: np.random.Generator) -> list[np.ndarray]:
    """All ratings in random order, in groups in which no user and no item occurs twice."""
    order = chance.permutation(len(known.values))
    left = order
    groups = []
    while len(left):
        _, first_user = np.unique(known.users[left], return_index=True)
        candidates = np.sort(first_user)
        _, first_item = np.unique(known.items[left[candidates]], return_index=True)
        taken = candidates[np.sort(first_item)]
        groups.append(left[taken])
        left = np.delete(left, taken)
    return groups


@keras.saving.register_keras_serializable(REGISTERED)
class RatingFoldIn(layers.Layer):
    """(history, ratings) (B, I) of someone -> ratings of all items, (B, I).

    The bias of the user is the shrunk mean of what is left of the ratings, and the factors are the
    ridge regression of the rest on the items' factors, by conjugate gradients. width: 0 has biases
    alone.
    """

    def __init__(self, width: int, penalty: float, user_weight: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.width, self.penalty, self.user_weight = width, penalty, user_weight

    def build(self, history_shape: tuple, ratings_shape: tuple) -> None:
        own: dict[str, Any] = {"initializer": "zeros", "trainable": False}
        self.mean = self.add_weight((1,), name="mean", **own)
        self.bias = self.add_weight((history_shape[-1],), name="bias", **own)
        if self.width:
            shape = (history_shape[-1], self.width)
            self.factors = self.add_weight(shape, name="factors", **own)
        self.built = True

    def call(self, history: Tensor, ratings: Tensor) -> Tensor:
        count = ops.sum(history, -1, keepdims=True)
        rest = history * (ratings - self.mean - self.bias)
        user = ops.sum(rest, -1, keepdims=True) / (count + self.user_weight)
        known = self.mean + self.bias + user
        if not self.width:
            return known
        wanted = ops.matmul(rest - history * user, self.factors)
        return known + ops.matmul(self._solved(history, count, wanted), ops.transpose(self.factors))

    def _solved(self, history: Tensor, count: Tensor, wanted: Tensor) -> Tensor:
        """Factors (B, width) of (F' diag(history) F + penalty count) x = wanted."""
        across = ops.transpose(self.factors)
        ridge = self.penalty * ops.maximum(count, 1.0)
        found, rest, direction = ops.zeros_like(wanted), wanted, wanted
        size = ops.sum(rest * rest, -1, keepdims=True)
        for _ in range(STEPS):
            own = ops.matmul(history * ops.matmul(direction, across), self.factors)
            moved = own + ridge * direction
            along = ops.sum(direction * moved, -1, keepdims=True)
            step = size / ops.maximum(along, 1e-12)
            found, rest = found + step * direction, rest - step * moved
            following = ops.sum(rest * rest, -1, keepdims=True)
            direction = rest + following / ops.maximum(size, 1e-12) * direction
            size = following
        return found

    def assign(self, own: Biases, factors: np.ndarray | None = None) -> None:
        """factors: (I, width)."""
        self.mean.assign([own.mean])
        self.bias.assign(own.items)
        if factors is not None:
            self.factors.assign(factors)

    def compute_output_shape(self, history_shape: tuple, ratings_shape: tuple) -> tuple:
        return history_shape

    def get_config(self) -> dict:
        own = {"width": self.width, "penalty": self.penalty, "user_weight": self.user_weight}
        return {**super().get_config(), **own}
