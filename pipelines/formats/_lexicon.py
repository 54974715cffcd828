"""Lexicons: a word and its value a line."""

import importlib.util
import math
from collections.abc import Mapping
from pathlib import Path

from pipelines import installing
from pipelines.errors import PipelineError

VADER = "vader"  # names the lexicon of the package vaderSentiment
MOST = 100.0  # the largest value
BYTES = 50_000_000  # of a file


def read(name: str) -> dict[str, float]:
    """{word in lower case: value} of a file, or of the package vaderSentiment if `name` is vader.

    A line has a word, a tab, and a number from -100 to 100; what stands behind a second tab is not
    looked at. Empty lines and those that begin with # are left out, unless a tab follows. Raises
    PipelineError naming file and line if a line is broken or a word is there twice.
    """
    if name != VADER:
        return _read(Path(name), is_own=True)
    found = importlib.util.find_spec("vaderSentiment")
    if found is None or not found.submodule_search_locations:
        raise PipelineError(
            f"lexicon=vader needs the package vaderSentiment: {installing.line('lexicon')}. Or name"
            " a file of your own, a word, a tab and a number a line."
        )
    # It has some words twice, of which its own program takes the last.
    return _read(Path(found.submodule_search_locations[0]) / "vader_lexicon.txt", is_own=False)


def _read(path: Path, is_own: bool) -> dict[str, float]:
    found: dict[str, float] = {}
    lines: dict[str, int] = {}
    for i, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip() or (line.startswith("#") and "\t" not in line):
            continue
        word, value = _parsed(path, i, line)
        if is_own:
            _check_word(f"{path}:{i}", word, lines)
        if len(word.split()) == 1:  # no text has two words in one, as texts are parted at spaces
            found[word], lines[word] = value, i
    if not found:
        raise PipelineError(f"{path} has no word. It needs a word, a tab and a number a line.")
    return found


def _check_word(where: str, word: str, lines: Mapping[str, int]) -> None:
    """Raises PipelineError for two words in a line, and for a word that another line has."""
    if len(word.split()) > 1:
        raise PipelineError(f"{where} has {word!r}, two words. Give each a line, or none.")
    if word in lines:
        raise PipelineError(
            f"{where} has {word!r} a second time, after line {lines[word]}. Keep one of them."
        )


def _parsed(path: Path, i: int, line: str) -> tuple[str, float]:
    word, _, rest = line.rstrip("\r").partition("\t")
    try:
        value = float(rest.partition("\t")[0])
    except ValueError:
        value = math.nan
    key = word.strip().lower()
    if not key or "\0" in key or not abs(value) <= MOST:
        raise PipelineError(
            f"{path}:{i} must be a word, a tab and a number from -{MOST:g} to {MOST:g}; got"
            f" {line.strip()[:60]!r}. Correct the line or delete it."
        )
    return key, value


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > BYTES:
            raise PipelineError(f"{path} is larger than {BYTES // 1_000_000} MB. Name a lexicon.")
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise PipelineError(f"cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PipelineError(f"{path}:{line} is not UTF-8. Save the file as UTF-8.") from error
