"""One line each: name and what it is."""

from argparse import ArgumentParser, Namespace

from pipelines import catalog, terminal


def flags(parser: ArgumentParser) -> None:
    """It has none."""


def run(a: Namespace) -> tuple[None, int]:
    rows = [[name, catalog.dataset_summary(name)] for name in catalog.datasets()]
    print(terminal.table(rows, ["data set", "what it is"]))
    return None, 0
