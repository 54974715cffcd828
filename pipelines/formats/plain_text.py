"""Running text: a .txt file, or a folder with such files, train.txt or others; blank lines part
paragraphs."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _text_files as text_files
from pipelines.formats import conll, parallel_text, text_pairs
from pipelines.formats._folders import few
from pipelines.formats.examples import (
    PICTURE_SUFFIXES,
    SPLIT_NAMES,
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
    errors,
    reason,
)

LOOK = 20_000  # bytes of a file by which text is told from lists and numbers
WORD = re.compile(r"[^\W\d_]{2,}")
WORDS = 3  # of a line of running text, at least, on average
SPLIT_NAME = re.compile(r"(?:.*\.)?([a-z]+)[-_\d]*(?:of-\d+)?")  # of a file, without .txt
LINES = 40  # of the only paragraph of a file, at least, which look like a missing blank line
LETTERS = 20_000  # of the same
MOST = 20  # files that are looked at
OTHERS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".data", ".conll")


def detect(path: Path) -> bool:
    """Whether `path` is a .txt file of running text, or a folder with such files and no other
    data."""
    if path.is_file():
        return _fits(path) and not conll.detect(path)
    entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    files = list(filter(_is_text, entries))
    if not files or any(map(_is_data, entries)):
        return False
    if conll.detect(path) or parallel_text.detect(path):
        return False
    return all(map(_fits, files[:MOST]))


def _is_data(entry: Path) -> bool:
    """Whether it is a folder, or a file that other formats read."""
    return entry.is_dir() or entry.suffix.lower() in (*OTHERS, *PICTURE_SUFFIXES)


def _is_text(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() == ".txt"


def _fits(file: Path) -> bool:
    """Whether a .txt file holds running text: lines of words, not of names or numbers."""
    if not _is_text(file) or text_pairs.fits(file):
        return False
    with file.open("rb") as stream:
        lines = stream.read(LOOK).decode("utf-8", "replace").split("\n")
    full = [line for line in lines if line.strip()]
    words = sum(len(WORD.findall(line)) for line in full)
    return bool(full) and words >= WORDS * len(full)


def read(path: str | Path) -> Data:
    """Each paragraph as a `text`, without the blank lines around it.

    Files whose whole name is a split's, such as test.txt, wiki.test.txt or test-1.txt, are its; a
    title may have such a word. All others are `train`, but if there is a train.txt they are left
    out, and a Problem says so. Splits that are missing are cut by
    what paragraphs say, so the same one is never in two of them. If there are only held-out splits,
    `validation` trains, nothing is cut from it, and a Problem says so. A paragraph that is not
    UTF-8 becomes a Problem and is left out. Raises PipelineError if there is no text.
    """
    path = Path(path)
    found, problems = text_files.grouped(path, _is_text, _split_of)
    others = found.pop("", [])
    if others and "train" in found:
        problems.append(_left_out(others))
    elif others:
        found["train"] = others
    splits = {split: _examples(found[split], problems) for split in SPLITS if split in found}
    if not any(map(len, splits.values())):
        raise PipelineError(f"{path} has no text.{reason(errors(problems), ' Add some.')}")
    if "train" not in splits and "validation" in splits:
        message = "there is no train split, so this one trains, and nothing is held out of it."
        problems.append(Problem("warning", "no-train", "validation", message))
        splits = _trained_on_validation(splits)
    said: dict[str, str] = {}
    for examples in splits.values():
        said |= dict(zip(examples.names, examples.columns["text"], strict=True))
    cut = cut_splits(splits, lambda name: text_files.digest(said[name]))
    return Data(str(path), "plain_text", cut, {}, problems)


def _trained_on_validation(splits: dict[str, Examples]) -> dict[str, Examples]:
    """The splits with `validation` as `train`, and none to validate on."""
    rest = {split: part for split, part in splits.items() if split != "validation"}
    return {"train": splits["validation"], "validation": Examples([], {"text": []}, []), **rest}


def _split_of(file: Path) -> str:
    """The split that the whole name of a file says, but for numbers and what stands before a
    dot."""
    said = SPLIT_NAME.fullmatch(file.stem.lower())
    return SPLIT_NAMES.get(said[1], "") if said else ""


def _left_out(files: list[Path]) -> Problem:
    names = few(file.name for file in files)
    message = (
        f"{len(files):,} files are left out, as another one is called train: {names}. Put all texts"
        " that train in a folder without train.txt, or leave these away."
    )
    return Problem("warning", "unused-file", files[0].name, message)


def _examples(files: list[Path], problems: list[Problem]) -> Examples:
    """The paragraphs of some files, called by file and line."""
    names, texts = [], []
    for file in files:
        own = list(_paragraphs(file, problems))
        problems += _unparted(file, own)
        for line, text in own:
            names.append(f"{file.name}:{line}")
            texts.append(text)
    return Examples(names, {"text": texts}, list(names))


def _unparted(file: Path, paragraphs: list[tuple[int, str]]) -> Iterator[Problem]:
    """A warning if all of a long file is one paragraph."""
    if len(paragraphs) != 1:
        return
    first, text = paragraphs[0]
    count = text.count("\n") + 1
    if count >= LINES or len(text) >= LETTERS:
        said = f"{count:,} lines are" if count > 1 else f"a line of {len(text):,} characters is"
        message = f"{said} one paragraph, and so one example. Part paragraphs by blank lines."
        yield Problem("warning", "one-paragraph", f"{file.name}:{first}", message)


def _paragraphs(file: Path, problems: list[Problem]) -> Iterator[tuple[int, str]]:
    """Yields (first line, text) of each; one with a line that is not UTF-8 is left out."""
    lines = text_files.lines(file, problems)
    for is_blank, group in itertools.groupby(lines, _is_blank):
        own = list(group)
        texts = [text for _, text in own if text is not None]
        if not is_blank and len(texts) == len(own):
            yield own[0][0], "\n".join(texts).strip()


def _is_blank(line: tuple[int, str | None]) -> bool:
    """Whether a numbered line has nothing but space; one that is not UTF-8, None, has something."""
    _, text = line
    return text is not None and not text.strip()
