"""scikit-learn's digits in their order, as every section has them."""

import numpy as np
from sklearn.datasets import load_digits

TRAINED, VALIDATED = 1500, 150


def splits(known=None):
    """{split: (uint8 (N, 8, 8), digits)}.

    known: the digits that training and validation have; None is all.
    """
    found = load_digits()
    pictures = np.round(found.images * (255 / 16)).astype(np.uint8)
    labels = found.target

    def part(rows):
        rows = np.array(rows)
        if known is not None and rows[-1] < TRAINED:
            rows = rows[np.isin(labels[rows], known)]
        return pictures[rows], labels[rows]

    return {
        "train": part(range(VALIDATED, TRAINED)),
        "validation": part(range(VALIDATED)),
        "test": part(range(TRAINED, len(labels))),
    }


def flat(part):
    """The pictures of a part as rows: float64 (N, 64) in [0, 1]."""
    return part[0].reshape(len(part[0]), -1) / 255.0


def spread(values):
    """`mean +- deviation (each)` of some seeds."""
    each = ", ".join(f"{value:.4f}" for value in values)
    deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):.4f} +- {deviation:.4f} ({each})"
