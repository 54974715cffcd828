"""The report's section of the data: sizes, balance of classes, and problems."""

import collections
import itertools
from collections.abc import Mapping, Sequence

from pipelines.engine.report.defaults import given
from pipelines.engine.report.numbers import number, words
from pipelines.engine.report.tables import bar_table

SEVERITIES = {"error": "✕", "warning": "!", "info": "i"}  # worst first, each with its mark
EMPTY = {"counts": {}, "class_counts": {}, "problems": ()}  # for what the audit lacks
OPEN = 5  # problems of one kind that need no unfolding
SHOWN = 20  # before the rest folds away
LISTED = 500  # that the page lists at all; the rest is a count


def audit_section(audit: Mapping) -> dict | None:
    """`audit` of `page.render` for the template; None without one."""
    if not audit:
        return None
    known = given(audit, EMPTY)
    by_split = known["class_counts"]
    labels = list(dict.fromkeys(itertools.chain.from_iterable(by_split.values())))
    return {
        "counts": [(split, number(n)) for split, n in known["counts"].items()],
        "absent": _absent(by_split, labels),
        "balance": _balance(by_split, labels) if labels else None,
        "sentence": _sentence(by_split),
        "checked": audit.get("problems") is not None,
        "groups": _groups(known["problems"]),
    }


def _absent(by_split: Mapping[str, Mapping], labels: list) -> list[tuple[str, str]]:
    """(split, the classes that it has no example of, in words) of the splits that lack any."""
    found = []
    for split, counts in by_split.items():
        missing = [str(label) for label in labels if not counts.get(label)]
        if missing:
            found.append((split, ", ".join(missing)))
    return found


def _balance(by_split: Mapping[str, Mapping], labels: list) -> dict:
    rows = {}
    for label in labels:
        rows[label] = {split: counts.get(label, 0) for split, counts in by_split.items()}
    return bar_table("Examples of each class by split", rows)


def _sentence(by_split: Mapping[str, Mapping]) -> dict | None:
    """The largest and the smallest class of the first split; None with fewer than two classes."""
    split, counts = next(iter(by_split.items()), ("", {}))
    ranked = [(label, n) for label, n in counts.items() if n]
    ranked.sort(key=lambda pair: pair[1])
    if len(ranked) < 2:
        return None
    (rare, least), (common, most) = ranked[0], ranked[-1]
    digits = 1 if most < 10 * least else 0
    return {
        "split": split,
        "rare": rare,
        "common": common,
        "ratio": f"{most / least:.{digits}f}",
        "least": number(least),
        "most": number(most),
    }


def _groups(problems: Sequence[Mapping]) -> list[dict]:
    """The problems by severity and kind, the worst first."""
    groups = collections.defaultdict(list)
    for problem in problems:
        severity = str(problem.get("severity") or "info").lower()
        groups[severity, str(problem.get("kind") or "other")].append(problem)
    return [_group(severity, kind, groups[severity, kind]) for severity, kind in _ranked(groups)]


def _ranked(groups: Mapping[tuple[str, str], list]) -> list[tuple[str, str]]:
    """The keys, the worst severity first and what is no known severity last."""
    places = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(groups, key=lambda group: places.get(group[0], len(places)))


def _group(severity: str, kind: str, found: list[Mapping]) -> dict:
    return {
        "severity": severity,
        "style": severity if severity in SEVERITIES else "info",
        "mark": SEVERITIES.get(severity, SEVERITIES["info"]),
        "kind": words(kind),
        "count": number(len(found)),
        "open": len(found) <= OPEN,
        "shown": found[:SHOWN],
        "folded": found[SHOWN:LISTED],
        "unlisted": max(0, len(found) - LISTED),
    }
