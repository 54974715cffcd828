"""Polarities of aspects in three lines each: the sentence with $T$ for the term, the term, -1, 0 or
1. So the polarities of SemEval-2014's test split were passed on."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _aspects as aspects
from pipelines.formats._lines import refuse_utf_16

SUFFIX = ".seg"
TERM = "$T$"
BRACKETS = {
    "-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}"
}  # fmt: skip  # as the Penn Treebank writes them
QUOTES = re.compile(r"``|''|[\u2018\u2019\u201c\u201d`]")
Key = tuple[str, str, str]  # what stands before a term, the term, and what is behind it


def read(files: Iterable[Path]) -> Mapping[Key, str]:
    """{key: polarity} of all aspects in files.

    Raises PipelineError if a file is no UTF-8, or has not three lines for each aspect.
    """
    found = {}
    for file in files:
        lines = [line for line in _text(file).splitlines() if line.strip()]
        groups = zip(lines[::3], lines[1::3], lines[2::3], strict=True)
        for i, (sentence, term, name) in enumerate(groups):
            before, mark, after = sentence.partition(TERM)
            if not mark:
                raise PipelineError(f"{file}: sentence {i + 1} has no {TERM}. Restore the file.")
            try:
                found[key(before, term, after)] = aspects.polarity(name)
            except ValueError as error:
                raise PipelineError(f"{file}: sentence {i + 1}: {error}") from error
    return found


def key(before: str, term: str, after: str) -> Key:
    """What tells an aspect, however its sentence is written: no space, quotes and case alike."""
    return _bare(before), _bare(term), _bare(after)


def _bare(text: str) -> str:
    lower = text.lower()
    for written, bracket in BRACKETS.items():
        lower = lower.replace(written, bracket)
    bare = re.sub(r"\s", "", QUOTES.sub('"', lower)).replace("'", '"').replace('""', '"')
    return re.sub(r"\.{2,}", ".", bare)


def _text(file: Path) -> str:
    refuse_utf_16(file)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PipelineError(f"{file} is not UTF-8. Save it as UTF-8.") from error
    if len(list(filter(str.strip, text.splitlines()))) % 3:
        raise PipelineError(f"{file} must have three lines for each aspect. Restore the file.")
    return text
