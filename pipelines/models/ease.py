"""EASE: the item-item matrix with an empty diagonal that rebuilds histories best, in closed form.

Steck 2019, arXiv:1905.03375, equation 8: B = I - P diag(1 / diag(P)), P = (X'X + lambda I)^-1. If
there are fewer users than items, P = (I - X' A X) / lambda with A = (X X' + lambda I)^-1
(Woodbury), and the scores of items that a user does not know are h X' A X times 1 / (lambda
diag(P)): two matrices of users x items, exactly the same, in place of one of items x items.
"""

import numpy as np
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

GRID = (10.0, 30.0, 100.0, 300.0, 1000.0)  # of lambda


def is_narrow(users: int, items: int) -> bool:
    """Whether two matrices of users x items are smaller than one of items x items."""
    return 2 * users < items


def solve(matrix: sparse.csr_matrix, penalty: float) -> list[np.ndarray]:
    """X, (users, I) -> [B (I, I)], or [X' (I, users), A X diag(d) (users, I)] if that is
    smaller."""
    users, items = matrix.shape
    if is_narrow(users, items):
        return _narrow(matrix, penalty)
    gram = (matrix.T @ matrix).toarray().astype(np.float64)
    gram[np.diag_indices(items)] += penalty
    inverse = _inverse(gram)
    found = inverse / -np.diag(inverse)
    np.fill_diagonal(found, 0.0)
    return [found]


def _narrow(matrix: sparse.csr_matrix, penalty: float) -> list[np.ndarray]:
    outer = (matrix @ matrix.T).toarray().astype(np.float64)
    outer[np.diag_indices(len(outer))] += penalty
    right = _inverse(outer) @ matrix
    own = np.asarray(matrix.multiply(right).sum(0)).ravel()  # diag(X' A X)
    return [matrix.T.toarray(), right / (1 - own)]


def _inverse(symmetric: np.ndarray) -> np.ndarray:
    with threadpool_limits():
        factor = linalg.cholesky(symmetric, lower=True, overwrite_a=True, check_finite=False)
        inverse, info = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
    if info:
        raise ValueError(f"the matrix has no inverse: {info}")
    low = np.tril(inverse)
    return low + np.tril(inverse, -1).T
