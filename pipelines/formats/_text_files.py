"""What the readers of text share: the split of each file, lines in UTF-8, names that stay."""

import collections
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.formats._lines import refuse_utf_16
from pipelines.formats.examples import (
    SPLIT_NAMES,
    Data,
    Examples,
    Problem,
    cut_splits,
    ids_of,
    inside,
)

BREAK = re.compile(rb"\r\n|\r|\n")
NAMES = SPLIT_NAMES | {"testa": "validation", "testb": "test"}  # as CoNLL-2003 has them

Sentence = tuple[Path, int, dict[str, list]]  # (file, line, {column: a value for each token})


def files(path: Path, fits: Callable[[Path], bool]) -> tuple[dict[str, list[Path]], list[Problem]]:
    """A file or a folder -> ({split: [file]}, problems). fits: tells a file of the format from
    others.

    A file by itself, and all files if none is called by a split, are `train`.
    """
    found, problems = grouped(path, fits, split_in_name)
    nameless = found.pop("", [])
    if found:
        return found, problems + list(map(without_split, nameless))
    return {"train": nameless}, problems


def grouped(
    path: Path, fits: Callable[[Path], bool], split_of: Callable[[Path], str]
) -> tuple[dict[str, list[Path]], list[Problem]]:
    """A file or a folder -> ({what `split_of` says: [file]}, problems of files that are left out).

    A file by itself is `train`. A link out of the folder is an error, as its content is no part of
    the data.
    """
    if path.is_file():
        return {"train": [path]}, []
    found: dict[str, list[Path]] = {}
    fitting = list(filter(fits, listed(path)))
    outside = [file for file in fitting if inside(path, file.name) is None]
    for file in fitting:
        if file not in outside:
            found.setdefault(split_of(file), []).append(file)
    if not fitting:
        for file in listed(path):
            refuse_utf_16(file)
    others = sorted({*listed(path)} - {*fitting})
    return found, [*map(_outside, outside), *map(_unused, others)]


def listed(folder: Path) -> list[Path]:
    """The files of a folder that are not hidden, in the order of names."""
    seen = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
    return sorted(filter(Path.is_file, seen))


def lines(file: Path, problems: list[Problem]) -> Iterator[tuple[int, str | None]]:
    """Yields (number, text) of each line of a file; one that is not UTF-8 becomes a Problem and is
    None.

    Raises PipelineError if the file is empty or cannot be read.
    """
    content = _content(file).removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise PipelineError(f"{file} is empty. Fill it, or leave it out.")
    message = "this line is not UTF-8, and its sentence is left out. Save the file as UTF-8."
    for i, line in enumerate(BREAK.split(content), 1):
        text, where = None, f"{file.name}:{i}"
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            problems.append(Problem("error", "encoding", where, message, where))
        yield i, text


def filled(
    found: dict[str, list[Path]], split: str, problems: list[Problem]
) -> Iterator[tuple[Path, int, str]]:
    """Yields (file, number, text) of each line of a split that is not blank; see `lines`."""
    for file in found.get(split, ()):
        for i, line in lines(file, problems):
            if line and line.strip():
                yield file, i, line


def json_of(line: str) -> Any:
    """What a line of JSON says. Raises ValueError with a reason, for a key that is there twice as
    well."""
    try:
        return json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this line is no JSON ({error})") from error


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return found


def same(name: str) -> str:
    """An example's name without its count: the same for sentences that are the same."""
    return re.sub(r"-\d+$", "", name)


def tagged(
    source: Path,
    format: str,
    rows: dict[str, list[Sentence]],
    feature: str,
    columns: Sequence[str],
    problems: list[Problem],
) -> Data:
    """Sentences by split -> Data of these columns, the tags of `feature` as ids, "O" the first."""
    labels = _number([row for own in rows.values() for *_, row in own], feature)
    splits = {split: examples(own, columns) for split, own in rows.items() if own}
    cut = cut_splits(splits, same)
    return Data(str(source.resolve()), format, cut, {feature: labels}, problems)


def _number(rows: Sequence[dict[str, list]], feature: str) -> list[str]:
    """Puts ids in place of tags. The tags in the order of their ids."""
    tags = set().union(*(row[feature] for row in rows))
    labels = sorted(tags, key=lambda tag: (tag != "O", tag))
    ids = ids_of(labels)
    for row in rows:
        row[feature] = [ids[tag] for tag in row[feature]]
    return labels


def examples(rows: Sequence[Sentence], columns: Sequence[str]) -> Examples:
    """Sentences as Examples, named by what they say, so that a new one renames no other."""
    name = counted()
    names = [name(f"{file.name}/{digest(*row['tokens'])}") for file, _, row in rows]
    where = [f"{file.name}:{line}" for file, line, _ in rows]
    return Examples(names, {column: [row[column] for *_, row in rows] for column in columns}, where)


def digest(*words: str) -> str:
    """What words say, in 12 hexadecimal digits."""
    content = "\t".join(words).encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:12]


def counted() -> Callable[[str], str]:
    """A function that adds a count to each name but the first of several that are equal."""
    seen: collections.Counter[str] = collections.Counter()

    def name(wanted: str) -> str:
        seen[wanted] += 1
        return wanted if seen[wanted] == 1 else f"{wanted}-{seen[wanted]}"

    return name


def split_in_name(file: Path) -> str:
    """The split that a word in the name of a file says, or ""."""
    words = filter(NAMES.__contains__, re.split(r"[^a-z]+", file.name.lower()))
    return NAMES.get(next(words, ""), "")


def _unused(file: Path) -> Problem:
    return Problem("note", "unused-file", file.name, "not used: it has another form.")


def without_split(file: Path) -> Problem:
    message = (
        "left out, as its name says no split, and those of others do. Call it train, validation or"
        " test, or move it away."
    )
    return Problem("warning", "unused-file", file.name, message)


def _outside(file: Path) -> Problem:
    message = "this link leads out of the data. Copy the file here."
    return Problem("error", "outside", file.name, message, file.name)


def _content(file: Path) -> bytes:
    try:
        refuse_utf_16(file)
        return file.read_bytes()
    except OSError as error:
        raise PipelineError(f"cannot read {file}: {error.strerror}.") from error
