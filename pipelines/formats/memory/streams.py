"""Data sets of other packages, read to their end: tf.data, and Hugging Face's."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.errors import PipelineError

RANKS = {"picture": 3, "mask": 3, "label": 0, "text": 0}  # of one example, at most


LONGEST = 300  # characters of a reason


def is_tensorflow(value: Any) -> bool:
    """Whether this is a tf.data.Dataset; TensorFlow is not imported for that."""
    return hasattr(value, "element_spec") and hasattr(value, "as_numpy_iterator")


def is_hugging_face(value: Any) -> bool:
    """Whether this is a Dataset or a DatasetDict of the package `datasets`, likewise."""
    return type(value).__module__.partition(".")[0] == "datasets"


def of_tensorflow(value: Any, features: Mapping[str, str]) -> dict[str, list] | tuple[list, ...]:
    """A tf.data.Dataset of dicts, of tuples or of tensors -> columns, or columns by place.

    Batches are taken apart. Class names of Keras' `image_dataset_from_directory` name the labels.
    Raises PipelineError if it has no end.
    """
    if int(value.cardinality()) == -1:
        raise PipelineError(
            "the tf.data.Dataset repeats without end, and its examples are to be counted and split."
            " Give it without repeat()."
        )
    rows = _rows(value, features)
    if isinstance(value.element_spec, dict):
        return {name: [_plain(row[name]) for row in rows] for name in value.element_spec}
    if not isinstance(value.element_spec, tuple):
        return (list(map(_plain, rows)),)
    found = [list(map(_plain, column)) for column in zip(*rows, strict=True)]
    return tuple(_with_names(found, getattr(value, "class_names", ())))


def _rows(value: Any, features: Mapping[str, str]) -> list[Any]:
    """The examples of a tf.data.Dataset, one by one. Raises PipelineError if it cannot be read."""
    try:
        single = value.unbatch() if _is_batched(value.element_spec, features) else value
        return list(single.as_numpy_iterator())
    except Exception as error:  # nested features, ragged ones, or whatever its own code raises
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise PipelineError(
            f"the tf.data.Dataset cannot be read: {why[:LONGEST]}. Give one of tensors, tuples or"
            " dicts, an example or a batch at a time."
        ) from error


def _with_names(columns: list[list], names: Any) -> list[list]:
    """Columns whose second has names for ids, if there are `class_names` and it holds ids."""
    if not names or len(columns) < 2 or np.ndim(columns[1][0]):
        return columns
    return [columns[0], [names[int(i)] for i in columns[1]], *columns[2:]]


def of_hugging_face(value: Any) -> dict[str, list]:
    """A Dataset of Hugging Face -> columns: pictures as they are encoded, classes by name."""
    columns = {}
    for name, feature in value.features.items():
        if type(feature).__name__ == "Image":  # encoded: all pixels at once fill the memory
            encoded = value.cast_column(name, type(feature)(decode=False))
            columns[name] = [row["bytes"] or row["path"] for row in encoded[name]]
        else:
            columns[name] = _named_cells(value[name], feature)
    return columns


def _named_cells(cells: Any, feature: Any) -> list:
    """The cells of a column, ids of classes by name."""
    inner = getattr(feature, "feature", feature)
    return [_named(ids, inner) for ids in cells] if hasattr(inner, "int2str") else list(cells)


def _named(ids: Any, classes: Any) -> Any:
    """Names of a class id or of a list of them; -1, as Hugging Face has it, is no class."""
    if isinstance(ids, (list, tuple)):
        return [_named(i, classes) for i in ids]
    return -1 if ids is None or ids < 0 else classes.int2str(int(ids))


def _is_batched(spec: Any, features: Mapping[str, str]) -> bool:
    """Whether what a data set gives is a batch, by the rank of a feature whose rank is known."""
    parts = spec if isinstance(spec, dict) else _in_order(spec, features)
    for name, part in parts.items():
        rank, most = getattr(part.shape, "rank", None), RANKS.get(features.get(name, ""))
        if rank is not None and most is not None:
            return rank > most
    return False


def _in_order(spec: Any, features: Mapping[str, str]) -> dict[str, Any]:
    return dict(zip(features, spec if isinstance(spec, tuple) else (spec,), strict=False))


def _plain(value: Any) -> Any:
    """A tensor as NumPy gives it -> text if it is text, else the array or number that it is."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") if _is_text(value) else value
    is_text = isinstance(value, np.ndarray) and value.dtype.kind in "OS"
    return list(map(_plain, value.tolist())) if is_text else value


def _is_text(value: bytes) -> bool:
    """Whether bytes are text, and no encoded picture."""
    return b"\0" not in value and not value.startswith((b"\xff\xd8", b"\x89PNG"))
