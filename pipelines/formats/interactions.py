"""Interactions: ratings.csv with movies.csv, u.data, ratings.dat, or .jsonl of objects with user
and item."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.formats import rows
from pipelines.formats._lines import BREAK, forgiving, refuse_utf_16, text_of
from pipelines.formats.examples import SPLIT_NAMES, Data, Problem

TABLES = ("ratings.csv", "ratings.tsv", "interactions.csv", "interactions.tsv")
ITEMS = ("movies.csv", "items.csv", "items.tsv", "books.csv", "products.csv")
OLD = {"u.data": "\t", "ratings.dat": "::"}  # of MovieLens: names of columns are not in the file
OLD_ITEMS = {"u.data": ("u.item", "|"), "ratings.dat": ("movies.dat", "::")}
COLUMNS = ("user", "item", "rating", "time")
LINES = (".jsonl", ".ndjson")
USER = frozenset(("user", "user_id", "userid"))
KEY = ("item", "item_id", "itemid", "movieid", "movie_id", "bookid", "book_id", "product_id")
GENRES, FIRST_GENRE = "u.genre", 5  # of MovieLens 100k; the column of u.item where its flags begin


def detect(path: Path) -> bool:
    """Whether `path` is one of MovieLens's own files, a folder with one or with a table called
    ratings or interactions next to one of items, or a .jsonl file of objects with a user.
    """
    if path.is_file():
        return path.name in OLD or (path.suffix.lower() in LINES and has_user(path))
    return _has_file(path, OLD) or (_has_file(path, ITEMS) and _has_file(path, TABLES))


def _has_file(folder: Path, names: Iterable[str]) -> bool:
    return any((folder / name).is_file() for name in names)


def read(path: str | Path) -> Data:
    """Each interaction as a row of a table, with what is known of its item in the same row.

    Raises PipelineError if a file cannot be read, or if there is no usable row.
    """
    path = Path(path).resolve()
    problems: list[Problem] = []
    file = path if path.is_file() else _main(path)
    if file.name in OLD:
        found = list(_old(file, problems))
    elif file.suffix.lower() in LINES:
        found = list(_objects(file, problems))
    else:
        found = list(_joined(file, _items(path), problems))
    if not found:
        raise PipelineError(f"{file} has no usable row.")
    return rows.of_rows(str(path), found, problems)


def _main(folder: Path) -> Path:
    for name in (*OLD, *TABLES):
        if (folder / name).is_file():
            return folder / name
    listed = ", ".join((*OLD, *TABLES))
    raise PipelineError(f"{folder} holds none of {listed}. Pass the file itself.")


def has_user(file: Path) -> bool:
    """Whether the first line of a file is an object that names a user."""
    first = BREAK.split(forgiving(file), maxsplit=1)[0]
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and not USER.isdisjoint(map(str.lower, found))


def _old(file: Path, problems: list[Problem]) -> Iterator[rows.Row]:
    """Rows of u.data or ratings.dat: user, item, rating, seconds."""
    about = _old_items(file)
    for number, line in enumerate(_lines(file), 1):
        cells = line.split(OLD[file.name])
        where = f"{file.name}:{number}"
        if len(cells) != len(COLUMNS):
            message = f"this line has {len(cells)} cells, and {len(COLUMNS)} are needed."
            problems.append(Problem("error", "row", where, message, where))
            continue
        own = dict(zip(COLUMNS, cells, strict=True))
        yield where, "train", {**own, **about.get(own["item"], {})}


def _old_items(file: Path) -> dict[str, dict[str, str]]:
    """{item: {"title", "genres"}} of u.item or movies.dat, if it is there."""
    name, mark = OLD_ITEMS[file.name]
    table, genres = file.parent / name, _genres(file.parent)
    found = {}
    for line in _lines(table) if table.is_file() else ():
        cells = line.split(mark)
        if len(cells) < 3:
            raise PipelineError(f"{table} has a line of {len(cells)} cells: {line[:60]!r}.")
        kinds = cells[2]
        if name == "u.item":
            flags = zip(genres, cells[FIRST_GENRE:], strict=False)
            kinds = " ".join(genre for genre, flag in flags if flag == "1")
        found[cells[0]] = {"title": cells[1], "genres": kinds or ""}
    return found


def _genres(folder: Path) -> list[str]:
    file = folder / GENRES
    return [line.split("|")[0] for line in _lines(file)] if file.is_file() else []


def _lines(file: Path) -> list[str]:
    """Lines that say something; MovieLens's old files are Latin-1."""
    refuse_utf_16(file)
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return [line for line in BREAK.split(text) if line.strip()]


def _items(folder: Path) -> Path:
    found = next((folder / name for name in ITEMS if (folder / name).is_file()), None)
    if found is None:
        raise PipelineError(f"{folder} holds none of {', '.join(ITEMS)}. Pass the table itself.")
    return found


def _joined(file: Path, items: Path, problems: list[Problem]) -> Iterator[rows.Row]:
    """Rows of a table, with the columns of the table of items."""
    others = list(rows.delimited_rows(items, problems))
    key = _key(items, others)
    about = {cells[key]: _without(cells, key) for _, _, cells in others}
    for where, split, cells in rows.delimited_rows(file, problems):
        own = next((cells[name] for name in cells if name.lower() in KEY), "")
        empty = dict.fromkeys(next(iter(about.values()), {}), "")
        yield where, split, {**about.get(own, empty), **cells}


def _key(file: Path, found: Sequence[rows.Row]) -> str:
    names = list(found[0][2]) if found else []
    key = next((name for name in names if name.lower() in KEY), "")
    if not key:
        raise PipelineError(
            f"{file} has no column that names the item; it has {', '.join(names) or 'no row'}. Call"
            f" it {KEY[0]}."
        )
    return key


def _without(cells: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: cell for name, cell in cells.items() if name != key}


def _objects(file: Path, problems: list[Problem]) -> Iterator[rows.Row]:
    """Rows of a .jsonl file."""
    names: dict[str, None] = {}
    found = []
    for number, line in enumerate(text_of(file).split("\n"), 1):
        where = f"{file.name}:{number}"
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError):
            cells = None
        if not isinstance(cells, dict):
            message = 'this line is no object such as {"user": 1, "item": 2}.'
            problems.append(Problem("error", "row", where, message, where))
            continue
        names |= dict.fromkeys(cells)
        found.append((where, cells))
    for where, cells in found:
        said = str(cells.get("split", "train")).lower()
        if said not in SPLIT_NAMES:
            raise PipelineError(f"{file}:{where}: unknown split {said!r}.")
        filled = {name: _plain(cells.get(name, "")) for name in names if name != "split"}
        yield where, SPLIT_NAMES[said], filled


def _plain(value: Any) -> Any:
    """A list as words; nothing as ""."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else value
