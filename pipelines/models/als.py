"""Alternating least squares of implicit feedback: factors of users and items by turns.

Hu, Koren & Volinsky 2008: sum over all pairs of c (p - x_u y_i)^2 + lambda (|x|^2 + |y|^2), p and c
being 1 for a pair that is not there, and 1 and the confidence for one that is. With the items
fixed, each user is a small linear system, x_u = (Y'Y + sum of (c - 1) y y' + lambda I)^-1 sum of c
y.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from pipelines.models import REGISTERED, Tensor

ROWS = 4_000_000  # numbers that are gathered at a time: bounds the memory
STEPS = 12  # of conjugate gradients in a file; preconditioned by (Y'Y + lambda I)^-1


def factors(
    matrix: sparse.csr_matrix,
    width: int,
    confidence: float,
    penalty: float,
    sweeps: int,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """X, (users, I) of ones -> (users (U, width), items (I, width)), float32."""
    chance = np.random.default_rng(seed)
    by_user, by_item = matrix.tocsr(), matrix.T.tocsr()
    items = chance.normal(0, 0.1, (matrix.shape[1], width)).astype(np.float32)
    users = np.zeros((matrix.shape[0], width), np.float32)
    for _ in range(sweeps):
        users = solved(by_user, items, confidence, penalty)
        items = solved(by_item, users, confidence, penalty)
    return solved(by_user, items, confidence, penalty), items


def solved(
    rows: sparse.csr_matrix, fixed: np.ndarray, confidence: float, penalty: float
) -> np.ndarray:
    """The factors of each row, given those of the columns: (N, M), (M, width) -> (N, width)."""
    width = fixed.shape[1]
    gram = fixed.T @ fixed + penalty * np.eye(width, dtype=fixed.dtype)
    if confidence == 1:
        return linalg.cho_solve(linalg.cho_factor(gram), (rows @ fixed).T).T.astype(np.float32)
    found = np.zeros((rows.shape[0], width), np.float32)
    near = (fixed @ np.linalg.inv(gram.astype(np.float64))).astype(np.float32)
    fixed, near = (
        np.pad(own, ((0, 1), (0, 0))) for own in (fixed, near)
    )  # the last one is nothing
    lengths = np.diff(rows.indptr)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    with threadpool_limits(1):  # the systems are too small for two threads of BLAS
        for chunk in _chunks(order, lengths, width):
            ids = _padded(rows, chunk, lengths)
            if ids.shape[1] < width:
                found[chunk] = _short(fixed[ids], near[ids], confidence)
            else:
                found[chunk] = _long(fixed[ids], gram, confidence)
    return found


def _chunks(order: np.ndarray, lengths: np.ndarray, width: int) -> list[np.ndarray]:
    """Rows of about equal length together, few enough for the memory."""
    chunks, start = [], 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and _fits(stop - start + 1, int(lengths[order[stop]]), width):
            stop += 1
        chunks.append(order[start:stop])
        start = stop
    return chunks


def _fits(rows: int, length: int, width: int) -> bool:
    return rows * max(length, width) * width <= ROWS


def _padded(rows: sparse.csr_matrix, chunk: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The columns of the rows of a chunk, (N, L), and behind them the number of columns."""
    longest = int(lengths[chunk].max())
    places = rows.indptr[chunk][:, None] + np.arange(longest)
    ids = rows.indices[np.minimum(places, len(rows.indices) - 1)]
    return np.where(np.arange(longest) < lengths[chunk][:, None], ids, rows.shape[1])


def _long(own: np.ndarray, gram: np.ndarray, confidence: float) -> np.ndarray:
    """Rows of no fewer columns than factors: a system of the width each. own: (N, L, width)."""
    left = gram + (confidence - 1) * (own.transpose(0, 2, 1) @ own)
    right = confidence * own.sum(1)
    for i in range(len(right)):  # by Cholesky, in half the time of what takes all at once
        _, right[i], _ = linalg.lapack.sposv(left[i].T, right[i], overwrite_a=True)
    return right


def _short(own: np.ndarray, near: np.ndarray, confidence: float) -> np.ndarray:
    """The same of rows with fewer columns, by a system of their number (Woodbury's identity).

    (G + (c - 1) Y'Y)^-1 r = x - G^-1 Y' (I / (c - 1) + Y G^-1 Y')^-1 Y x, with x = G^-1 r. near:
    own times G^-1, (N, L, width).
    """
    first = confidence * near.sum(1)[..., None]
    small = own @ near.transpose(0, 2, 1)
    small += np.eye(own.shape[1], dtype=own.dtype) / (confidence - 1)
    less = np.linalg.solve(small, own @ first)
    return (first - near.transpose(0, 2, 1) @ less)[..., 0]


@keras.saving.register_keras_serializable(REGISTERED)
class FoldIn(layers.Layer):
    """History (B, I) -> the factors of whoever has it (B, width), and from them scores (B, I).

    The linear system of a user is solved by conjugate gradients, so that the file needs no solver.
    `inverse`: of Y'Y + lambda I, `gram`: that itself, `extra`: the confidence less one.
    """

    def __init__(self, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.width = width

    def build(self, input_shape: tuple) -> None:
        own: dict[str, Any] = {"initializer": "zeros", "trainable": False}
        self.factors = self.add_weight((input_shape[-1], self.width), name="factors", **own)
        self.gram = self.add_weight((self.width, self.width), name="gram", **own)
        self.inverse = self.add_weight((self.width, self.width), name="inverse", **own)
        self.extra = self.add_weight((1,), name="extra", **own)
        self.built = True

    def call(self, history: Tensor) -> Tensor:
        across = ops.transpose(self.factors)

        def system(x: Tensor) -> Tensor:
            own = history * ops.matmul(x, across)
            return ops.matmul(x, self.gram) + self.extra * ops.matmul(own, self.factors)

        rest = (1 + self.extra) * ops.matmul(history, self.factors)
        found, near = ops.zeros_like(rest), ops.matmul(rest, self.inverse)
        direction, size = near, _dot(rest, near)
        for _ in range(STEPS):
            moved = system(direction)
            step = size / ops.maximum(_dot(direction, moved), 1e-12)
            found, rest = found + step * direction, rest - step * moved
            near = ops.matmul(rest, self.inverse)
            next_size = _dot(rest, near)
            direction = near + next_size / ops.maximum(size, 1e-12) * direction
            size = next_size
        return ops.matmul(found, across)

    def assign(self, items: np.ndarray, confidence: float, penalty: float) -> None:
        """items: (I, width)."""
        gram = items.T.astype(np.float64) @ items + penalty * np.eye(items.shape[1])
        self.factors.assign(items)
        self.gram.assign(gram)
        self.inverse.assign(np.linalg.inv(gram))
        self.extra.assign([confidence - 1])

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "width": self.width}


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return ops.sum(a * b, -1, keepdims=True)


def scores(
    items: np.ndarray, histories: np.ndarray, confidence: float, penalty: float
) -> np.ndarray:
    """The scores of histories (B, I), the systems solved exactly."""
    return solved(sparse.csr_matrix(histories), items, confidence, penalty) @ items.T
