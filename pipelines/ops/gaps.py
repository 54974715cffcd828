"""How far one output of a model is from another."""

from typing import Any

import numpy as np


def gap(wanted: Any, got: Any) -> float:
    """The largest difference of real numbers, or the share of unequal ids."""
    wanted, got = np.asarray(wanted), np.asarray(got)
    if np.issubdtype(wanted.dtype, np.integer):
        return float(np.mean(wanted != got))
    difference = np.abs(wanted.astype(np.float64) - got.astype(np.float64))
    return float(difference.max(initial=0))
