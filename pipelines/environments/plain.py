"""The two spaces that the bundled environments need, as Gymnasium has them, so that it is not needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Discrete:
    """The whole numbers from `start` on, n of them."""

    n: int
    start: int = 0


class Box:
    """Arrays between the bounds low and high, which have their shape."""

    def __init__(self, low: Any, high: Any):
        self.low, self.high = np.array(low, np.float32), np.array(high, np.float32)
        self.shape, self.dtype = self.low.shape, np.dtype("float32")

    def __repr__(self) -> str:
        return f"Box({self.low.tolist()}, {self.high.tolist()})"
