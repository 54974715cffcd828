"""Characters that no one sees or that no file can hold, and texts that differ by nothing else."""

import collections
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.engine.audit.facts import Example, Facts, each, over
from pipelines.formats.examples import Problem

SHORTEST = 12  # letters and digits: shorter texts repeat themselves by chance
LISTED = 3  # places in a message


@dataclass(frozen=True)
class _Strange:
    """Characters that should not be in a text. severity: of the Problem; what: it is called."""

    severity: str
    what: str
    pattern: re.Pattern


STRANGE = (
    _Strange(
        "error", "half of a surrogate pair, which no file can hold", re.compile(r"[\ud800-\udfff]")
    ),
    _Strange(
        "warning",
        "a control character",
        re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"),
    ),
    # The joiners U+200C and U+200D belong to Persian, Hindi and emoji.
    _Strange("warning", "an invisible character", re.compile(r"[\u00ad\u200b\u2060-\u2064\ufeff]")),
    _Strange("warning", "the mark of a letter that was lost", re.compile("\ufffd")),
)  # fmt: skip


def strange(example: Example, facts: Facts) -> Iterator[Problem]:
    """What should not be in the words or the text of an example, told of the first place."""
    for place, text in _texts(example):
        for kind in STRANGE:
            found = kind.pattern.search(text)
            if found:
                message = f"there is {kind.what}, U+{ord(found[0]):04X}, in it. Delete it."
                tell = example.error if kind.severity == "error" else example.warning
                yield tell("strange-letter", message, place)
                return


def unseen(example: Example, facts: Facts) -> Iterator[Problem]:
    """Words of which nothing can be seen."""
    for i, token in enumerate(example.get("tokens", ())):
        if token.strip() and not any(map(_is_seen, token)):
            message = f"token {i + 1} cannot be seen: {token!a}. Correct or delete it."
            yield example.warning("empty-token", message, example.place(i))


def near_leaks(facts: Facts) -> Iterator[Problem]:
    """Texts of two splits that are the same but for case, punctuation and spaces."""
    groups = collections.defaultdict(list)
    for example in _examples(facts):
        written = " ".join(text for _, text in _texts(example))
        content = _plain(written)
        if len(content) >= SHORTEST:
            groups[content].append((example, " ".join(written.split())))
    for group in groups.values():
        last, said = group[-1]
        for example, other in group:
            if example.split != last.split and other != said:
                message = (
                    f"this text is also in {last.split}, at {last.where}, but for case or"
                    " punctuation. Keep one of them."
                )
                yield example.warning("near-leak", message)


def swapped(feature: str, facts: Facts) -> Iterator[Problem]:
    """Tags of which there are more than words: the two columns may be exchanged."""
    every = [e for e in each(facts.data, "tokens") if feature in e.examples.columns]
    words = {token for example in every for token in example["tokens"]}
    tags = len(facts.data.labels[feature])
    if words and tags > len(words) and feature != "tokens":
        message = (
            f"there are {tags:,} classes of {feature} and {len(words):,} words, such as"
            f" {', '.join(map(repr, sorted(words)[:LISTED]))}. Are the columns exchanged?"
        )
        yield Problem("warning", "swapped-columns", feature, message)


def _texts(example: Example) -> Iterator[tuple[str, str]]:
    """(where, text) of each word, or of the text."""
    if "tokens" in example.examples.columns:
        for i, token in enumerate(example["tokens"]):
            yield example.place(i), token
    else:
        yield example.where, example["text"]


def _examples(facts: Facts) -> Iterator[Example]:
    """All examples of words or texts."""
    yield from each(facts.data, "tokens")
    yield from (e for e in each(facts.data, "text") if "tokens" not in e.examples.columns)


def _plain(text: str) -> str:
    """The letters and digits of a text, small."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")


def _features(facts: Facts) -> list[str]:
    return list(facts.data.labels)


CHECKS = (
    over(_examples, strange),
    over(_examples, unseen),
    near_leaks,
    over(_features, swapped),
)
