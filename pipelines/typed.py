"""Settings as people type them: `--epochs 5` and `epochs=5` for `--set epochs=5`, `data=x` for `--data x`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from pipelines import catalog
from pipelines.config import settings
from pipelines.errors import PipelineError, nearest

VERBS = ("train", "audit", "preflight")  # those that take settings


def understood(argv: Sequence[str], flags: Callable[[str], Mapping[str, bool]]) -> list[str]:
    """The command line with each setting behind `--set`.

    flags: verb -> {flag: whether a value follows it} of its own flags, such as --data.
    Raises PipelineError for a flag that is none, if a setting has nearly its name.
    """
    if not argv or argv[0] not in VERBS or not any(map(_like, argv[1:])):
        return list(argv)
    verb, own = argv[0], flags(argv[0])
    found, rest = [verb], list(argv[1:])
    known: Collection[str] | None = None
    while rest:
        word = rest.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        plain = name.replace("-", "_")
        is_flag = word.startswith("--")
        if not _like(word) or (is_flag and _one_of(f"--{name}", own)):
            found.append(word)
            if word == "--set":  # what follows is meant so already
                while rest and not rest[0].startswith("-"):
                    found.append(rest.pop(0))
            elif rest and is_flag and not equals and _takes_value(word, own):
                found.append(rest.pop(0))
            continue
        if not is_flag and verb == "audit" and name == "data":
            found.append(value)
            continue
        if not is_flag and f"--{name.replace('_', '-')}" in own:
            found += [f"--{name.replace('_', '-')}", value]
            continue
        known = _settings(argv[1:]) if known is None else known
        if plain not in known:
            _refuse(word, plain, known)
            found.append(word)
            continue
        if is_flag and not equals:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        found += ["--set", f"{plain}={value}"]
    return found


def _like(word: str) -> bool:
    """Whether a word may be a setting: a long flag, or NAME=VALUE."""
    return bool(re.match(r"--[a-z]|[a-z]\w*=", word))


def _one_of(flag: str, own: Collection[str]) -> bool:
    """Whether argparse takes it for a flag of the verb, whole or by its beginning."""
    return any(known.startswith(flag) for known in own)


def _takes_value(flag: str, own: Mapping[str, bool]) -> bool:
    return any(takes for known, takes in own.items() if known.startswith(flag))


def _settings(words: Sequence[str]) -> set[str]:
    """The names of all settings of the first task or method that is named; of any, if none is."""
    for word in words:
        try:
            task, method = catalog.split(word)
        except PipelineError:
            continue
        names = [method] if method else [own.name for own in catalog.tasks()[task].methods]
        methods = [catalog.method(name, task) for name in names]
        return {field.name for own in methods for field in settings(own.Config)}
    return set()


def _refuse(word: str, name: str, known: Collection[str]) -> None:
    """Raises PipelineError if a setting has nearly this name."""
    advice = nearest(name, known)
    if known and advice.startswith("Did you mean"):
        raise PipelineError(
            f"unknown {'flag' if word.startswith('-') else 'setting'} {word.partition('=')[0]}."
            f" {advice} A setting is written --set NAME=VALUE."
        )
