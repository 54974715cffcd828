"""A table that comes with scikit-learn, as TFDS's features and examples."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

LABEL, NUMBER = "label", "target"  # the column that is to be learned: a class, or a number


def features(bunch: Any) -> tfds.features.FeaturesDict:
    """`id`, a number for each column, and `label` if the table has classes, else `target`.

    bunch: what a `load_...` of scikit-learn gives.
    """
    columns: dict[str, Any] = {"id": tfds.features.Text()}
    columns |= dict.fromkeys(_names(bunch), np.float32)
    if "target_names" in bunch:
        names = [str(name) for name in bunch.target_names]
        return tfds.features.FeaturesDict(columns | {LABEL: tfds.features.ClassLabel(names=names)})
    return tfds.features.FeaturesDict(columns | {NUMBER: np.float32})


def examples(bunch: Any, name: str) -> Iterator[tuple[str, dict]]:
    """Yields (id, example) of each row; the id is the name with the row's number."""
    has_classes = "target_names" in bunch
    for i, (row, answer) in enumerate(zip(bunch.data, bunch.target, strict=True)):
        key = f"{name}_{i:04d}"
        example = {"id": key, **dict(zip(_names(bunch), map(np.float32, row), strict=True))}
        own = {LABEL: int(answer)} if has_classes else {NUMBER: np.float32(answer)}
        yield key, example | own


def _names(bunch: Any) -> list[str]:
    """Names of the columns, as plain words."""
    return [str(name).replace(" (cm)", "").replace("/", " ") for name in bunch.feature_names]
