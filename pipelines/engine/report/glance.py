"""A run or a bundle at a glance: its facts as text and in notebooks, its history as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines import markup, terminal
from pipelines.engine.report import page, report
from pipelines.engine.report.numbers import number, plain, size, words
from pipelines.files import write_text
from pipelines.records import read_json

CHARTS_PX = 620  # height of the charts in a notebook
SHOWN = 12  # labels, and changed settings


class Text(str):
    """Text that a console shows as it is."""

    def __repr__(self) -> str:
        return str(self)


class Charts:
    """Learning curves: an HTML file at `path`, which a notebook shows."""

    def __init__(self, path: Path, document: str):
        self.path, self._document = path, document

    def __repr__(self) -> str:
        return f"Charts({str(self.path)!r})"

    def _repr_html_(self) -> str:
        return markup.framed(self._document, CHARTS_PX)


def history(run: Any) -> dict[str, list]:
    """{"epoch": [1, 2, ...], "loss": [...], ...}: a value an epoch, None if an epoch has none."""
    rows = report.rows_of(run.path / "history.csv")
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [_value(row.get(name), name) for row in rows] for name in names}


def charts(run: Any) -> Charts:
    """The learning curves of a run, in RUN/history.html."""
    of_run = report.of_run(run)
    kept = {key: of_run[key] for key in ("title", "subtitle", "history", "best_epoch")}
    document = page.render(kept)
    path = run.path / "history.html"
    write_text(path, document)
    return Charts(path, document)


def of_run(run: Any) -> list[tuple[str, str]]:
    """(name, value) of what there is to know of a run."""
    info, config = run.info, run.config
    facts = [
        ("task", f"{run.method.task}, {run.method.name}"),
        ("data", f"{run.data_name or run.method.data}: {_counts(info['data']['examples'])}"),
        ("labels", _few(config.labels)),
        ("status", info["status"]),
    ]
    if "parameters" in info:
        facts.append(("parameters", f"{info['parameters']:,}"))
        facts.append(("training", f"{info['epochs_done']} epochs in {info['minutes']:.1f} min"))
    facts += _scores(run)
    facts.append(("settings", _few(_changed(config)) or "defaults"))
    facts.append(("folder", str(run.path)))
    return [(name, value) for name, value in facts if value]


def of_bundle(bundle: Any) -> list[list[str]]:
    """A row for each file of a bundle: its name, size, score and latency."""
    name = bundle.method.scores[0].name
    rows = []
    for record in bundle.files.values():
        latency = record.get("latency_ms", {}).get("p50")
        rows.append([
            record["path"],
            size(record["size_bytes"]),
            number(record["metrics"].get(name)),
            "" if latency is None else f"{latency:.2f} ms",
        ])  # fmt: skip
    return rows


def text(title: str, facts: Sequence[tuple[str, str]]) -> Text:
    """Facts a line each."""
    width = max(len(name) for name, _ in facts)
    lines = [f"{name.ljust(width)}  {value}" for name, value in facts]
    return Text("\n".join(terminal.shown(line) for line in (title, *lines)))


def run_html(run: Any) -> str:
    """A run in a notebook."""
    return markup.page(f"run {run.path.name}", markup.table(of_run(run)))


def bundle_html(bundle: Any) -> str:
    """A bundle in a notebook."""
    manifest, name = bundle.manifest, words(bundle.method.scores[0].name)
    proof = manifest["proof"]
    facts = [
        ("task", f"{bundle.method.task}, {bundle.method.name}"),
        ("proven on", f"{proof['examples']:,} {proof['split']} examples of {proof['data']}"),
        ("labels", _few(manifest["labels"])),
        ("folder", str(bundle.path)),
    ]
    files = markup.table(of_bundle(bundle), ("file", "size", name, "latency"))
    return markup.page(f"bundle {manifest['name']}", markup.table(facts), files)


def _scores(run: Any) -> list[tuple[str, str]]:
    """The first score on validation, at its best, and on what has been evaluated."""
    score = run.method.scores[0]
    found = [value for value in history(run).get(f"val_{score.name}", ()) if value is not None]
    best = (max if score.sign > 0 else min)(found, default=None)
    facts = [(f"validation {words(score.name)}", number(best))] if found else []
    for file in sorted((run.path / "evaluations").glob("*/result.json")):
        result = read_json(file, report.RESULT)["result"]
        if score.name in result:
            title = f"{file.parent.name} {words(score.name)}"
            facts.append((title, f"{number(result[score.name])} of {result['examples']} examples"))
    return facts


def _changed(config: Any) -> list[str]:
    values = config.as_dict()
    names = sorted(report.changed(config) - {"labels"})
    return [f"{name}={plain(values[name])}" for name in names]


def _counts(parts: Mapping[str, int]) -> str:
    return ", ".join(f"{split} {count:,}" for split, count in parts.items())


def _few(values: Sequence[str]) -> str:
    more = [f"... ({len(values)})"] * (len(values) > SHOWN)
    return ", ".join([*values[:SHOWN], *more])


def _value(value: str | None, name: str) -> float | int | str | None:
    """A cell of history.csv."""
    if not value:
        return None
    if name == "epoch":
        return int(value)
    try:
        return float(value)
    except ValueError:
        return value  # the name of a phase
