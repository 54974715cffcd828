"""The classes that the cells of a column name."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from etils import epy

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import tables as edge


def classes(cells: Sequence[Any]) -> Callable[[Any], str]:
    """A function cell -> the class that it names, "" if none, of the cells of a column.

    In a column of words, None or NA is a class; in one of numbers it is nothing.
    """
    there = [cell for cell in cells if not edge.is_absent(cell)]
    are_numbers = all(not math.isnan(edge.number(cell)) for cell in there)
    return edge.text if there and are_numbers else _word


def _word(cell: Any) -> str:
    is_nan = isinstance(cell, float) and math.isnan(cell)
    if cell is None or is_nan:
        return ""
    return edge.text(cell) or str(cell).strip()
