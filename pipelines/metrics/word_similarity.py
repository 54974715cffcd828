"""What word vectors know of words: similarity as people see it, and analogies."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

BATCH = 256  # analogies at a time


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows (N, D) at length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, 1e-12)


def similarity(
    vectors: np.ndarray, ids: Mapping[str, int], pairs: Sequence[tuple[str, str, float]]
) -> dict[str, float]:
    """{"word_similarity": Spearman's rank correlation of cosines with what people say,
    "similarity_coverage": share of pairs whose words are both known}.

    vectors: (V, D), of length 1; ids: {word: row}. The correlation is 0 for fewer than two pairs,
    or if all are equal.
    """
    known = [(ids[a], ids[b], value) for a, b, value in pairs if a in ids and b in ids]
    coverage = len(known) / len(pairs)
    found = 0.0
    if len(known) > 1:
        first, second, said = map(np.array, zip(*known, strict=True))
        cosines = np.sum(vectors[first] * vectors[second], axis=1)
        if np.ptp(cosines) > 0 and np.ptp(said) > 0:
            found = float(stats.spearmanr(cosines, said).statistic)
    return {"word_similarity": found, "similarity_coverage": coverage}


def analogies(
    vectors: np.ndarray, ids: Mapping[str, int], questions: Sequence[tuple[str, str, str, str]]
) -> dict[str, float]:
    """{"analogy_accuracy": share of questions answered right by 3CosAdd, "analogy_coverage": share
    whose words are all known}.

    To a : b = c : ? the answer is the word nearest to b - a + c that is none of the three (Mikolov
    et al. 2013, arXiv:1301.3781, section 4). The accuracy is of the known ones, 0 if there are
    none.
    """
    known = [[ids[word] for word in row] for row in questions if all(w in ids for w in row)]
    right = 0
    for start in range(0, len(known), BATCH):
        a, b, c, wanted = np.array(known[start : start + BATCH]).T
        cosines = unit(vectors[b] - vectors[a] + vectors[c]) @ vectors.T
        rows = np.arange(len(a))
        for given in (a, b, c):
            cosines[rows, given] = -np.inf
        right += int((cosines.argmax(1) == wanted).sum())
    accuracy = right / len(known) if known else 0.0
    return {"analogy_accuracy": accuracy, "analogy_coverage": len(known) / len(questions)}
