"""Latency, size, memory, training throughput."""

from argparse import ArgumentParser, Namespace

import pipelines
from pipelines import terminal
from pipelines.verbs import _flags


def flags(parser: ArgumentParser) -> None:
    _flags.owner(parser)
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    result = pipelines.load(a.path).benchmark()
    print(terminal.table(result["rows"], result["header"]))
    return result, 0
