"""Parallel lines: two files or more that differ in the language at the end, train.en and train.de,
line by line the same."""

from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _text_files as text_files
from pipelines.formats import _text_pairs as text_pairs
from pipelines.formats.examples import Data, Problem, own_file

NEEDED = 2  # files of one name


def detect(path: Path) -> bool:
    """Whether `path` is a folder with files of one name and two languages behind it."""
    return path.is_dir() and any(len(own) >= NEEDED for own in _grouped(path).values())


def read(path: Path) -> Data:
    """Lines of the same number as a pair, with a column for each language.

    The name before the language says the split; one name by itself is `train`. A line that is
    empty on one side is an error; one that is empty on all is passed over, and a note says how
    many. Raises PipelineError if the files of a split have different numbers of lines, or if the
    splits have different languages.
    """
    groups = {name: own for name, own in _grouped(path).items() if len(own) >= NEEDED}
    used = {file for own in groups.values() for file in own.values()}
    problems = [_unused(file) for file in text_files.listed(path) if file not in used]
    _check_languages(path, groups)
    named = {name: text_files.split_in_name(Path(name)) for name in groups}
    if not any(named.values()) and len(groups) == 1:
        named = dict.fromkeys(groups, "train")
    rows: list[text_pairs.Row] = []
    for name, own in sorted(groups.items()):
        if not named[name]:
            problems += [text_files.without_split(file) for file in own.values()]
            continue
        rows += _rows(path, own, named[name], problems)
    return text_pairs.data(path.resolve(), "parallel_text", rows, problems)


def _grouped(folder: Path) -> dict[str, dict[str, Path]]:
    """{name without the language: {language: file}}."""
    found: dict[str, dict[str, Path]] = {}
    for file in text_files.listed(folder):
        stem, _, language = file.name.rpartition(".")
        if stem and text_pairs.is_language(language):
            found.setdefault(stem, {})[language] = file
    return found


def _check_languages(path: Path, groups: dict[str, dict[str, Path]]) -> None:
    kinds = {tuple(own) for own in groups.values()}
    if len(kinds) > 1:
        listed = "; ".join(f"{name}: {', '.join(own)}" for name, own in sorted(groups.items()))
        raise PipelineError(
            f"{path}: each split needs files of the same languages; got {listed}. Add the file that"
            " is missing, or move the others away."
        )


def _rows(
    root: Path, files: dict[str, Path], split: str, problems: list[Problem]
) -> list[text_pairs.Row]:
    sides = {}
    for language, file in files.items():
        read = list(text_files.lines(own_file(root, file), problems))
        last = read[-1][1]
        sides[language] = read[:-1] if last == "" else read  # behind the last line break
    _check_counts(files, {language: len(own) for language, own in sides.items()})
    first = next(iter(files.values()))
    rows, blank = [], 0
    for i, lines in enumerate(zip(*sides.values(), strict=True), 1):
        texts = [None if text is None else text.strip() for _, text in lines]
        if None in texts:  # not UTF-8, which is said
            continue
        if not any(texts):
            blank += 1
            continue
        pair = {language: text or "" for language, text in zip(files, texts, strict=True)}
        rows.append(text_pairs.Row(split, first.stem, f"{first.name}:{i}", pair))
    if blank:
        message = f"{blank:,} lines are empty in all languages, and are passed over."
        problems.append(Problem("note", "empty-lines", first.name, message))
    return rows


def _check_counts(files: dict[str, Path], counts: dict[str, int]) -> None:
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{file.name} has {counts[own]:,}" for own, file in files.items())
        raise PipelineError(
            f"{next(iter(files.values())).parent}: files of a pair must have the same number of"
            f" lines, as line n of one is the translation of line n of the other; {listed}. Find"
            " the line that is missing, or too much."
        )


def _unused(file: Path) -> Problem:
    return Problem("note", "unused-file", file.name, "not used: it is no side of a pair.")
