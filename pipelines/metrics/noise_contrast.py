"""How well vectors tell the true neighbours of words from drawn ones, in text that was held out."""

from collections.abc import Callable, Iterable

import numpy as np
from scipy import optimize

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]  # see `Noise`


class Noise:
    """Words that stand against the true ones, the same each time.

    counts: how often training has each word, (V,). negatives: K. drawn: how many stand for all.
    score: vectors (T, D), ids of words (S,) -> (T, S), the log odds that each is a true neighbour
    of each rather than one of K drawn ones. The words are drawn by counts ** 0.75 (Mikolov et al.
    2013, arXiv:1310.4546, section 2.2).
    """

    def __init__(self, counts: np.ndarray, negatives: int, score: Score, drawn: int = 512):
        weights = np.maximum(counts, 0) ** 0.75
        self.shares = weights / weights.sum()
        self.words = np.random.default_rng(0).choice(len(counts), drawn, p=self.shares)
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
    """The mean over pairs of -log s(true) - K E log s(-drawn), nats; nan if there is no pair.

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
    return total / pairs if pairs else float("nan")


def of_pairs(
    first: np.ndarray, second: np.ndarray, weights: np.ndarray, vectors: np.ndarray, noise: Noise
) -> float:
    """The same of pairs that are known by their words, int (P,), and weights (P,)."""
    right, wrong, mass = _scores(first, second, weights, vectors, noise)
    return _loss(right, weights, wrong, mass) / max(float(weights.sum()), 1e-9)


def of_scaled_pairs(
    first: np.ndarray,
    second: np.ndarray,
    weights: np.ndarray,
    vectors: np.ndarray,
    noise: Noise,
    usual: np.ndarray,
    scale: tuple[float, float],
) -> float:
    """The same if what `noise` scores says nothing of pairs that are never near.

    The log odds are `usual` (V,), those of a word whatever is near, and the score times the first
    number of `scale` and plus the second; see `scale_of_pairs`.
    """
    scores = _scores(first, second, weights, vectors, noise)
    return _scaled(scores, (usual[second], usual[noise.words]), weights, scale)


def scale_of_pairs(
    first: np.ndarray,
    second: np.ndarray,
    weights: np.ndarray,
    vectors: np.ndarray,
    noise: Noise,
    usual: np.ndarray,
) -> tuple[float, float]:
    """The two numbers with which the loss of these pairs is least, such as pairs of training."""
    scores = _scores(first, second, weights, vectors, noise)
    others = usual[second], usual[noise.words]
    best = optimize.minimize(
        lambda scale: _scaled(scores, others, weights, scale), [0.0, 0.0], method="Nelder-Mead"
    )
    return float(best.x[0]), float(best.x[1])


def _scaled(scores, usual, weights, scale):
    """The loss of `_scores`. usual: of the second words (P,), and of the drawn ones (N,)."""
    (right, wrong, mass), (own, others), (factor, shift) = scores, usual, scale
    right, wrong = factor * right + shift + own, factor * wrong + shift + others
    return _loss(right, weights, wrong, mass) / max(float(weights.sum()), 1e-9)


def _scores(first, second, weights, vectors, noise):
    """(scores of the pairs (P,), of drawn words (C, N), and the weight of each of these (C, 1))."""
    order = np.argsort(first, kind="stable")
    words, starts = np.unique(first[order], return_index=True)
    right, wrong = np.zeros(len(first)), np.zeros((len(words), len(noise.words)))
    mass = np.zeros((len(words), 1))
    for row, own in enumerate(np.split(order, starts[1:]) if len(words) else ()):
        vector = vectors[[words[row]]]
        right[own] = noise.score(vector, second[own])[0]
        wrong[row] = noise.score(vector, noise.words)[0]
        mass[row] = weights[own].sum() * noise.negatives / len(noise.words)
    return right, wrong, mass


def _loss(right, weights, wrong, mass):
    return float(weights @ np.logaddexp(0, -right) + (mass * np.logaddexp(0, wrong)).sum())


def _near(texts: np.ndarray, window: int) -> np.ndarray:
    places = np.arange(len(texts))
    apart = np.abs(places[:, None] - places)
    is_near = (texts[:, None] == texts) & (texts > 0) & (apart > 0)
    return is_near * np.maximum(0.0, (window + 1 - apart) / window)
