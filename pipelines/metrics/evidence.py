"""Bounds of the log likelihood, in nats a picture, and which latent units say anything."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from scipy.special import logsumexp

from pipelines.metrics import Tensor, Tensors

ACTIVE = 0.01  # variance of a unit's mean: Burda et al. 2016, arXiv:1509.00519, section 5.2
FEWEST = 10  # pictures, of which fewer do not say which units are active
LEAST = 1e-7  # of a probability: float32 knows no others near 1


class Evidence(keras.metrics.Metric):
    """The evidence lower bound, its divergence, bits per dimension, and, of FEWEST pictures or more,
    how many units are active.

    decoded: {"log_likelihood": (B,), "divergence": (B, N), "latent": (B, N)}, nats. dimensions: of
    a picture; 0 if the likelihood is none of a picture, which then has no bits. shades: nats that a
    density gains because pixels are whole numbers, log(256) each.
    """

    def __init__(
        self, dimensions: int = 0, shades: float = 0.0, name: str = "evidence", **more: Any
    ):
        super().__init__(name=name, **more)
        self.dimensions, self.shades = dimensions, shades
        self.reset_state()

    def reset_state(self) -> None:
        self.likelihood, self.divergence, self.count = 0.0, 0.0, 0
        self.sum, self.squares = 0.0, 0.0

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        latent = np.asarray(decoded["latent"], np.float64)
        self.likelihood += float(np.sum(decoded["log_likelihood"], dtype=np.float64))
        self.divergence += float(np.sum(decoded["divergence"], dtype=np.float64))
        self.count += len(latent)
        self.sum = self.sum + latent.sum(0)
        self.squares = self.squares + (latent**2).sum(0)

    def result(self) -> dict[str, float]:
        if not self.count:
            return {"elbo": math.nan}
        variance = self.squares / self.count - (self.sum / self.count) ** 2
        elbo = (self.likelihood - self.divergence) / self.count
        found = {
            "elbo": elbo,
            "divergence": self.divergence / self.count,
        }
        if self.count >= FEWEST:
            found["active_units"] = float(np.sum(variance > ACTIVE))
        if self.dimensions:
            found["bits_per_dimension"] = bits(elbo, self.dimensions, self.shades)
        return found


def bits(nats: float, dimensions: int, shades: float = 0.0) -> float:
    """A log likelihood of a whole picture, nats -> bits that each of its numbers costs."""
    return (shades * dimensions - nats) / (dimensions * math.log(2))


def divergence(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """KL(N(mean, variance) || N(0, 1)) of each unit, nats, as `models.variational` has it."""
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)


def bernoulli(pictures: np.ndarray, means: np.ndarray) -> np.ndarray:
    """log p(picture) of independent pixels, both (B, H, W, C) in [0, 1] -> nats (B,)."""
    means = np.clip(np.asarray(means, np.float64), LEAST, 1 - LEAST)
    each = pictures * np.log(means) + (1 - pictures) * np.log1p(-means)
    return each.sum((1, 2, 3))


def gaussian(pictures: np.ndarray, means: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The same of normal pixels. deviation: what broadcasts with the pictures."""
    distance = (pictures - np.asarray(means, np.float64)) / deviation
    each = -0.5 * distance**2 - np.log(deviation) - 0.5 * math.log(2 * math.pi)
    return each.sum((1, 2, 3))


def weights(decoded: Mapping[str, np.ndarray], noise: np.ndarray) -> np.ndarray:
    """log p(x, z) - log q(z | x) of the z that `noise` (B, N) leads to: nats (B,)."""
    latent, log_variance = (np.asarray(decoded[k], np.float64) for k in ("latent", "log_variance"))
    z = latent + np.exp(0.5 * log_variance) * noise
    prior = -0.5 * (z**2).sum(-1)
    posterior = -0.5 * (noise.astype(np.float64) ** 2 + log_variance).sum(-1)
    return np.asarray(decoded["log_likelihood"], np.float64) + prior - posterior


def importance_bound(log_weights: np.ndarray) -> np.ndarray:
    """Weights of K draws a picture, (K, B) -> the bound of log p(x), (B,).

    Burda et al. 2016, arXiv:1509.00519, equation 8.
    """
    return logsumexp(log_weights, 0) - math.log(len(log_weights))
