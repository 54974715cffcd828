"""What the readers of text share: which file is which split, lines that are UTF-8, names that stay."""

import hashlib
import re

from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLIT_NAMES, Examples, Problem

NAMES = SPLIT_NAMES | {"testa": "validation", "testb": "test"}  # as CoNLL-2003 has them


def files(path, fits):
    """A file or a folder -> ({split: [file]}, problems). fits: tells a file of the format from
    others.

    A file by itself, and all files where none is called by a split, are `train`.
    """
    if path.is_file():
        return {"train": [path]}, []
    found, others = {}, []
    for file in sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")):
        if fits(file):
            split = next(
                (NAMES[w] for w in re.split(r"[^a-z]+", file.name.lower()) if w in NAMES), None
            )
            found.setdefault(split, []).append(file)
        else:
            others.append(file)
    nameless = found.pop(None, [])
    if not found:
        found = {"train": nameless}
    elif nameless:
        others += nameless
    problems = [
        Problem(
            "note",
            "unused-file",
            file.name,
            "not used: its name says no split, or it has another form.",
        )
        for file in others
    ]
    return found, problems


def lines(file, problems):
    """Yields (number, text) of each line of a file; one that is not UTF-8 becomes a Problem and is
    None.

    Raises PipelineError where the file is empty or cannot be read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PipelineError(f"cannot read {file}: {error.strerror}.") from error
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise PipelineError(f"{file} is empty. Fill it, or leave it out.")
    for i, line in enumerate(content.split(b"\n"), 1):
        try:
            yield i, line.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError:
            message = (
                "this line is not UTF-8, and its sentence is left out. Save the file as UTF-8."
            )
            problems.append(
                Problem("error", "encoding", f"{file.name}:{i}", message, f"{file.name}:{i}")
            )
            yield i, None


def same(name):
    """An example's name without its count: the same for sentences that are the same."""
    return re.sub(r"-\d+$", "", name)


def examples(rows, columns):
    """[(file, line, {column: list})] -> Examples, named by what they say, so that a new sentence renames no other."""
    names, seen = [], {}
    for file, _, row in rows:
        digest = hashlib.sha256(
            "\t".join(row["tokens"]).encode("utf-8", "surrogatepass")
        ).hexdigest()[:12]
        name = f"{file.name}/{digest}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    where = [f"{file.name}:{line}" for file, line, _ in rows]
    return Examples(names, {column: [row[column] for *_, row in rows] for column in columns}, where)
