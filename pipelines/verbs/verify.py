"""The proof again, on any machine."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from pipelines.verbs import _flags, _owners, _told


def flags(parser: ArgumentParser) -> None:
    _flags.bundle(parser)
    parser.add_argument(
        "--data", metavar="DATA", help="where the held-out data lies on this machine"
    )
    _flags.data_format(parser)
    parser.add_argument(
        "--key",
        metavar="PUBLIC",
        help="the public key, a file of minisign's or its line, that must have signed the bundle",
    )
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    bundle = _owners.bundle(a.path, "verify")
    result = bundle.verify(a.data, a.data_format, a.key)
    for note in result["notes"]:
        print(f"note: {note}")
    if "signed_by" in result:
        print(f"ok    signed by the key {result['signed_by']}")
    for kind, record in result["files"].items():
        word = "ok  " if record["passed"] else "FAIL"
        print(f"{word}  {bundle.files[kind]['path']}  {_judged(record, result['headline'])}")
    _told.failures(result)
    return result, 0 if result["passed"] else 1


def _judged(record: Mapping[str, Any], score: str) -> str:
    if "metrics" not in record:
        return "golden examples only"
    return f"{score} {record['metrics'][score]:.4f}"
