"""Columns of dates in two orders, or in an order that nobody can tell."""

from collections.abc import Iterator, Mapping, Sequence
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
    there = len(cells) - sum(map(edge.is_absent, cells))
    if not there or len(orders) - orders.count(NONE) < tables.MOSTLY * there:
        return
    first = {own: orders.index(own) for own in (YEAR, DAY, MONTH, EITHER) if own in orders}
    shown = {own: str(cells[i]).strip() for own, i in first.items()}
    certain = sorted(first.keys() - {EITHER}, key=first.__getitem__)
    if len(certain) > 1:
        where = train.where[first[certain[1]]]
        yield Problem("warning", "date-order", where, _in_two_orders(name, shown, certain))
    elif EITHER in first:
        where = train.where[first[EITHER]]
        yield Problem("note", "date-order", where, _in_either(name, shown, certain))


def _in_two_orders(name: str, shown: Mapping[str, str], certain: Sequence[str]) -> str:
    one, other = certain[:2]
    return (
        f"column {name!r} holds dates in two orders: {shown[one]} has {one} first,"
        f" {shown[other]} has {other} first. Write all as 2021-04-25."
    )


def _in_either(name: str, shown: Mapping[str, str], certain: Sequence[str]) -> str:
    others = "".join(f", though {shown[own]} has {own} first" for own in certain)
    return (
        f"column {name!r} holds {shown[EITHER]}, whose day and month may be either number{others}."
        " Write dates as 2021-04-25."
    )


def order(text: str) -> str | None:
    """What a date begins with, EITHER if day and month may be either number, NONE if it is no
    date."""
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
