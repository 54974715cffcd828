"""Answers for files; pictures and text go to DIR."""

import functools
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pipelines
from pipelines import terminal
from pipelines.edge import options
from pipelines.engine.serving import asked
from pipelines.progress import Progress
from pipelines.verbs import _flags


def flags(parser: ArgumentParser) -> None:
    _flags.owner(parser)
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="*",
        help="files, folders, patterns, addresses or videos to predict on, or text itself; none to"
        " make pictures with --count",
    )
    parser.add_argument("--out", metavar="DIR", help="folder for pictures and text")
    _flags.json(parser)
    parser.late = functools.partial(_own, parser)  # type: ignore[attr-defined]


def _own(parser: ArgumentParser) -> None:
    """Adds the options that tasks have, such as how much text is made."""
    own = asked.all_options()
    options.add_flags(parser.add_argument_group("of tasks that make text or pictures"), own)
    parser.set_defaults(options=own)


def run(a: Namespace) -> tuple[dict, int]:
    from pipelines.edge.predict import Told
    from pipelines.engine.serving import answers

    folder, given, tell = Path(a.path), options.given(a, a.options), Told()
    is_bundle = (folder / "manifest.json").is_file()
    if is_bundle:  # it answers without TensorFlow
        half, found = answers.of_bundle(folder, a.inputs, a.out, given, tell)
    else:
        half, found = _of_run(a, given, tell)
    told, bad = [], 0
    for answer in found:
        was_told = tell.ended()
        if "error" in answer:
            bad += 1
            line = f"pipelines: {answer['input']}: {answer['error']}"
            print(terminal.shown(line), file=sys.stderr)
        else:
            told.append(answer)
            if not was_told:
                print(terminal.shown(f"{answer['input']}  {half.line(answer)}"), flush=True)
    return {"predictions": told}, 2 if bad else 0


def _of_run(a: Namespace, given: Mapping[str, Any], tell: Callable[[str], object]) -> Any:
    """(device half, answers as they come) of a run."""
    trained = pipelines.load(a.path)
    from pipelines.engine.serving import predict as serving

    with Progress("loading the model"), terminal.hushed():
        return serving.of_run(trained, a.inputs, a.out, given, tell)
