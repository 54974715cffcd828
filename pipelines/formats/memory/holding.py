"""What a program may hold, a split or all of them, as named columns."""

import collections
import itertools
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLIT_NAMES, SPLITS
from pipelines.formats.memory import streams

Columns = dict[str, Any]  # a user's name of a column -> a value for each example
TUPLES = {2: ("train", "test"), 3: SPLITS}  # {parts of a tuple: the splits that they are}
FORMS = (
    "a tuple (x, y) of arrays, a dict of columns, a list of (path, label), a pandas DataFrame, a"
    ' tf.data.Dataset or a Hugging Face Dataset, or a dict {"train": ..., "test": ...} of these'
)
LISTED_AS_ROWS = ("picture", "text")  # kinds whose values are no lists, so a list is a row


def holds(value: Any) -> bool:
    """Whether a value is data itself, rather than the name or the path of some."""
    return value is not None and not isinstance(value, (str, PathLike, bytes))


def kind(value: Any) -> str:
    """What a value is called in a run's settings: arrays, dataframe, tf.data, hugging_face or
    rows."""
    if streams.is_hugging_face(value):
        return "hugging_face"
    if isinstance(value, Mapping) and _is_split(value):
        return kind(next(iter(value.values()), ()))
    if streams.is_tensorflow(value):
        return "tf.data"
    if is_frame(value):
        return "dataframe"
    return "rows" if isinstance(value, list) else "arrays"


def by_split(value: Any) -> tuple[dict[str, Any], list[str]]:
    """({split: what was given for it}, keys that name no split). One value alone is "train"."""
    if isinstance(value, Mapping) and _is_split(value):
        known = {split: value[key] for split, key in _keys(value).items()}
        return known, list(map(str, itertools.filterfalse(_names_split, value)))
    if isinstance(value, tuple) and value and all(map(_is_columns, value)):
        names = TUPLES.get(len(value))
        if names is None:
            raise PipelineError(f"data of {len(value)} tuples is not clear. Give {FORMS}.")
        return dict(zip(names, value, strict=True)), []
    return {"train": value}, []


def _keys(value: Mapping) -> dict[str, Any]:
    """{split: the key that names it}. Raises PipelineError if two keys name one split."""
    keys: dict[str, Any] = {}
    for key in filter(_names_split, value):
        split = SPLIT_NAMES[str(key).lower()]
        if keys.setdefault(split, key) is not key:
            raise PipelineError(
                f"the data gives {split} twice, as {keys[split]!r} and as {key!r}. Join them"
                " under one name."
            )
    return keys


def columns(value: Any, features: Mapping[str, str]) -> Columns:
    """One split as columns, by the names that the user gave or else by the place in `features`.

    features: {name: kind} of what the task learns from, in their order. Raises PipelineError if
    it is none of FORMS.
    """
    if streams.is_hugging_face(value):
        return streams.of_hugging_face(value)
    if streams.is_tensorflow(value):
        return _by_place(streams.of_tensorflow(value, features), features)
    if is_frame(value) or isinstance(value, Mapping):
        return _named(value)
    if isinstance(value, list):
        return _of_rows(value, features)
    if not hasattr(value, "__len__"):
        raise PipelineError(
            f"data of the type {type(value).__name__} cannot be read. Give {FORMS}."
        )
    return _by_place(value if isinstance(value, tuple) else (value,), features)


def _named(value: Any) -> Columns:
    """The columns of a DataFrame or of a mapping, by their names as text."""
    _check_names(value.columns if is_frame(value) else value)
    if is_frame(value):
        return {str(name): value[name].tolist() for name in value.columns}
    return {str(name): column for name, column in value.items()}


def _check_names(names: Iterable) -> None:
    """Raises PipelineError if two columns have one name."""
    counts = collections.Counter(map(str, names))
    for name, count in counts.items():
        if count > 1:
            raise PipelineError(
                f"{count} columns are called {name!r}. Give each a name of its own."
            )


def is_frame(value: Any) -> bool:
    """Whether this is a pandas DataFrame, or is used as one."""
    return hasattr(value, "columns") and hasattr(value, "iloc")


def sequence(values: Any, name: str) -> Any:
    """A column as a list, or as an array if it is one or can be. Raises PipelineError on no
    column."""
    if isinstance(values, np.ndarray) and values.ndim:
        return values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        raise PipelineError(
            f"{name} must hold a value for each example; got {_shown(values)}. Give {FORMS}."
        )
    is_tensor = hasattr(values, "shape") and hasattr(values, "__array__")
    return np.asarray(values) if is_tensor else list(values)


def alike(lengths: Mapping[str, int], what: str) -> None:
    """Raises PipelineError if columns, {name: length}, are not equally long."""
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {count:,}" for name, count in lengths.items())
        raise PipelineError(
            f"the columns of {what} must be equally long; got {listed}. See what was left out of"
            " one of them."
        )


def _by_place(values: Any, features: Mapping[str, str]) -> Columns:
    """A tuple of columns in the order of the features; a dict stays what it is."""
    if isinstance(values, dict):
        return values
    if len(values) > len(features):
        names = ", ".join(features)
        raise PipelineError(
            f"the data is a tuple of {len(values)}, and this task learns from {names}. Give these,"
            " in this order, or a dict of columns."
        )
    return dict(zip(features, values, strict=False))


def _of_rows(rows: list[Any], features: Mapping[str, str]) -> Columns:
    """A list of dicts, of tuples in the order of the features, or of values of the first
    feature."""
    first: Any = rows[0] if rows else None
    if isinstance(first, Mapping):
        _check_names(first)
        _check_keys(rows)
        return {str(name): list(_cells(rows, name)) for name in first}
    if not _is_row(first, features):
        return _by_place((rows,), features)
    _check_sizes(rows)
    return _by_place(list(map(list, zip(*rows, strict=True))), features)


def _check_sizes(rows: list[Any]) -> None:
    """Raises PipelineError if a row is no tuple, or has more or fewer values than the first."""
    for i, row in enumerate(rows):
        if not isinstance(row, (tuple, list)) or len(row) != len(rows[0]):
            raise PipelineError(
                f"data[{i}] is not a tuple of {len(rows[0])} as data[0] is; got {_shown(row)}."
            )


def _check_keys(rows: list[Any]) -> None:
    """Raises PipelineError if a row has a key that the first one, which names the columns, has
    not."""
    for i, row in enumerate(rows):
        others = [key for key in row if key not in rows[0]] if isinstance(row, Mapping) else []
        if others:
            raise PipelineError(
                f"data[{i}] has {others[0]!r}, which data[0] has not. Give all rows the same keys."
            )


def _is_row(value: Any, features: Mapping[str, str]) -> bool:
    is_list = isinstance(value, list) and next(iter(features.values()), "") in LISTED_AS_ROWS
    return isinstance(value, tuple) or (is_list and len(value) > 1)


def _cells(rows: list, name: str) -> Iterator[Any]:
    for i, row in enumerate(rows):
        if not isinstance(row, Mapping) or name not in row:
            raise PipelineError(f"data[{i}] has no {name!r}, which data[0] has.")
        yield row[name]


def _is_columns(value: Any) -> bool:
    """Whether this is a tuple of columns, as the splits of keras.datasets are."""
    return isinstance(value, tuple) and all(
        hasattr(own, "__len__") and not isinstance(own, str) for own in value
    )


def _is_split(value: Mapping) -> bool:
    return any(map(_names_split, value))


def _names_split(key: Any) -> bool:
    return str(key).lower() in SPLIT_NAMES


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:60]}..."
