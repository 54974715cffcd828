"""Search better settings within some minutes: a table of trials, and the best run."""

from argparse import ArgumentParser, Namespace

import pipelines
from pipelines import terminal
from pipelines.verbs import _flags, _settings


def flags(parser: ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help=_flags.METHOD)
    _flags.settings(parser)
    parser.add_argument("--run", metavar="DIR", help="folder to make, with a run for each trial")
    parser.add_argument(
        "--minutes",
        metavar="N",
        type=float,
        default=20.0,
        help="time for all trials; 20 by default",
    )
    parser.add_argument("--trials", metavar="N", type=int, help="how many at most")
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    given, data = _settings.given(a)
    given.pop("minutes", None)  # of one training; here they are those of the search
    found = pipelines.tune(a.task, a.data or data, a.minutes, a.trials, a.run, **given)
    heading, rows = found.rows()
    print(f"{terminal.table(rows, heading)}\nbest run: {found.best.path}")
    told = [{"trial": t.number, found.score: t.value, **t.given} for t in found.trials]
    return {"best": str(found.best.path), "settings": found.settings, "trials": told}, 0
