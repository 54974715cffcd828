"""The report's section of exported files: each compared with the Keras model."""

from collections.abc import Mapping, Sequence

from pipelines.engine.report.defaults import given
from pipelines.engine.report.numbers import finite, is_number, number, scalar, size, words

SHOWN = 3  # metrics in the table; if there are more, all of them are in a table of their own
NO_METRICS = ("examples", "size_bytes")
FACTS = {  # of a file, with what stands in for each
    "file": None,
    "kind": None,
    "size_bytes": None,
    "metrics": {},
    "drop": None,
    "worst_class": None,
    "worst_class_drop": None,
    "max_difference": None,
    "latency_ms": {},
    "passed": None,
    "reason": None,
}
STATES = {True: "passed", False: "failed"}


def files_section(files: Sequence[Mapping], reference: Mapping) -> dict | None:
    """`files` and `reference` of `page.render` for the template; None without a file."""
    if not files:
        return None
    files = [given(file, FACTS) for file in files]
    metrics = _metric_names(files, reference)
    rows = [_row(file, metrics) for file in files]
    if reference:
        rows.insert(0, _reference_row(reference, metrics))
    largest = _add_shares(rows)
    names = list(map(words, metrics))
    states = [row["state"] for row in rows]
    return {
        "rows": rows,
        "metrics": names[:SHOWN],
        "all_metrics": names if len(names) > SHOWN else [],
        "given": _known(files),
        "sizes": largest > 0,
        "passed": states.count("passed"),
        "judged": states.count("passed") + states.count("failed"),
    }


def _metric_names(files: Sequence[Mapping], reference: Mapping) -> list[str]:
    """The names of single numbers, in the order of first appearance."""
    names = {}
    for source in (reference, *(file["metrics"] for file in files)):
        names |= {name: None for name, value in source.items() if is_number(value)}
    return [name for name in names if name not in NO_METRICS]


def _row(file: Mapping, metrics: list[str]) -> dict:
    """One file. metrics: the names of those that are shown."""
    size_bytes = finite(file["size_bytes"])
    return {
        "file": file["file"],
        "kind": file["kind"],
        "state": STATES.get(scalar(file["passed"]), "unknown"),
        "reason": file["reason"],
        "size_bytes": size_bytes,
        "size": size(size_bytes),
        "metrics": [number(file["metrics"].get(name)) for name in metrics],
        "drop": number(file["drop"]),
        "worst_class": file["worst_class"],
        "worst_class_drop": number(file["worst_class_drop"]),
        "max_difference": number(file["max_difference"]),
        "p50": number(file["latency_ms"].get("p50")),
        "p90": number(file["latency_ms"].get("p90")),
    }


def _reference_row(reference: Mapping, metrics: list[str]) -> dict:
    model = {"file": "Keras model", "kind": "reference", "metrics": reference}
    model["size_bytes"] = reference.get("size_bytes")
    return _row(given(model, FACTS), metrics) | {"state": "reference"}


def _add_shares(rows: list[dict]) -> float:
    """Gives each row the share of the largest file -> its bytes, 0 if no size is known."""
    largest = max(row["size_bytes"] or 0 for row in rows)
    for row in rows:
        is_known = row["size_bytes"] is not None and largest > 0
        row["share"] = row["size_bytes"] / largest if is_known else None
    return largest


def _known(files: Sequence[Mapping]) -> set[str]:
    """The facts that at least one file has."""
    known = set()
    for file in files:
        known |= {fact for fact, value in file.items() if value not in (None, {})}
    return known
