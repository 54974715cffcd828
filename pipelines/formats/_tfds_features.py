"""Which features of a TFDS data set become columns, and what these columns hold."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from tensorflow_datasets.core.features import FeatureConnector

PICTURES = ("uint8", "uint16")  # types of pixels; others are measurements, such as depth


class Column(NamedTuple):
    """One feature. path: the keys that lead to its value in an example of TFDS."""

    path: tuple[str, ...]
    feature: "FeatureConnector"

    @property
    def names(self) -> list[str] | None:
        """The class names, if it has any."""
        names = getattr(self.feature, "names", None)
        return None if names is None else list(names)


def columns(
    features: Mapping[str, "FeatureConnector"],
) -> tuple[dict[str, Column], dict[str, str]]:
    """What becomes a column and what does not: ({name: Column}, {name of a feature: its kind})."""
    found, skipped = {}, {}
    for column, is_sequence in _parts(features):
        name = "/".join(column.path)
        if _is_usable(column.feature, is_sequence):
            found[name] = column
        else:
            skipped[name] = type(column.feature).__name__
    return found, skipped


def wanted(columns: Mapping[str, Column]) -> dict[str, Any]:
    """The features of the columns, as TFDS's PartialDecoding takes them."""
    found: dict[str, Any] = {}
    for column in columns.values():
        first, *inner = column.path
        if inner:
            found.setdefault(first, {})[inner[0]] = True
        else:
            found[first] = True
    return found


def pictures(columns: Mapping[str, Column]) -> list[str]:
    """The columns that hold encoded pictures, masks among them."""
    return [name for name, column in columns.items() if _is_picture(column.feature)]


def masks(columns: Mapping[str, Column]) -> set[str]:
    """The columns that hold pictures with a class per pixel."""
    return {name for name, column in columns.items() if _is_mask(name, column.feature)}


def _parts(features: Mapping[str, "FeatureConnector"]) -> Iterator[tuple[Column, bool]]:
    """Yields (column, whether it is in a sequence) of each feature, one by one for those in a
    dict."""
    for name, feature in features.items():
        inner, is_sequence = _inner(feature)
        for keys, part in inner.items():
            yield Column((name, *keys), part), is_sequence


def _inner(
    feature: "FeatureConnector",
) -> tuple[dict[tuple[str, ...], "FeatureConnector"], bool]:
    """({keys within the feature: part}, whether it is a sequence)."""
    from tensorflow_datasets import features as kinds

    if isinstance(feature, kinds.Translation):
        return {(key,): part for key, part in feature.items()}, False
    if type(feature) is not kinds.Sequence:
        return {(): feature}, False
    if not isinstance(feature.feature, kinds.FeaturesDict):
        return {(): feature.feature}, True
    return {(key,): part for key, part in feature.feature.items()}, True


def _is_usable(feature: "FeatureConnector", is_sequence: bool) -> bool:
    if _is_picture(feature) and not is_sequence:
        return True
    return _is_value(feature, fixed_shape=is_sequence)


def _is_picture(feature: "FeatureConnector") -> bool:
    from tensorflow_datasets import features as kinds

    return isinstance(feature, kinds.Image) and np.dtype(feature.np_dtype).name in PICTURES


def _is_mask(name: str, feature: "FeatureConnector") -> bool:
    from tensorflow_datasets import features as kinds

    is_grey = _is_picture(feature) and feature.shape[-1] == 1
    return isinstance(feature, kinds.LabeledImage) or (is_grey and name.endswith("mask"))


def _is_value(feature: "FeatureConnector", fixed_shape: bool) -> bool:
    """Whether a feature holds numbers, strings or class ids; in a sequence, of a known shape."""
    from tensorflow_datasets import features as kinds

    plain = (kinds.Tensor, kinds.Scalar, kinds.Text, kinds.ClassLabel, kinds.BBoxFeature)
    return type(feature) in plain and not (fixed_shape and None in feature.shape)
