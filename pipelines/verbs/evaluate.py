"""The task's metrics on one split."""

import typing
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

import pipelines
from pipelines import terminal
from pipelines.errors import PipelineError
from pipelines.verbs import _flags, _owners, _told

if typing.TYPE_CHECKING:
    from pipelines.run import Run


def flags(parser: ArgumentParser) -> None:
    _flags.owner(parser)
    parser.add_argument("--data", metavar="DATA", help="other data than the run's")
    _flags.data_format(parser)
    parser.add_argument(
        "--split", metavar="SPLIT", default="test", help="train, validation or test (default)"
    )
    parser.add_argument(
        "--file",
        metavar="FILE",
        help="one file of a bundle: saved_model, float32, float16, dynamic, int8",
    )
    parser.add_argument("--format", dest="file", help=SUPPRESS)  # as it was called
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    owner = pipelines.load(a.path)
    if _owners.is_bundle(owner):
        result = owner.evaluate(a.split, a.data, a.file, a.data_format)
    elif a.file:
        raise PipelineError(f"{a.path} is a run: --file names one file of a bundle.")
    else:
        result = typing.cast("Run", owner).evaluate(a.split, a.data, a.data_format)
    _told.doubts(result)
    print(_scores(result))
    if result.get("per_class"):
        print(f"\n{_classes(result['per_class'])}")
    return result, 0


def _scores(result: Mapping[str, Any]) -> str:
    """A line for each score, with a column for the result and for each baseline."""
    scalars = {name: value for name, value in result.items() if isinstance(value, float)}
    baselines = result.get("references", {})
    columns = [scalars, *baselines.values()]
    rows = []
    for name in scalars:
        rows.append([name, *(_number(column.get(name)) for column in columns)])
    heading = f"{result['split']}, {result['examples']} examples"
    return terminal.table(rows, ["metric", heading, *baselines])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _classes(of: Mapping[str, Mapping]) -> str:
    """A line for each class."""
    names = list(next(iter(of.values())))
    rows = []
    for label, values in of.items():
        rows.append([label, *(_of_class(name, values[name]) for name in names)])
    return terminal.table(rows, ["class", *names])


def _of_class(name: str, value: float | None) -> str:
    """One number of a class as text; a class without an example has none."""
    if value is None:
        return "not judged"
    return f"{value:.0f}" if name == "support" else f"{value:.3f}"
