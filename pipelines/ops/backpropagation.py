"""The forward and the backward pass of a multilayer perceptron in NumPy, by the chain rule.

Written as a textbook writes it, and slow: tests check Keras's gradients by it. Rumelhart, Hinton &
Williams 1986, "Learning representations by back-propagating errors"; Goodfellow et al. 2016,
"Deep Learning", section 6.5, algorithms 6.3 and 6.4.

With x = a_0 of (B, F), layer l = 1, ..., L has z_l = a_(l-1) W_l + b_l and a_l = g(z_l); the last
one has no activation. With d_l, the derivative of the loss by z_l:

    d_L = derivative of the loss by the outputs        d_l = (d_(l+1) W_(l+1)^T) * g'(z_l)
    derivative by W_l = a_(l-1)^T d_l                  derivative by b_l = sum of d_l over the batch
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, expit

Layer = tuple[np.ndarray, np.ndarray]  # W (in, out), b (out,)
SLOPE = 0.2  # of leaky ReLU below zero, as Keras has it


@dataclass(frozen=True)
class Activation:
    """g, and its derivative g'; both take z, (B, units)."""

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]


def _tanh_slope(z: np.ndarray) -> np.ndarray:
    return 1 - np.tanh(z) ** 2


def _sigmoid_slope(z: np.ndarray) -> np.ndarray:
    return expit(z) * (1 - expit(z))


def _gelu(z: np.ndarray) -> np.ndarray:
    """z times the normal distribution's share below z; Hendrycks & Gimpel 2016, section 2."""
    return z * (1 + erf(z / np.sqrt(2))) / 2


def _gelu_slope(z: np.ndarray) -> np.ndarray:
    return (1 + erf(z / np.sqrt(2))) / 2 + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def _silu_slope(z: np.ndarray) -> np.ndarray:
    return expit(z) * (1 + z * (1 - expit(z)))


def _elu(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def _elu_slope(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))


ACTIVATIONS: Mapping[str, Activation] = {
    "relu": Activation(lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "tanh": Activation(np.tanh, _tanh_slope),
    "sigmoid": Activation(expit, _sigmoid_slope),
    "gelu": Activation(_gelu, _gelu_slope),
    "silu": Activation(lambda z: z * expit(z), _silu_slope),
    "elu": Activation(_elu, _elu_slope),
    "leaky_relu": Activation(
        lambda z: np.where(z > 0, z, SLOPE * z), lambda z: np.where(z > 0, 1.0, SLOPE)
    ),
}


@dataclass(frozen=True)
class Forward:
    """What a forward pass leaves for the backward pass.

    sums: z_1 to z_L; values: a_0 to a_(L-1), and z_L, the outputs, behind them.
    """

    sums: list[np.ndarray]
    values: list[np.ndarray]

    @property
    def outputs(self) -> np.ndarray:
        return self.values[-1]


def forward(x: np.ndarray, layers: Sequence[Layer], activation: str) -> Forward:
    """x: (B, F) -> sums and values of each layer; the last one has no activation."""
    g = ACTIVATIONS[activation]
    sums: list[np.ndarray] = []
    values = [x]
    for weights, bias in layers:
        sums.append(values[-1] @ weights + bias)
        values.append(g.value(sums[-1]))
    values[-1] = sums[-1]
    return Forward(sums, values)


def backward(
    done: Forward, layers: Sequence[Layer], activation: str, error: np.ndarray
) -> list[Layer]:
    """Derivatives of the loss by W and b of each layer, in the order of the layers.

    error: d_L, the derivative of the loss by the outputs, (B, out).
    """
    g = ACTIVATIONS[activation]
    found: list[Layer] = []
    for i in reversed(range(len(layers))):
        found.append((done.values[i].T @ error, error.sum(0)))
        if i:
            error = (error @ layers[i][0].T) * g.slope(done.sums[i - 1])
    return found[::-1]


def squared_error(targets: np.ndarray, outputs: np.ndarray) -> tuple[float, np.ndarray]:
    """(mean of (z - y)^2 over the batch, its derivative by z); one output: (B, 1) each."""
    gap = outputs - targets
    return float((gap**2).mean()), 2 * gap / len(gap)


def cross_entropy(targets: np.ndarray, logits: np.ndarray) -> tuple[float, np.ndarray]:
    """(mean of -sum_c y_c log p_c over the batch, its derivative by the logits); p is softmax.

    The derivative is as short as p - y, by which the two belong together (Goodfellow et al.,
    section 6.2.2.3).
    """
    shifted = logits - logits.max(1, keepdims=True)
    log_shares = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return float(-(targets * log_shares).sum(1).mean()), (np.exp(log_shares) - targets) / len(
        logits
    )


def step(layers: Sequence[Layer], gradients: Sequence[Layer], rate: float) -> list[Layer]:
    """Gradient descent: W - rate times its derivative, b likewise."""
    pairs = zip(layers, gradients, strict=True)
    return [(w - rate * by_w, b - rate * by_b) for (w, b), (by_w, by_b) in pairs]
