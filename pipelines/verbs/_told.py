"""What several verbs print: the files of a bundle, what fails, what is doubtful."""

import sys
from collections.abc import Mapping
from typing import Any

from pipelines import terminal


def files_table(manifest: Mapping[str, Any]) -> str:
    """A line for the Keras model and for each file of a bundle, with its scores."""
    from pipelines.engine.export.card import scalars

    reference = manifest["reference"]
    names = scalars(reference)[:3]
    rows = [["Keras", "", *(f"{reference[name]:.4f}" for name in names), "", "", ""]]
    rows += [_file(record, names) for record in manifest["files"].values()]
    return terminal.table(rows, ["file", "KB", *names, "max diff", "worst class", "p50 ms"])


def _file(record: Mapping[str, Any], names: list[str]) -> list[str]:
    gap, latency = record.get("max_difference"), record.get("latency_ms", {}).get("p50")
    drop = record.get("worst_class_drop", 0)
    return [
        record["path"],
        f"{record['size_bytes'] / 1024:.0f}",
        *(f"{record['metrics'][name]:.4f}" for name in names),
        "" if gap is None else f"{gap:.1e}",
        f"{record['worst_class']} -{drop:.3f}" if drop > 0 else "",
        "" if latency is None else f"{latency:.2f}",
    ]


def failures(result: Mapping[str, Any]) -> None:
    """What does not hold of a bundle, on standard error."""
    for failure in result["failures"]:
        print(f"pipelines: {failure}", file=sys.stderr)


def doubts(info: Mapping[str, Any]) -> None:
    """Says plainly if a model may have learned nothing."""
    from pipelines.engine.proof import doubts as found

    if found.text(info):
        print(f"WARNING: {found.text(info)}", flush=True)
