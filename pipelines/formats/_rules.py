"""Files of rules for tagging, in YAML: patterns and lists of phrases, checked before anything
runs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines import records
from pipelines.edge import words
from pipelines.errors import PipelineError
from pipelines.files import within
from pipelines.formats._patterns import checked, shown

MOST = 200_000  # rules of a file, each phrase being one
KEYS = {"label", "pattern", "words", "file", "cased"}


def read(path: str | Path) -> list[str]:
    """Rules as `edge.rules` reads them, one a line of JSON.

    The file has `rules:` and a list; each entry has `label`, and `pattern` (an expression that a
    whole word has to fit, or a list of them, one for each word in a row), `words` (phrases) or
    `file` (a text file next to it with a phrase a line); `cased: true` keeps capitals apart. Raises
    PipelineError, naming the rule, for what is none, for an expression that could take too many
    ways, and for a file that lies elsewhere.
    """
    path = Path(path)
    given = records.read_yaml(path).get("rules")
    if not isinstance(given, list) or not given:
        raise PipelineError(f"{path} must hold `rules:` and a list below it. See docs/tagging.md.")
    found: list[str] = []
    for number, entry in enumerate(given, 1):
        found += _lines(path, f"{path}, rule {number}", entry)
        if len(found) > MOST:
            raise PipelineError(f"{path} has more than {MOST:,} rules. Leave some out.")
    return found


def _lines(path: Path, where: str, entry: object) -> Iterator[str]:
    if not isinstance(entry, dict) or not set(entry) <= KEYS or not entry.get("label"):
        raise PipelineError(
            f"{where} must have label, and pattern, words or file; got {shown(entry)}."
        )
    if len({"pattern", "words", "file"} & set(entry)) != 1:
        raise PipelineError(f"{where} must have one of pattern, words and file.")
    label = str(entry["label"])
    if "pattern" in entry:
        yield json.dumps({"label": label, "pattern": _checked(entry, where)}, ensure_ascii=False)
        return
    for phrase in _phrases(path, where, entry):
        tokens = [word for word, _, _ in words.tokens(str(phrase))]
        if not tokens:
            raise PipelineError(f"{where} has an empty phrase. Delete it.")
        yield line(label, tokens, bool(entry.get("cased", False)))


def _checked(entry: dict, where: str) -> list[str]:
    """The expressions of an entry, one or several."""
    patterns = entry["pattern"]
    several = patterns if isinstance(patterns, list) else [patterns]
    return [checked(pattern, where) for pattern in several]


def line(label: str, tokens: list[str], cased: bool = False) -> str:
    """The rule of one phrase."""
    phrase = tokens if cased else [words.normal(token) for token in tokens]
    return json.dumps({"label": label, "phrase": phrase, "cased": cased}, ensure_ascii=False)


def kinds(lines: list[str]) -> list[str]:
    """The different labels of rules."""
    return list(dict.fromkeys(json.loads(line)["label"] for line in lines))


def _phrases(path: Path, where: str, entry: Mapping) -> list:
    given = entry.get("words")
    if "file" in entry:
        text = records.read_text(within(path.parent, str(entry["file"])))
        given = [row.strip() for row in text.splitlines() if row.strip()]
    if not isinstance(given, list) or not given:
        raise PipelineError(f"{where} has no phrase. Give a list, or a file with one a line.")
    return given
