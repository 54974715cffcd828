"""Titles and texts of items as TF-IDF vectors."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from pipelines.errors import PipelineError


def vectors(learned: Mapping[str, Sequence[str]], most: int) -> np.ndarray:
    """{"titles", "texts"} -> float32 (I, W), rows of length one, or zero for items without a
    word."""
    return _fitted(most, learned)[1]


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
