"""Which layouts come nearest to what a path holds, and what each of them lacks there."""

import collections
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _delimited
from pipelines.formats._lines import text_of
from pipelines.formats.examples import PICTURE_SUFFIXES

SHOWN = 3  # layouts
MOST = 5000  # entries of a folder that are looked at
# What a layout line names: a folder, a file, or a suffix. Words in capitals stand for any name.
NAMED = re.compile(
    r"\*?\.[a-z]{2,5}\b|(?<!:)\b[\w.]+/|\b(?:XML|JSON)\b|\b\w+\.(?:yaml|txt|json|xml)\b"
)
ANY = re.compile(r"[A-Z_]+")
PICTURE = "pictures"  # what any suffix of a picture is taken for
TEXTS = frozenset((".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".conll"))
LOOKED_AT = 20  # text files
LARGEST = 50_000_000  # bytes of one that is read to tell what is wrong with it
UNPACK = " Unpack the archive, and pass the folder."
SAVE = " Save the sheet as CSV in UTF-8."
HINTS = {  # {the most frequent suffix: what to do}
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".rar", ".7z"), UNPACK),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), SAVE),
}
TABLE = ".csv"  # and any suffix of a table


def seen(path: Path) -> tuple[collections.Counter, set[str]]:
    """({suffix: files}, names of folders and files) at a path, lower case; not all of a large
    one."""
    suffixes: collections.Counter = collections.Counter()
    names = set()
    for folder, file in itertools.islice(_entries(path), MOST):
        if folder:
            names.add(f"{folder.lower()}/")
        if file:
            names.add(file.lower())
            suffixes[Path(file).suffix.lower()] += 1
    return suffixes, names


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yields (name of a folder, "") and ("", name of a file), none of them hidden."""
    if path.is_file():
        yield "", path.name
        return
    for _, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from ((name, "") for name in folders)
        yield from (("", name) for name in sorted(files) if not name.startswith("."))


def needs(layout: str) -> list[str]:
    """What a layout line asks for: names of folders and files, suffixes, and `pictures`."""
    found = []
    layout = layout.replace(".csv or .tsv", TABLE)
    for match in NAMED.findall(layout.partition(";")[0]):
        word = match.lower().lstrip("*")
        if match.endswith("/") and ANY.fullmatch(match[:-1]):
            word = "" if match == "SPLIT/" else "a folder for each class"
        elif word in ("xml", "json"):
            word = f".{word}"
        elif word in PICTURE_SUFFIXES:
            word = PICTURE
        found.append(word)
    return list(dict.fromkeys(filter(None, found)))


def nearest(path: Path, layouts: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """[(name of a format, what it lacks)], those of which most is there first.

    layouts: {name: the line that describes it}.
    """
    return _ranked(_there(path, *seen(path)), layouts)


def _there(path: Path, suffixes: Mapping[str, int], names: set[str]) -> set[str]:
    """What of all that layouts may need is there."""
    pictures = {PICTURE} if suffixes.keys() & PICTURE_SUFFIXES else set()
    classes = {"a folder for each class"} if _has_folders(path) else set()
    tables = {TABLE} if ".tsv" in suffixes else set()
    return {*suffixes, *names, *pictures, *classes, *tables}


def _ranked(there: set[str], layouts: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """See `nearest`."""
    ranked = []
    for place, (name, layout) in enumerate(layouts.items()):
        wanted = needs(layout)
        lacking = [word for word in wanted if word not in there]
        if wanted and len(lacking) < len(wanted):
            ranked.append((len(lacking) / len(wanted), place, name, lacking))
    return [(name, lacking) for _, _, name, lacking in sorted(ranked)]


def _has_folders(path: Path) -> bool:
    return path.is_dir() and any(entry.is_dir() for entry in path.iterdir())


def described(path: Path, layouts: Mapping[str, str]) -> tuple[str, list[str]]:
    """(What the path holds, a line for each of the nearest layouts with what it lacks)."""
    lines = []
    suffixes, names = seen(path)
    for name, lacking in _ranked(_there(path, suffixes, names), layouts)[:SHOWN]:
        missing = (
            f"not here: {', '.join(lacking)}"
            if lacking
            else "the names fit, what the files hold does not"
        )
        lines.append(f"  {name}: {layouts[name]} ({missing})")
    held = f"{path} fits no known format. It holds {_held(suffixes)}{_columns(path)}."
    hint = next((HINTS[suffix] for suffix, _ in suffixes.most_common(1) if suffix in HINTS), "")
    return f"{held}{hint}{_unread(path)}", lines


def _unread(path: Path) -> str:
    """Why a text file or table right there cannot be read, the first that cannot, or ""."""
    files = [path] if path.is_file() else sorted(filter(Path.is_file, path.iterdir()))
    texts = [file for file in files if file.suffix.lower() in TEXTS and file.name[0] != "."]
    return next(filter(None, map(_fault, texts[:LOOKED_AT])), "")


def _fault(file: Path) -> str:
    """Why a text file cannot be read, or is of no use, or ""."""
    try:
        if file.stat().st_size <= LARGEST and not text_of(file).strip():
            return f" {file} is empty."
    except (PipelineError, OSError) as error:
        return f" {error}"
    return ""


def _columns(path: Path) -> str:
    """The columns of a table, if there is one alone."""
    files = [path] if path.is_file() else _delimited.tables(path)
    if len(files) != 1 or not _delimited.is_table(files[0]):
        return ""
    return f" with the columns {', '.join(sorted(_delimited.names(files[0]))) or 'none'}"


def _held(suffixes: collections.Counter) -> str:
    """`120 .jpg, 3 .txt`, the most frequent suffixes first."""
    common = suffixes.most_common(4)
    return ", ".join(f"{n:,} {suffix or 'without a suffix'}" for suffix, n in common) or "no file"
