"""Labels in memory, names or numbers, one or several an example -> class names and ids."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats.examples import UNLABELLED, ids_of

Where = Callable[[int], str]  # index of an example -> what it is called in a message


def single(values: Sequence, where: Where) -> list[str | int]:
    """One label an example -> names, or whole numbers as they are.

    Arrays (N, 1) and one-hot (N, C) are taken, too. Raises PipelineError for what is no label.
    """
    array = values if isinstance(values, np.ndarray) else None
    if array is not None and array.ndim == 2:
        values = _flat(array, where)
    return [_label(value, where(i)) for i, value in enumerate(values)]


def several(values: Sequence, where: Where) -> list[list[str | int]]:
    """A list of labels an example, which may be empty -> likewise."""
    found = []
    for i, row in enumerate(values):
        if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
            raise PipelineError(f"{where(i)} must hold a list of labels; got {row!r}.")
        found.append([_label(value, f"{where(i)}[{j}]") for j, value in enumerate(row)])
    return found


def classes(labels: Iterable[str | int], names: Sequence[str], feature: str) -> list[str]:
    """The class names of all labels, in the order of their ids.

    names: of the setting `labels`. Labels that are numbers are ids, places in `names` from 0 on; but
    if all names are numbers themselves, such as 1, 2, 3, a number is one of these names. Raises
    PipelineError if a number has no name there, or if names and numbers are mixed.
    """
    found = {label for label in labels if label != UNLABELLED}
    numbers = {label for label in found if isinstance(label, int)}
    if numbers and numbers != found:
        other = sorted(found - numbers, key=str)[0]
        raise PipelineError(
            f"{feature} holds names and numbers: {other!r} and {min(numbers)}. Use one of them."
        )
    if numbers and _are_numbers(names):
        strange = sorted(n for n in numbers if str(n) not in names)
        if strange:
            raise PipelineError(
                f"{feature} {strange[0]} is not among labels, {', '.join(names)}. Names that are"
                " numbers name these numbers; for ids from 0 on, give names with a letter."
            )
        return list(names)
    if numbers and names:
        unknown = sorted(n for n in numbers if not 0 <= n < len(names))
        if unknown:
            raise PipelineError(
                f"{feature} {unknown[0]} has no name: labels has {len(names)}, for 0 to"
                f" {len(names) - 1}."
            )
        return list(names)
    return [str(label) for label in sorted(found)]


def ids(labels: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Labels, or lists of them -> ids of `names`, as `classes` gives them."""
    known: dict[str | int, int] = {**ids_of(names)}
    if _are_numbers(names):
        known |= {int(name): i for i, name in enumerate(names)}
    return [_id(label, known) for label in labels]


def _are_numbers(names: Sequence[str]) -> bool:
    """Whether all names are whole numbers, as they are of labels that were numbers."""
    return bool(names) and all(re.fullmatch(r"0|-?[1-9]\d{0,18}", name) for name in names)


def _id(label: Any, known: Mapping[str | int, int]) -> Any:
    if isinstance(label, list):
        return np.array([_id(own, known) for own in label], np.int64)
    if label == UNLABELLED:
        return UNLABELLED
    return known.get(label, label)  # a number that is no name is an id


def _flat(array: np.ndarray, where: Where) -> Any:
    """(N, 1), or one-hot (N, C) -> (N,)."""
    if array.shape[1] == 1:
        return array[:, 0]
    is_one_hot = array.dtype.kind in "buif" and np.isin(array, (0, 1)).all()
    if not is_one_hot or not (array.sum(1) == 1).all():
        raise PipelineError(
            f"{where(0)} must be one label; got {array.shape[1]} values that are not one-hot."
        )
    return array.argmax(1)


def _label(value: Any, where: str) -> str | int:
    """A name, or a whole number."""
    plain = value.item() if hasattr(value, "item") and np.ndim(value) == 0 else value
    if isinstance(plain, bytes):
        plain = plain.decode("utf-8", "replace")
    if isinstance(plain, str) and plain.strip():
        return plain.strip()
    if isinstance(plain, (bool, int)):
        return int(plain)
    if isinstance(plain, float) and plain.is_integer():
        return int(plain)
    is_missing = plain is None or (isinstance(plain, float) and math.isnan(plain)) or plain == ""
    what = "is missing" if is_missing else f"is {plain!r}"
    raise PipelineError(
        f"the label of {where} {what}, and must be a name or a whole number. Correct it, or leave"
        " the example out."
    )
