"""Rules that tag words before a model does: patterns of words, and lists of phrases (gazetteers).

A rule is a line of JSON: {"label": "city", "pattern": ["[A-Z][a-z]+", "Street"]}, an expression for
each of some words in a row, or {"label": "city", "phrase": ["new", "york"], "cased": false}.
"""

import json
import re
from collections.abc import Iterable, Sequence

import numpy as np

from . import words

LONGEST = 64  # letters; a longer word fits no pattern, which bounds the time that one may take

Span = tuple[int, int, str]  # first word, end, label


class Rules:
    """Rules, the first of which count more than later ones; of phrases the longest counts."""

    def __init__(self, lines: Iterable[str]):
        self._patterns: list[tuple[list[re.Pattern], str]] = []
        self._phrases: dict[str, list[tuple[int, list[str], bool, str]]] = {}
        for number, line in enumerate(lines):
            rule = json.loads(line)
            if "pattern" in rule:
                # ASCII: \d and \w mean the same in a browser.
                made = [re.compile(pattern, re.ASCII) for pattern in rule["pattern"]]
                self._patterns.append((made, rule["label"]))
            else:
                phrase, cased = rule["phrase"], bool(rule.get("cased"))
                first = words.normal(phrase[0])
                entry = (number, phrase, cased, rule["label"])
                self._phrases.setdefault(first, []).append(entry)

    def spans(self, tokens: Sequence[str]) -> list[Span]:
        """[(first, end, label)] in words, end exclusive, in order, none over another."""
        taken: set[int] = set()
        found: list[Span] = []
        for candidate in (*self._by_patterns(tokens), *self._by_phrases(tokens)):
            places = set(range(candidate[0], candidate[1]))
            if not places & taken:
                taken |= places
                found.append(candidate)
        return sorted(found)

    def _by_patterns(self, tokens: Sequence[str]) -> Iterable[Span]:
        for patterns, label in self._patterns:
            size = len(patterns)
            for start in range(len(tokens) - size + 1):
                pairs = zip(patterns, tokens[start : start + size], strict=True)
                if all(len(token) <= LONGEST and one.fullmatch(token) for one, token in pairs):
                    yield start, start + size, label

    def _by_phrases(self, tokens: Sequence[str]) -> Iterable[Span]:
        """The longest first, and of equals that of the first rule."""
        lower = [words.normal(token) for token in tokens]
        found = []
        for start, first in enumerate(lower):
            for number, phrase, cased, label in self._phrases.get(first, ()):
                end = start + len(phrase)
                own = tokens[start:end] if cased else lower[start:end]
                if list(own) == phrase:
                    found.append((start - end, number, (start, end, label)))
        return [span for _, _, span in sorted(found)]


def run(
    arrays: dict[str, np.ndarray], inputs: dict[str, np.ndarray], program: str = ""
) -> dict[str, np.ndarray]:
    """{"ruled": int (N, T)}, see `fixed` -> {"tags": ids int32 (N, T), "ruled"}: a model of rules
    alone. arrays: {"outside": (1,)}, the tag of what no rule marks."""
    ruled = np.asarray(inputs["ruled"], np.int32)
    tags = np.where(ruled >= words.FIRST, ruled - words.FIRST, arrays["outside"][0])
    return {"tags": tags.astype(np.int32), "ruled": ruled}


def fixed(found: Iterable[Span], count: int, labels: Sequence[str]) -> list[int]:
    """Spans of `count` words -> what the model gets of each: UNKNOWN, or FIRST and the id of the
    tag, of those in `labels`: BIO, BIOES, or tags without a scheme."""
    made = [words.UNKNOWN] * count
    ids = {label: i for i, label in enumerate(labels, words.FIRST)}
    for start, end, kind in found:
        for place in range(start, end):
            made[place] = ids[_tag(kind, place == start, place == end - 1, ids)]
    return made


def _tag(kind: str, is_first: bool, is_last: bool, ids: dict[str, int]) -> str:
    """The tag of a word in a span, as the scheme of `ids` has it."""
    if kind in ids:
        return kind
    names = {(True, True): "SB", (True, False): "B", (False, True): "EI", (False, False): "I"}
    tags = [f"{prefix}-{kind}" for prefix in names[is_first, is_last]]
    return next(tag for tag in tags if tag in ids)
