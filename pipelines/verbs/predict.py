"""Answers for files; pictures and text go to DIR."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pipelines
from pipelines import terminal
from pipelines.progress import Progress
from pipelines.verbs import _flags


def flags(parser: ArgumentParser) -> None:
    _flags.owner(parser)
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="files, folders, patterns, addresses or videos to predict on, or text itself",
    )
    parser.add_argument("--out", metavar="DIR", help="folder for pictures and text")
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    from pipelines.engine.serving import answers

    folder = Path(a.path)
    is_bundle = (folder / "manifest.json").is_file()
    # A bundle answers without TensorFlow.
    half, found = answers.of_bundle(folder, a.inputs, a.out) if is_bundle else _of_run(a)
    told, bad = [], 0
    for answer in found:
        if "error" in answer:
            bad += 1
            line = f"pipelines: {answer['input']}: {answer['error']}"
            print(terminal.shown(line), file=sys.stderr)
        else:
            told.append(answer)
            print(terminal.shown(f"{answer['input']}  {half.line(answer)}"), flush=True)
    return {"predictions": told}, 2 if bad else 0


def _of_run(a: Namespace) -> Any:
    """(device half, answers as they come) of a run."""
    trained = pipelines.load(a.path)
    from pipelines.engine.serving import predict as serving

    with Progress("loading the model"), terminal.hushed():
        return serving.of_run(trained, a.inputs, a.out)
