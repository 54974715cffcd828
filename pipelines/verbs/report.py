"""One HTML file that needs no network."""

from argparse import ArgumentParser, Namespace

import pipelines
from pipelines.verbs import _flags


def flags(parser: ArgumentParser) -> None:
    _flags.owner(parser)


def run(a: Namespace) -> tuple[None, int]:
    print(f"report: {pipelines.load(a.path).report()}")
    return None, 0
