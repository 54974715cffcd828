"""The command line: verbs and their flags. Exit codes: 0 done, 1 the answer is no, 2 wrong command."""

import argparse
import functools
import importlib.util
import json
import os
import re
import sys

from pipelines import __version__, catalog, terminal, typed, verbs
from pipelines.config import describe, settings
from pipelines.errors import PipelineError, nearest


def main(argv=None):
    """Runs one verb -> exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        parser = _parser()
        argv = typed.understood(argv, functools.partial(_flags, parser))
        arguments = parser.parse_args(argv)
        if getattr(arguments, "target", None) == "tpu":
            arguments.backend = "jax"
        if getattr(arguments, "backend", None):
            _installed(arguments.backend)
            os.environ["KERAS_BACKEND"] = (
                arguments.backend
            )  # Keras reads it once, as it is imported
        if any(
            getattr(arguments, name, None) is not None
            for name in ("coordinator", "processes", "process")
        ):
            from pipelines.engine.parallel import supervisor

            together, rest = _together().parse_known_args(argv)
            return supervisor.supervise(
                rest, together.coordinator, together.processes, together.process
            )
        result, code = arguments.verb(arguments)
        if getattr(arguments, "json", False):
            print(json.dumps(result, ensure_ascii=False))
        return code
    except PipelineError as error:
        first, *more = map(terminal.shown, error.lines)
        print("\n".join([f"pipelines: {first}", *more]), file=sys.stderr)
        if "--json" in argv and getattr(error, "details", None):
            print(json.dumps({"error": str(error), **error.details}, ensure_ascii=False))
        return error.exit_code
    except KeyboardInterrupt as stop:
        print(f"pipelines: {terminal.shown(stop) or 'stopped.'}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the reader has gone; nothing more to say
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(
            f"pipelines: {where}{error.strerror or error}. Check the path, its permissions and free"
            " space.",
            file=sys.stderr,
        )
        return 2


def _flags(parser, verb):
    """{flag: whether a value follows it} of a verb."""
    (verbs_of,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    found = verbs_of.choices[verb]._option_string_actions
    return {flag: action.nargs != 0 for flag, action in found.items()}


def _installed(backend):
    if not importlib.util.find_spec(backend):
        raise PipelineError(
            f"the {backend} backend needs the package {backend}: pip install {backend}."
        )


class _TrainHelp(argparse.Action):
    """`train METHOD --help` lists the method's settings as well; they need no TensorFlow either."""

    def __init__(self, option_strings, dest, **_):
        super().__init__(
            option_strings,
            dest=argparse.SUPPRESS,
            nargs=0,
            help="show this help; after a TASK or METHOD, its settings too",
        )

    def __call__(self, parser, namespace, values, option_string=None):
        parser.print_help()
        if getattr(namespace, "task", None):
            _print_settings(namespace.task, getattr(namespace, "method", None))
        parser.exit()


