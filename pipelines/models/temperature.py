"""Temperature scaling: one factor of all logits, with which probabilities fit held-out examples.

Guo et al. 2017, arXiv:1706.04599, section 4.2. Two deviations: the factor is 1 / T, and targets are
smoothed as Platt 1999, "Probabilistic outputs for support vector machines", section 2.2, has it.
Without that, a model that is right on all of a few examples would be made certain of everything.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

LOG_FACTORS = (-4.0, 4.0)  # natural logarithms between which the factor is looked for


def factor(logits: np.ndarray, labels: np.ndarray) -> float:
    """The factor, above 0, with which softmax of the logits has the least cross-entropy.

    logits: (N, C), N and C at least 1; labels: N class ids. With N examples, a certain answer is
    taken for right in N + 1 of N + 2 cases.
    """
    count, classes = logits.shape
    smoothed = np.full(logits.shape, 1 / (count + 2) / max(1, classes - 1))
    smoothed[np.arange(count), labels] = (count + 1) / (count + 2)
    logits = np.asarray(logits, np.float64)

    def loss(power: float) -> float:
        return -(smoothed * log_softmax(logits * np.exp(power), 1)).sum(1).mean()

    return float(np.exp(minimize_scalar(loss, bounds=LOG_FACTORS, method="bounded").x))


def log_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy of softmax of logits (N, C) with class ids (N,), in nats."""
    chances = log_softmax(np.asarray(logits, np.float64), 1)
    return float(-chances[np.arange(len(labels)), labels].mean())
