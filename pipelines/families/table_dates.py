"""Columns of dates in two orders, or in an order that nobody can tell."""

from collections.abc import Iterator, Sequence
from typing import Any

from etils import epy

from pipelines.families import tables
from pipelines.formats.examples import Examples, Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import tables as edge

YEAR, DAY, MONTH, EITHER, NONE = "the year", "the day", "the month", "", None
MONTHS = 12


def checks(train: Examples, name: str, cells: Sequence[Any]) -> Iterator[Problem]:
    """A warning if dates of a column are in two orders, a note if some may be read in two ways."""
    orders = [order(str(cell).strip()) for cell in cells]
    there = sum(not edge.is_absent(cell) for cell in cells)
    if not there or sum(own is not NONE for own in orders) < tables.MOSTLY * there:
        return
    first = {own: orders.index(own) for own in (YEAR, DAY, MONTH, EITHER) if own in orders}
    shown = {own: str(cells[i]).strip() for own, i in first.items()}
    certain = [own for own in first if own != EITHER]
    if len(certain) > 1:
        one, other = sorted(certain, key=first.__getitem__)[:2]
        message = (
            f"column {name!r} holds dates in two orders: {shown[one]} has {one} first,"
            f" {shown[other]} has {other} first. Write all as 2021-04-25."
        )
        yield Problem("warning", "date-order", train.where[first[other]], message)
    elif EITHER in first:
        others = "".join(f", though {shown[own]} has {own} first" for own in certain)
        message = (
            f"column {name!r} holds {shown[EITHER]}, whose day and month may be either number{others}."
            " Write dates as 2021-04-25."
        )
        yield Problem("note", "date-order", train.where[first[EITHER]], message)


def order(text: str) -> str | None:
    """What a date begins with, EITHER if day and month may be either number, NONE if it is no date."""
    found = tables.DATE.fullmatch(text)
    if not found:
        return NONE
    mark = found.group(2)
    if not mark:
        return YEAR
    one, two = map(int, text.split(mark)[:2])
    if min(one, two) > MONTHS:
        return NONE
    if max(one, two) > MONTHS:
        return DAY if one > MONTHS else MONTH
    return DAY if mark == "." else EITHER  # no country writes the month first with points
