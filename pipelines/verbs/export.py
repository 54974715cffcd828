"""Export and prove a bundle; exit 1 if a file fails its proof."""

from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterable

from pipelines.errors import PipelineError
from pipelines.verbs import _flags, _owners, _told


def flags(parser: ArgumentParser) -> None:
    parser.add_argument("path", metavar="RUN", help="folder of a run")
    parser.add_argument(
        "--data", metavar="DATA", help="where the run's data lies now, if elsewhere"
    )
    parser.add_argument("--out", metavar="DIR", help="folder to make; saved_models/NAME by default")
    parser.add_argument(
        "--files",
        metavar="LIST",
        help="saved_model,float32,float16,dynamic,int8 (all by default)",
    )
    parser.add_argument("--formats", dest="files", help=SUPPRESS)  # as it was called
    parser.add_argument(
        "--quantizer",
        metavar="LIST",
        help="besides, by ai-edge-quantizer: weight_only_int8,weight_only_int4,mixed",
    )
    parser.add_argument(
        "--max-drop",
        metavar="X",
        type=float,
        help="the most that the first score may get worse, whole and per class (default: the task's"
        " tolerance, mostly 0.01)",
    )
    for flag, word in (("--min", "at least"), ("--max", "at most")):
        parser.add_argument(
            flag,
            metavar="SCORE=X",
            action="append",
            default=[],
            help=f"refuse a model whose score is not {word} X; may be repeated",
        )
    parser.add_argument(
        "--target-size",
        metavar="SIZE",
        help="keep one file alone, the smallest that is proven, of at most SIZE: 500KB",
    )
    parser.add_argument(
        "--for",
        dest="target",
        choices=("micro",),
        help="the int8 file alone, for a microcontroller",
    )
    _flags.budgets(parser)
    parser.add_argument(
        "--sign", metavar="KEY", help="sign the bundle with a secret key; see `pipelines sign`"
    )
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    bundle = _owners.run(a.path).export(
        a.out,
        None if a.files is None else _names(a.files),
        a.max_drop,
        a.target_size,
        a.data,
        a.sign,
        quantizer=_names(a.quantizer or ""),
        least=_limits(a.min, "--min"),
        most=_limits(a.max, "--max"),
        target=a.target,
        ram=a.ram,
        flash=a.flash,
    )
    manifest = bundle.manifest
    print(_told.files_table(manifest))
    print("Each file was run and compared with the Keras model (parity).")
    for kind, reason in manifest["unsupported"].items():
        print(f"note: no {kind} file: {reason}")
    for record in bundle.files.values():
        if "micro" in record:
            print(f"note: {record['path']} on {record['micro']['says']}")
    _told.doubts(manifest["proof"])
    print(f"bundle: {bundle.path}")
    told = {"bundle": str(bundle.path), "files": bundle.files, "reference": manifest["reference"]}
    return told, 0


def _names(text: str) -> list[str]:
    """Names out of a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _limits(items: Iterable[str], flag: str) -> dict[str, float]:
    """{score: value} out of NAME=VALUE items."""
    found = {}
    for item in items:
        name, _, value = item.partition("=")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise PipelineError(f"{flag} takes SCORE=NUMBER; got {item!r}.") from error
    return found
