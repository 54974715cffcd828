"""Files of rules for tagging, in YAML: patterns and lists of phrases, checked before anything runs."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from pipelines import records
from pipelines.edge import rules, words
from pipelines.errors import PipelineError
from pipelines.files import within

WAYS = 100_000  # in which an expression may be tried on a word
MOST = 200_000  # rules of a file, each phrase being one
KEYS = {"label", "pattern", "words", "file", "cased"}
OTHER = re.compile(r"\(\?(?!:)[^)]{0,2}|\\[AZpP]")
ONE = (codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY)  # a character


def read(path: str | Path) -> list[str]:
    """Rules as `edge.rules` reads them, one a line of JSON.

    The file has `rules:` and a list; each entry has `label`, and `pattern` (an expression that a
    whole word has to fit, or a list of them, one for each word in a row), `words` (phrases) or
    `file` (a text file next to it with a phrase a line); `cased: true` keeps capitals apart. Raises
    PipelineError, naming the rule, for what is none, for an expression that could take more than
    WAYS ways, and for a file that lies elsewhere.
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
            f"{where} must have label, and pattern, words or file; got {_shown(entry)}."
        )
    if len({"pattern", "words", "file"} & set(entry)) != 1:
        raise PipelineError(f"{where} must have one of pattern, words and file.")
    label, cased = str(entry["label"]), entry.get("cased", False)
    if "pattern" in entry:
        patterns = entry["pattern"]
        patterns = patterns if isinstance(patterns, list) else [patterns]
        for pattern in patterns:
            _check(pattern, where)
        yield json.dumps({"label": label, "pattern": patterns}, ensure_ascii=False)
        return
    for phrase in _phrases(path, where, entry):
        tokens = [word for word, _, _ in words.tokens(str(phrase))]
        if not tokens:
            raise PipelineError(f"{where} has an empty phrase. Delete it.")
        yield line(label, tokens, bool(cased))


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


def _check(pattern: object, where: str) -> None:
    """Raises PipelineError for what is no expression, or one that may run for ever."""
    if not isinstance(pattern, str) or not pattern:
        raise PipelineError(f"{where} has a pattern that is no text: {_shown(pattern)}.")
    try:
        tree = _parser.parse(pattern, re.ASCII)
        re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise PipelineError(f"{where}: {pattern!r} is no expression: {error}.") from error
    odd = OTHER.search(pattern)
    if odd:
        raise PipelineError(
            f"{where}: {_shown(pattern)} has {odd[0]}, which a browser reads otherwise. Leave it out."
        )
    ways = _ways(tree, pattern, where)
    if ways > WAYS:
        raise PipelineError(
            f"{where}: {_shown(pattern)} could be tried in more than {WAYS:,} ways on one word, and"
            " might run for ever. Repeat only what has no repetition or choice within, and fewer"
            " things."
        )


def _ways(tree: Any, pattern: str, where: str) -> int:
    """In how many ways an expression can be laid over a word of `rules.LONGEST` letters, at most."""
    total = 1
    for code, argument in tree:
        total = min(total * _ways_of(code, argument, pattern, where), WAYS + 1)
    return total


def _ways_of(code: object, argument: Any, pattern: str, where: str) -> int:
    if code in ONE or code is codes.AT:
        return 1
    if code is codes.SUBPATTERN:
        return _ways(argument[-1], pattern, where)
    if code is codes.BRANCH:
        return sum(_ways(part, pattern, where) for part in argument[1])
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        low, high, body = argument
        each = _ways(body, pattern, where)
        counts = range(min(low, rules.LONGEST), min(int(high), rules.LONGEST) + 1)
        return sum(min(each**count, WAYS + 1) for count in counts)
    raise PipelineError(
        f"{where}: {_shown(pattern)} has {str(code).lower()}, which rules do not have. Use letters,"
        " classes, groups, choices and repetitions."
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