def _print_settings(name, method):
    """The settings of a method; of a task with several, what these are and the first one's."""
    task, own = catalog.split(name)
    known = [m.name for m in catalog.tasks()[task].methods]
    chosen = own or method
    if not chosen and len(known) > 1:
        print(f"\nmethods of {task}, for --method NAME; `train METHOD --help` has the settings:")
        width = max(map(len, known))
        for entry in catalog.tasks()[task].methods:
            print(f"  {entry.name.ljust(width)}  {entry.summary}")
        return
    found = catalog.method(chosen or known[0], task)
    fields = settings(found.Config)
    width = max(len(field.name) for field in fields)
    print(f"\nsettings of {task}/{found.name}, for --set KEY=VALUE:")
    for field in fields:
        print(f"  {field.name.ljust(width)}  {describe(field)}")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest verb, where argparse prints its usage as well."""

    def error(self, message):
        wrong = re.match(r"argument VERB: invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if wrong:
            message = (
                f"unknown verb {wrong[1]!r}. {nearest(wrong[1], re.findall(r'[a-z]+', wrong[2]))}"
            )
        stop = "" if message[-1] in ".?" else "."
        raise PipelineError(f"{message}{stop} `{self.prog} --help` tells more.")


def _together():
    """The flags of several processes, which the one that trains does not get."""
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    flags.add_argument(
        "--coordinator",
        metavar="HOST:PORT",
        help="where process 0 of several listens for the others",
    )
    flags.add_argument(
        "--processes",
        metavar="N",
        type=int,
        help="processes that train together, each with devices",
    )
    flags.add_argument(
        "--process",
        metavar="I",
        type=int,
        help="which of them this is, from 0 on; 0 writes the run",
    )
    return flags


def _parser():
    parser = _Parser(
        prog="pipelines",
        description="From a folder of data to a proven model on the device.",
        epilog=(
            "`pipelines VERB --help` tells more; `pipelines train TASK --help` lists a task's"
            " settings."
        ),
    )
    parser.add_argument("--version", action="version", version=f"pipelines {__version__}")
    subparsers = parser.add_subparsers(metavar="VERB", required=True)

    def verb(function, **kwargs):
        name, summary = function.__name__, function.__doc__.splitlines()[0]
        sub = subparsers.add_parser(name, help=summary, description=summary, **kwargs)
        sub.set_defaults(verb=function)
        return sub

    def json_flag(sub):
        sub.add_argument(
            "--json", action="store_true", help="print one JSON object as the last line"
        )

    def method_flags(sub):
        sub.add_argument(
            "--method", metavar="NAME", help="one of the task's methods; see `pipelines methods`"
        )
        sub.add_argument(
            "--set",
            metavar="KEY=VALUE",
            action="extend",
            nargs="+",
            default=[],
            help="settings; may be repeated",
        )

    def data_format_flag(sub):
        sub.add_argument(
            "--data-format",
            metavar="FORMAT",
            default="auto",
            help="format of --data; auto detects it",
        )

    def settings_flags(sub):
        method_flags(sub)
        sub.add_argument(
            "--data",
            metavar="DATA",
            help="a data set's name, tfds:NAME, or a path; the task's own by default",
        )
        sub.add_argument(
            "--config",
            metavar="FILE.yaml",
            help="settings as `name: value` lines, e.g. the config.yaml of a run",
        )

    def budgets(sub):
        sub.add_argument(
            "--ram",
            metavar="SIZE",
            help="with --for micro: RAM that there is for the model's arena: 256KB",
        )
        sub.add_argument(
            "--flash",
            metavar="SIZE",
            help="with --for micro: flash that there is for the file: 1MB",
        )

    owner = dict(metavar="RUN_OR_BUNDLE", help="folder of a run or of a bundle")

    sub = verb(verbs.demo)
    sub.add_argument(
        "--out", metavar="DIR", help="folder to make; runs/demo-001 and so on by default"
    )
    json_flag(sub)
    verb(verbs.tasks)
    json_flag(verb(verbs.methods))
    verb(verbs.datasets)
    verb(verbs.formats)
    verb(verbs.backbones)

    sub = verb(verbs.audit)
    sub.add_argument("data", metavar="DATA", help="a data set's name, tfds:NAME, or a path")
    sub.add_argument(
        "--task",
        metavar="TASK",
        help="task or method that the data is for: it is judged as that is",
    )
    method_flags(sub)
    sub.set_defaults(config=None)
    sub.add_argument(
        "--format", metavar="FORMAT", default="auto", help="format of the data; auto detects it"
    )
    json_flag(sub)

    sub = verb(verbs.train, add_help=False, parents=[_together()])
    sub.add_argument(
        "task", metavar="TASK", nargs="?", help="a task or method of `pipelines methods`"
    )
    sub.add_argument("-h", "--help", action=_TrainHelp)
    settings_flags(sub)
    sub.add_argument(
        "--run", metavar="DIR", help="folder to make; a new one below runs/ by default"
    )
    sub.add_argument("--resume", metavar="DIR", help="go on with a run that was stopped")
    sub.add_argument(
        "--finish",
        action="store_true",
        help="with --resume: train no more, and end the run with the best it has",
    )
    sub.add_argument(
        "--minutes",
        metavar="N",
        type=float,
        help="time that training may take: as many epochs as fit are trained",
    )
    sub.add_argument(
        "--folds",
        metavar="N",
        type=int,
        help="cross-validation: N runs, each judged on a fold of its own; mean and deviation",
    )
    sub.add_argument(
        "--backend", choices=("tensorflow", "jax"), help="what trains; tensorflow by default"
    )
    sub.add_argument(
        "--devices", metavar="N", type=int, help="devices that share each batch, with --backend jax"
    )
    sub.add_argument(
        "--data-service",
        metavar="HOST:PORT",
        help="dispatcher of a tf.data service that prepares batches",
    )
    json_flag(sub)

    sub = verb(verbs.tune)
    sub.add_argument("task", metavar="TASK", help="a task or method of `pipelines methods`")
    settings_flags(sub)
    sub.add_argument("--run", metavar="DIR", help="folder to make, with a run for each trial")
    sub.add_argument(
        "--minutes",
        metavar="N",
        type=float,
        default=20.0,
        help="time for all trials; 20 by default",
    )
    sub.add_argument("--trials", metavar="N", type=int, help="how many at most")
    json_flag(sub)

    sub = verb(verbs.preflight)
    sub.add_argument("task", metavar="TASK", help="a task or method of `pipelines methods`")
    sub.add_argument(
        "--for", dest="target", choices=("tpu", "micro"), required=True, help="what it is to run on"
    )
    settings_flags(sub)
    sub.add_argument(
        "--devices", metavar="N", type=int, help="with --for tpu: devices that share each batch"
    )
    sub.add_argument(
        "--chip",
        metavar="NAME",
        default="v5e",
        help="with --for tpu: v2, v3, v4, v5e (default), v5p, v6e",
    )
    budgets(sub)
    json_flag(sub)

    sub = verb(verbs.evaluate)
    sub.add_argument("path", **owner)
    sub.add_argument("--data", metavar="DATA", help="other data than the run's")
    data_format_flag(sub)
    sub.add_argument(
        "--split", metavar="SPLIT", default="test", help="train, validation or test (default)"
    )
    sub.add_argument(
        "--format",
        metavar="FORMAT",
        help="one file of a bundle: saved_model, float32, float16, dynamic, int8",
    )
    json_flag(sub)

    sub = verb(verbs.predict)
    sub.add_argument("path", **owner)
    sub.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="files, folders, patterns, addresses or videos to predict on, or text itself",
    )
    sub.add_argument("--out", metavar="DIR", help="folder for pictures and text")
    json_flag(sub)

    sub = verb(verbs.export)
    sub.add_argument("path", metavar="RUN", help="folder of a run")
    sub.add_argument("--data", metavar="DATA", help="where the run's data lies now, if elsewhere")
    sub.add_argument("--out", metavar="DIR", help="folder to make; saved_models/NAME by default")
    sub.add_argument(
        "--formats",
        metavar="LIST",
        help="saved_model,float32,float16,dynamic,int8 (all by default)",
    )
    sub.add_argument(
        "--quantizer",
        metavar="LIST",
        help="besides, by ai-edge-quantizer: weight_only_int8,weight_only_int4,mixed",
    )
    sub.add_argument(
        "--max-drop",
        metavar="X",
        type=float,
        help="the most that the first score may get worse, whole and per class (default: the task's"
        " tolerance, mostly 0.01)",
    )
    for flag, word in (("--min", "at least"), ("--max", "at most")):
        sub.add_argument(
            flag,
            metavar="SCORE=X",
            action="append",
            default=[],
            help=f"refuse a model whose score is not {word} X; may be repeated",
        )
    sub.add_argument(
        "--target-size",
        metavar="SIZE",
        help="keep one file alone, the smallest that is proven, of at most SIZE: 500KB",
    )
    sub.add_argument(
        "--for",
        dest="target",
        choices=("micro",),
        help="the int8 file alone, for a microcontroller",
    )
    budgets(sub)
    json_flag(sub)

    sub = verb(verbs.verify)
    sub.add_argument("path", metavar="BUNDLE", help="folder of a bundle")
    sub.add_argument("--data", metavar="DATA", help="where the held-out data lies on this machine")
    data_format_flag(sub)
    json_flag(sub)

    sub = verb(verbs.benchmark)
    sub.add_argument("path", **owner)
    json_flag(sub)
    verb(verbs.report).add_argument("path", **owner)

    sub = verb(verbs.serve)
    sub.add_argument("path", metavar="BUNDLE", help="folder of a bundle")
    sub.add_argument(
        "--port",
        metavar="N",
        type=int,
        default=8000,
        help="port to listen at (default 8000); 0: any",
    )
    sub.add_argument(
        "--out", metavar="DIR", help="write the page and the model there as a static site, and end"
    )
    return parser
