"""Labels in memory, names or numbers, one or several an example -> class names and ids."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats.examples import UNLABELLED, ids_of

BETWEEN = "|"  # names of an example that has several
FRACTIONS = 0.25  # of labels that are no whole numbers: then they are numbers to be learned
Where = Callable[[int], str]  # index of an example -> what it is called in a message


def single(values: Sequence, where: Where) -> list[str | int]:
    """One label an example -> names, or whole numbers as they are.

    A list of names becomes one, a|b. If some numbers are not whole, all become text. Arrays (N, 1)
    and one-hot (N, C) are taken, too. Raises PipelineError for what is no label.
    """
    if isinstance(values, np.ndarray) and values.ndim == 2:
        values = _flat(values, where)
    if _are_quantities(values):
        return list(map(repr, map(float, values)))
    return [_label(_written(value), where(i)) for i, value in enumerate(values)]


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

    names: of the setting `labels`. Labels that are numbers are ids, places in `names` from 0 on;
    but if all names are numbers themselves, such as 1, 2, 3, a number is one of these names. Raises
    PipelineError if a number has no name there, or if names and numbers are mixed.
    """
    found = {label for label in labels if label != UNLABELLED}
    numbers = {label for label in found if isinstance(label, int)}
    _refuse_mixed(found, numbers, feature)
    if not numbers or not names:
        return list(map(str, sorted(found)))
    if _are_numbers(names):
        _refuse_unlisted(numbers, names, feature)
    else:
        _refuse_beyond(numbers, names, feature)
    return list(names)


def _refuse_mixed(found: set[str | int], numbers: set[int], feature: str) -> None:
    """Raises PipelineError if some labels are names and some are numbers."""
    if numbers and numbers != found:
        other = sorted(found - numbers, key=str)[0]
        raise PipelineError(
            f"{feature} holds names and numbers: {other!r} and {min(numbers)}. Use one of them."
        )


def _refuse_unlisted(numbers: set[int], names: Sequence[str], feature: str) -> None:
    """Raises PipelineError for a number that is none of the names, which are numbers themselves."""
    strange = sorted(n for n in numbers if str(n) not in names)
    if strange:
        raise PipelineError(
            f"{feature} {strange[0]} is not among labels, {', '.join(names)}. Names that are"
            " numbers name these numbers; for ids from 0 on, give names with a letter."
        )


def _refuse_beyond(numbers: set[int], names: Sequence[str], feature: str) -> None:
    """Raises PipelineError for a number that is no place in the names."""
    unknown = sorted(numbers - set(range(len(names))))
    if unknown:
        raise PipelineError(
            f"{feature} {unknown[0]} has no name: labels has {len(names)}, for 0 to"
            f" {len(names) - 1}."
        )


def ids(labels: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Labels, or lists of them -> ids of `names`, as `classes` gives them."""
    known: dict[str | int, int] = {**ids_of(names)}
    if _are_numbers(names):
        known |= {int(name): i for i, name in enumerate(names)}
    return [_id(label, known) for label in labels]


def _are_numbers(names: Sequence[str]) -> bool:
    """Whether all names are whole numbers, as they are of labels that were numbers."""
    return bool(names) and all(re.fullmatch(r"0|-?[1-9]\d{0,18}", name) for name in names)


def _are_quantities(values: Sequence) -> bool:
    """Whether all are finite numbers, and not whole in a share of FRACTIONS; fewer are errors."""
    kinds = (float, int, np.floating, np.integer)
    found = [float(value) for value in values if isinstance(value, kinds)]
    if len(found) < len(values) or not all(map(math.isfinite, found)):
        return False
    return sum(value != int(value) for value in found) > FRACTIONS * len(found)


def _written(value: Any) -> Any:
    """Several names as one; anything else as it is."""
    is_list = isinstance(value, (list, tuple)) and bool(value)
    return BETWEEN.join(value) if is_list and all(map(_is_name, value)) else value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and BETWEEN not in value


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
    if _is_whole(plain):
        return int(plain)
    is_nan = isinstance(plain, float) and math.isnan(plain)
    is_missing = plain is None or is_nan or plain == ""
    what = "is missing" if is_missing else f"is {plain!r}"
    raise PipelineError(
        f"the label of {where} {what}, and must be a name, a list of names or a number. Correct it,"
        " or leave the example out."
    )


def _is_whole(value: Any) -> bool:
    is_whole_float = isinstance(value, float) and value.is_integer()
    return is_whole_float or isinstance(value, (bool, int))
