"""What is wrong with this data, file by file; exit 1 if there is an error."""

from argparse import ArgumentParser, Namespace

import pipelines
from pipelines.errors import PipelineError
from pipelines.verbs import _flags, _settings


def flags(parser: ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="a data set's name, tfds:NAME, or a path")
    parser.add_argument(
        "--task",
        metavar="TASK",
        help="task or method that the data is for: it is judged as that is",
    )
    _flags.method(parser)
    parser.set_defaults(config=None)
    parser.add_argument(
        "--format", metavar="FORMAT", default="auto", help="format of the data; auto detects it"
    )
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    settings, data = _settings.given(a)
    if data is not None:
        raise PipelineError("audit has the data as its first word, and no setting of that name.")
    format = settings.pop("format", a.format)
    result = pipelines.audit(a.data, format, a.task, **settings)
    print(result.as_text())
    return result.as_dict(), 1 if result.errors else 0
