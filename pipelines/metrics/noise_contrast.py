"""How well vectors tell the true neighbours of words from drawn ones, in text that was held out."""

from collections.abc import Callable, Iterable

import numpy as np

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]  # see `Noise`


class Noise:
    """Words that stand against the true ones, the same each time.

    counts: how often training has each word, (V,). negatives: K. score: vectors (T, D), ids of words
    (S,) -> (T, S), the log odds that each is a true neighbour of each rather than one of K drawn
    ones. The words are drawn by counts ** 0.75 (Mikolov et al. 2013, arXiv:1310.4546, section 2.2).
    """

    DRAWN = 512

    def __init__(self, counts: np.ndarray, negatives: int, score: Score):
        weights = np.maximum(counts, 0) ** 0.75
        self.shares = weights / weights.sum()
        self.words = np.random.default_rng(0).choice(len(counts), self.DRAWN, p=self.shares)
        self.negatives, self.score = negatives, score

    def wrong(self, own: np.ndarray) -> np.ndarray:
        """The loss by K drawn words of each of the vectors: (T, D) -> (T,)."""
        return self.negatives * np.logaddexp(0, self.score(own, self.words)).mean(1)


def of_windows(
    rows: Iterable[tuple[np.ndarray, np.ndarray]],
    vectors: np.ndarray,
    noise: Noise,
    window: int,
    keep: np.ndarray,
    is_bag: bool,
) -> float:
    """The mean over pairs of -log s(true) - K E log s(-drawn), nats.

    Pairs count as often as training is expected to see them: words n apart in the share of windows
    of 1 to `window` that reach so far, and frequent words as `keep` says, (V,).

    rows: (words, texts) of pieces of text, int (T,), 0 behind the last word; see
    `models.word_windows`. vectors: (V, D). is_bag: whether the mean of the neighbours is judged by
    the word between them.
    """
    total, pairs = 0.0, 0.0
    for words, texts in rows:
        near = _near(texts, window) * keep[words] * keep[words][:, None]
        counts, own = near.sum(1), vectors[words]
        scores = None
        if is_bag:
            own = near @ own / np.maximum(counts, 1e-9)[:, None]
            counts = keep[words] * (counts > 0)
            near = np.diag(counts)
        scores = noise.score(own, words)
        total += float((near * np.logaddexp(0, -scores)).sum() + counts @ noise.wrong(own))
        pairs += float(counts.sum())
    return total / max(pairs, 1.0)


def of_pairs(
    first: np.ndarray, second: np.ndarray, weights: np.ndarray, vectors: np.ndarray, noise: Noise
) -> float:
    """The same of pairs that are known by their words, int (P,), and weights (P,).

    Words that are in no pair cost nothing.
    """
    order = np.argsort(first, kind="stable")
    words, starts = np.unique(first[order], return_index=True)
    total = 0.0
    for word, own in zip(words, np.split(order, starts[1:]), strict=True):
        vector = vectors[[word]]
        right = np.logaddexp(0, -noise.score(vector, second[own]))[0]
        total += float(weights[own] @ (right + noise.wrong(vector)))
    return total / max(float(weights.sum()), 1e-9)


def _near(texts: np.ndarray, window: int) -> np.ndarray:
    places = np.arange(len(texts))
    apart = np.abs(places[:, None] - places)
    is_near = (texts[:, None] == texts) & (texts > 0) & (apart > 0)
    return is_near * np.maximum(0.0, (window + 1 - apart) / window)
