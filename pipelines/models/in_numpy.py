"""A small net of dense layers computed by NumPy, which for a few rows is faster than any call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipelines.models.policy_nets import FURTHEST, TINY, OneHot

ACTIVATIONS: dict[str, Callable] = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}


class Branch:
    """One `policy_nets.branch` of a net, with what comes before it. `pull` reads the weights."""

    def __init__(self, net: Any, name: str):
        names = {layer.name for layer in net.layers}
        depth = sum(f"{name}{i}" in names for i in range(len(names)))
        self._layers = [net.get_layer(f"{name}{i}") for i in range(depth)]
        self._layers.append(net.get_layer(f"{name}_out"))
        self._scale = net.get_layer("scale")
        self._is_counted = isinstance(self._scale, OneHot)
        self._act = ACTIVATIONS[self._layers[0].activation.__name__] if depth else None
        self.pull()

    def pull(self) -> None:
        """Takes the weights as they are now."""
        self._arrays = [layer.get_weights() for layer in self._layers]
        if not self._is_counted:
            self._mean, variance, _ = self._scale.get_weights()
            self._factor = 1 / np.sqrt(variance + TINY)

    def __call__(self, states: np.ndarray) -> np.ndarray:
        """states: (N,) numbers or (N, D) -> (N, out)."""
        if self._is_counted:
            kernel, bias = self._arrays[0]
            x = kernel[states] + bias  # a one-hot vector takes a row
            x = self._act(x) if self._act else x
            rest = self._arrays[1:]
        else:
            x, rest = self._scaled(states), self._arrays
        for kernel, bias in rest[:-1]:
            x = self._act(x @ kernel + bias)
        if not rest:
            return x
        kernel, bias = rest[-1]
        return x @ kernel + bias

    def _scaled(self, states: np.ndarray) -> np.ndarray:
        if not self._scale.apply:
            return states
        return np.clip((states - self._mean) * self._factor, -FURTHEST, FURTHEST)
