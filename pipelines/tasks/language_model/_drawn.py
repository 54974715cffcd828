"""A text whose most surprising places are marked."""

from collections.abc import Iterable

import numpy as np

from pipelines import canvas

MARKED = 5  # places


def surprising(pieces: Iterable[str], log_likelihood: np.ndarray) -> canvas.MarkedText:
    """The text of each item, and the natural logarithm of the probability that it had, (N,)."""
    bits = -np.asarray(log_likelihood) / np.log(2)
    most = set(np.argsort(-bits)[:MARKED].tolist())
    parts = [
        (piece, f"{own:.1f} bits" if n in most else "", "bad")
        for n, (piece, own) in enumerate(zip(pieces, bits, strict=True))
    ]
    return canvas.MarkedText([("text", parts)])
