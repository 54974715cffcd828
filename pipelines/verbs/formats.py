"""Layouts of data that are read: the name of each, and what such data looks like."""

from argparse import ArgumentParser, Namespace

from pipelines import catalog, terminal


def flags(parser: ArgumentParser) -> None:
    """It has none."""


def run(a: Namespace) -> tuple[None, int]:
    rows = [[name, line] for name, line in catalog.layouts().items()]
    print(terminal.table(rows, ["format", "what it looks like"]))
    return None, 0
