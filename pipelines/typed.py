"""Settings as people type them: `--epochs 5` and `epochs=5` for `--set epochs=5`, `data=x` for
`--data x`."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence

from pipelines import catalog
from pipelines.config import settings
from pipelines.errors import PipelineError, nearest

VERBS = ("train", "audit", "preflight", "tune")  # those that take settings


def understood(argv: Sequence[str], flags: Callable[[str], Mapping[str, bool]]) -> list[str]:
    """The command line with each setting behind `--set`.

    flags: verb -> {flag: whether a value follows it} of its own flags, such as --data.
    Raises PipelineError for a flag that is none, if a setting has nearly its name.
    """
    if not argv or argv[0] not in VERBS or not any(map(_like, argv[1:])):
        return list(argv)
    return [argv[0], *_Reading(argv[0], flags(argv[0]), argv[1:]).all()]


class _Reading:
    """The words of a command after its verb, from left to right. own: flags of the verb."""

    def __init__(self, verb: str, own: Mapping[str, bool], words: Sequence[str]):
        self._verb, self._own = verb, own
        self._words, self._rest = words, list(words)

    def all(self) -> list[str]:
        found: list[str] = []
        while self._rest:
            found += self._meant(self._rest.pop(0))
        return found

    def _meant(self, word: str) -> list[str]:
        """What a word stands for, with the words that belong to it."""
        name, equals, value = word.lstrip("-").partition("=")
        if not _like(word):
            return [word]
        if not word.startswith("--"):
            return self._pair(word, name, value)
        if _one_of(f"--{name}", self._own):
            return [word, *self._values(word)]
        return self._setting(word, name, value if equals else None)

    def _values(self, flag: str) -> list[str]:
        """The words that belong to a flag of the verb; those of --set are meant so already."""
        if flag == "--set":
            return [self._rest.pop(0) for _ in itertools.takewhile(_is_value, list(self._rest))]
        if "=" in flag or not _takes_value(flag, self._own) or not self._rest:
            return []
        return [self._rest.pop(0)]

    def _pair(self, word: str, name: str, value: str) -> list[str]:
        """NAME=VALUE: a flag of the verb without its dashes, or a setting."""
        flag = f"--{name.replace('_', '-')}"
        if self._verb == "audit" and name == "data":
            return [value]
        return [flag, value] if flag in self._own else self._setting(word, name, value)

    def _setting(self, word: str, name: str, value: str | None) -> list[str]:
        """A setting behind --set; the word as it is if there is none of that name."""
        plain = name.replace("-", "_")
        if plain not in self._known:
            _refuse(word, plain, self._known)
            return [word]
        if value is None:
            follows = self._rest and not self._rest[0].startswith("--")
            value = self._rest.pop(0) if follows else "true"
        return ["--set", f"{plain}={value}"]

    @functools.cached_property
    def _known(self) -> set[str]:
        return _settings(self._words)


def _is_value(word: str) -> bool:
    return not word.startswith("-")


def _like(word: str) -> bool:
    """Whether a word may be a setting: a long flag, or NAME=VALUE."""
    return bool(re.match(r"--[a-z]|[a-z]\w*=", word))


def _one_of(flag: str, own: Collection[str]) -> bool:
    """Whether argparse takes it for a flag of the verb, whole or by its beginning."""
    return any(known.startswith(flag) for known in own)


def _takes_value(flag: str, own: Mapping[str, bool]) -> bool:
    return any(takes for known, takes in own.items() if known.startswith(flag))


def _split(word: str) -> tuple[str, str] | None:
    """(task, method) of a word that names one, else None."""
    try:
        return catalog.split(word)
    except PipelineError:
        return None


def _settings(words: Sequence[str]) -> set[str]:
    """The names of all settings of the first task or method that is named; of any, if none is."""
    named = next(filter(None, map(_split, words)), None)
    if named is None:
        return set()
    task, method = named
    names = [method] if method else [own.name for own in catalog.tasks()[task].methods]
    methods = [catalog.method(name, task) for name in names]
    return {field.name for own in methods for field in settings(own.Config)}


def _refuse(word: str, name: str, known: Collection[str]) -> None:
    """Raises PipelineError if a setting has nearly this name."""
    advice = nearest(name, known)
    if known and advice.startswith("Did you mean"):
        raise PipelineError(
            f"unknown {'flag' if word.startswith('-') else 'setting'} {word.partition('=')[0]}."
            f" {advice} A setting is written --set NAME=VALUE."
        )
