"""A map of words: their vectors in two dimensions, each with the words that are nearest to it."""

from collections.abc import Sequence

import numpy as np

NEAREST = 5


def curve(
    directions: np.ndarray, words: Sequence[str], count: int, how: str, seed: int
) -> dict[str, list]:
    """Points of the first `count` words as `report` draws them: {"x", "y", "names", "notes"}.

    directions: (V, D), of length 1. how: "pca", the two directions of most variance, or "tsne"
    (van der Maaten & Hinton 2008) by scikit-learn. notes: the nearest words of all, with cosines.
    """
    shown = directions[:count]
    found = places(shown, how, seed)
    cosines = shown @ directions.T
    cosines[np.arange(len(shown)), np.arange(len(shown))] = -np.inf
    notes = []
    for row in cosines:
        best = np.argsort(-row)[: min(NEAREST, len(words) - 1)]
        notes.append(", ".join(f"{words[i]} {row[i]:.2f}" for i in best))
    x, y = (np.round(axis, 4).tolist() for axis in found.T)
    return {"x": x, "y": y, "names": list(words[:count]), "notes": notes}


def places(vectors: np.ndarray, how: str = "pca", seed: int = 0) -> np.ndarray:
    """(N, D) -> (N, 2); how: as of `curve`."""
    if how == "tsne" and len(vectors) > 3:
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(vectors) - 1) / 3)
        made = TSNE(perplexity=perplexity, metric="cosine", init="random", random_state=seed)
        return made.fit_transform(vectors)
    left, scale, _ = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    found = np.zeros((len(vectors), 2))
    found[:, : min(2, len(scale))] = (left * scale)[:, :2]
    return found
