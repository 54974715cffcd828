"""One line each: name, what it does, its methods, default data."""

from argparse import ArgumentParser, Namespace

from pipelines import catalog, terminal


def flags(parser: ArgumentParser) -> None:
    """It has none."""


def run(a: Namespace) -> tuple[None, int]:
    rows = []
    for name, entry in catalog.tasks().items():
        methods = ", ".join(method.name for method in entry.methods)
        rows.append([name, entry.summary, methods, catalog.task(name).data])
    print(terminal.table(rows, ["task", "what it does", "methods", "default data"]))
    return None, 0
