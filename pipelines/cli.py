"""The command line. Exit codes: 0 done, 1 the answer is no, 2 wrong command."""

import argparse
import functools
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

from pipelines import __version__, entries, terminal, typed
from pipelines.errors import PipelineError, nearest
from pipelines.verbs import (
    audit,
    backbones,
    benchmark,
    datasets,
    demo,
    evaluate,
    export,
    formats,
    methods,
    predict,
    preflight,
    report,
    serve,
    sign,
    tasks,
    train,
    tune,
    verify,
)

# In the order in which `--help` has them.
VERBS = (
    *(demo, tasks, methods, datasets, formats, backbones),
    *(audit, train, tune, preflight, evaluate, predict),
    *(export, sign, verify, benchmark, report, serve),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb -> exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        return _run(words)
    except PipelineError as error:
        return _refused(error, "--json" in words)
    except KeyboardInterrupt as stop:
        print(f"pipelines: {terminal.shown(stop) or 'stopped.'}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone; there is nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(
            f"pipelines: {place}{error.strerror or error}. Check the path, its permissions and free"
            " space.",
            file=sys.stderr,
        )
        return 2


def _run(words: list[str]) -> int:
    parser = _parser()
    words = typed.understood(words, functools.partial(_flags, parser))
    arguments = parser.parse_args(words, argparse.Namespace(words=words, json=False))
    result, code = arguments.verb(arguments)
    if arguments.json and result is not None:
        print(json.dumps(result, ensure_ascii=False))
    return code


def _refused(error: PipelineError, as_json: bool) -> int:
    """Says why a command was refused -> exit code."""
    first, *more = map(terminal.shown, error.lines)
    print("\n".join([f"pipelines: {first}", *more]), file=sys.stderr)
    details = getattr(error, "details", None)
    if as_json and details:
        print(json.dumps({"error": str(error), **details}, ensure_ascii=False))
    return error.exit_code


def _flags(parser: argparse.ArgumentParser, verb: str) -> Mapping[str, bool]:
    """{flag: whether a value follows it} of a verb."""
    (verbs,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    found = verbs.choices[verb]._option_string_actions
    return {flag: action.nargs != 0 for flag, action in found.items()}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest verb; argparse would print its usage as
    well.

    late: adds flags that take time to find, once the verb is asked for.
    """

    late: Callable[[], None] | None = None

    def parse_known_args(self, args=None, namespace=None):
        if self.late:
            self.late()
            self.late = None
        return super().parse_known_args(args, namespace)

    def error(self, message):
        wrong = re.match(r"argument VERB: invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if wrong:
            advice = nearest(wrong[1], re.findall(r"[a-z]+", wrong[2]))
            message = f"unknown verb {wrong[1]!r}. {advice}"
        stop = "" if message[-1] in ".?" else "."
        raise PipelineError(f"{message}{stop} `{self.prog} --help` tells more.")


class _Help(argparse.Action):
    """Prints a verb's help, and then what its `explain` knows of the arguments so far."""

    def __call__(self, parser, namespace, values, option_string=None):
        parser.print_help()
        namespace.explain(namespace)
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pipelines",
        description="From a folder of data to a proven model on the device.",
        epilog=(
            "`pipelines VERB --help` tells more; `pipelines train TASK --help` lists a task's"
            " settings."
        ),
    )
    parser.add_argument("--version", action="version", version=f"pipelines {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        _add(verbs, verb)
    return parser


def _add(verbs: argparse._SubParsersAction, verb: ModuleType) -> None:
    name, summary = verb.__name__.rpartition(".")[2], entries.first_paragraph(verb.__doc__)
    parser = verbs.add_parser(name, help=summary, description=summary, add_help=False)
    parser.set_defaults(verb=verb.run, explain=lambda arguments: None)
    parser.add_argument("-h", "--help", action=_Help, nargs=0, help="show this help")
    verb.flags(parser)
