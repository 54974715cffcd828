"""Titles and texts of items as TF-IDF vectors."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from pipelines.errors import PipelineError


def vectors(learned: Mapping[str, Sequence[str]], most: int) -> np.ndarray:
    """{"titles", "texts"} -> float32 (I, W), rows of length one, or zero for items without a
    word."""
    return _fitted(most, learned)[1]


def meanings(learned: Mapping[str, Sequence[str]], most: int, size: int) -> np.ndarray:
    """The same in fewer numbers: their first singular vectors, float32 (I, min(size, W, I)).

    Latent semantic analysis, Deerwester et al. 1990.
    """
    found = vectors(learned, most)
    size = min(size, *found.shape)
    return TruncatedSVD(size, random_state=0).fit_transform(found).astype(np.float32)


def check(learned: Mapping[str, Sequence[str]], most: int, who: str) -> None:
    """Raises PipelineError if no item has a text, or no text has a word. who: what needs them."""
    if not any(learned["texts"]):
        raise PipelineError(
            f"{who} needs texts of items. Name a table of them: --set items=movies.csv"
        )
    width(learned, most)


def width(learned: Mapping[str, Sequence[str]], most: int) -> int:
    """How many words there are: W. Raises PipelineError if there is none."""
    return len(_fitted(most, learned)[0].vocabulary_)


def _fitted(most: int, learned: Mapping[str, Sequence[str]]) -> tuple[TfidfVectorizer, np.ndarray]:
    both = [f"{a} {b}" for a, b in zip(learned["titles"], learned["texts"], strict=True)]
    model = TfidfVectorizer(max_features=most, sublinear_tf=True, dtype=np.float32)
    try:
        found = model.fit_transform(both)
    except ValueError as error:  # it says that the vocabulary is empty
        raise PipelineError(
            "titles and texts of items have no word of two letters or more to compare them by. Name"
            " a table of texts: --set items=movies.csv"
        ) from error
    return model, found.toarray()
