"""Who did what with which item: columns of a table of interactions, found or named."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError, nearest
from pipelines.formats.examples import COLUMN, Data, Examples, Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.edge import tables as edge
    from pipelines.formats import rows

NAMES = {  # what people call the columns, lower case
    "user": ("user", "user_id", "userid", "uid", "customer", "customer_id", "reviewer_id"),
    "item": ("item", "item_id", "itemid", "movie", "movie_id", "movieid", "product", "product_id",
             "book", "book_id", "song", "song_id", "isbn", "asin"),
    "rating": ("rating", "user_rating", "score", "stars", "value"),
    "time": ("time", "timestamp", "date", "unixreviewtime"),
    "title": ("title", "movie_title", "item_title", "name", "item_name", "product_title"),
    "text": ("text", "genres", "genre", "movie_genres", "category", "categories", "description",
             "tags", "brand", "author", "authors"),
}  # fmt: skip
TABLE = "items"  # name of the table of what is known of items
NAME = {"item": "title", "": "text"}


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of all that learns from interactions: columns, and how they are divided."""

    user: str = setting("", "column of users; empty takes user, user_id or the like")
    item: str = setting("", "column of items; empty takes item, item_id, movie_id or the like")
    rating: str = setting("", "column of ratings; empty takes rating or score, if there is one")
    time: str = setting("", "column of times; empty takes time or timestamp, if there is one")
    items: str = setting(
        "",
        "file of a table of items, with a column of the same name as that of items: titles, texts",
    )
    split: str = setting(
        "random",
        "how validation and test are cut: a tenth each of the interactions of each user, at random;"
        " the last two of each user; the last in time of all; a tenth each of the users; or of the"
        " items",
        choices=("random", "last", "time", "users", "items"),
    )


@dataclass(frozen=True)
class Interactions:
    """Columns of equal length, one entry for each interaction.

    values: ratings, float64 (N,), 1 if there are none. times: float64 (N,), or None. splits: what
    the data says of each, "" if it says nothing. titles, texts: {item: text}.
    """

    source: str
    users: list[str]
    items: list[str]
    values: Any
    times: Any
    splits: list[str]
    where: list[str]
    titles: dict[str, str]
    texts: dict[str, str]
    has_ratings: bool
    problems: list[Problem]

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: Sequence[int]) -> "Interactions":
        """The interactions at `rows`, in that order."""
        changed = {}
        for name in ("users", "items", "splits", "where"):
            values = getattr(self, name)
            changed[name] = [values[i] for i in rows]
        times = None if self.times is None else self.times[rows]
        return dataclasses.replace(self, values=self.values[rows], times=times, **changed)


def found(data: Data, config: Config) -> Interactions:
    """The interactions of data of any format that has them.

    Raises PipelineError if a column is missing, or could be two. A rating or a time that is no
    number is a Problem, and its row is not among them.
    """
    table = _columns(data)
    named = {what: _named(what, table, config, data.source) for what in NAMES if what != "text"}
    problems = list(data.problems)
    count = len(table[named["item"]])
    splits, where = _places(data, named)
    users = list(map(edge.text, table[named["user"]]))
    items = list(map(edge.text, table[named["item"]]))
    values, bad_values = _numbers(table, named["rating"], 1.0)
    times, bad_times = _times(table, named["time"])
    bad = {i: f"column {named['rating']!r} is no number" for i in bad_values}
    bad |= {i: f"column {named['time']!r} is no time" for i in bad_times}
    bad |= {i: "it has no user" for i in range(count) if not users[i]}
    bad |= {i: "it has no item" for i in range(count) if not items[i]}
    for i, reason in sorted(bad.items()):
        problems.append(_unusable(where[i], reason, config))
    titles, texts = _about(table, named, items, config, problems)
    whole = Interactions(
        data.source, users, items, values, times, splits, where, titles, texts,
        bool(named["rating"]), problems,
    )  # fmt: skip
    return whole.take([i for i in range(count) if i not in bad]) if bad else whole


def _unusable(where: str, reason: str, config: Config) -> Problem:
    is_left_out = getattr(config, "on_bad_data", "") == "skip"
    severity = "warning" if is_left_out else "error"
    action = "The row is left out." if is_left_out else "Correct it or delete the row."
    return Problem(severity, "interaction", where, f"{reason}. {action}")


def _columns(data: Data) -> dict[str, list]:
    """{column: a cell for each interaction} of all splits together."""
    table: dict[str, list] = {}
    for examples in data.splits.values():
        lengths = [len(value) for value in _sequences(examples)]
        columns = _bare(examples, data.labels)
        if lengths:  # one example is all that a user did
            columns = {name: _spread(values, lengths) for name, values in columns.items()}
            if not any(name.lower() in NAMES["user"] for name in columns):
                columns["user"] = _spread(examples.names, lengths)
        for name, cells in columns.items():
            table.setdefault(name, []).extend(cells)
    count = max(map(len, table.values()), default=0)
    return {name: cells for name, cells in table.items() if len(cells) == count}


def _bare(examples: Examples, labels: Mapping[str, Sequence[str]]) -> dict[str, Sequence]:
    """{name without prefix and path: values}; ids of classes become their names."""
    found = {}
    for name, values in examples.columns.items():
        known = labels.get(name)
        bare = name.removeprefix(COLUMN).rpartition("/")[2]
        found[bare] = [_class(value, known) for value in values] if known else values
    return found


def _class(value: Any, known: Sequence[str]) -> Any:
    """An id, or several of them, as names of classes."""
    if np.ndim(value):
        return [_class(own, known) for own in value]
    is_id = isinstance(value, (int, np.integer)) and 0 <= value < len(known)
    return known[value] if is_id else value


def _spread(values: Sequence, lengths: Sequence[int]) -> list:
    """A cell for each item of each example: lists as long as the items' one by one, others
    again."""
    found: list = []
    for value, length in zip(values, lengths, strict=True):
        is_each = _is_list(value) and len(value) == length
        found.extend(value if is_each else [value] * length)
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple, np.ndarray))


def _sequences(examples: Examples) -> Sequence:
    """The column of a user's items, if an example is a user; else nothing."""
    for name, values in examples.columns.items():
        is_item = name.rpartition("/")[2].lower() in NAMES["item"]
        if is_item and values and all(map(_is_list, values)):
            return values
    return ()


def _places(data: Data, named: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """(split, file:line) of each interaction; the split is "" if the data gives none at all."""
    splits: list[str] = []
    where: list[str] = []
    is_given = any(
        split != "train" and not part.is_cut for split, part in data.splits.items() if len(part)
    )
    for split, examples in data.splits.items():
        lengths = [len(value) for value in _sequences(examples)] or [1] * len(examples)
        for place, length in zip(examples.where, lengths, strict=True):
            where += [place] * length
            splits += [_split(split, is_given, examples.is_cut)] * length
    return splits, where


def _split(name: str, is_given: bool, is_cut: bool) -> str:
    """What the data says: a part that a reader cut out of train is of train."""
    if not is_given:
        return ""
    return "train" if is_cut else name


def _named(what: str, table: Mapping[str, list], config: Config, source: str) -> str:
    """The column that is meant, "" if there is none and none is needed."""
    wanted = getattr(config, what, "")
    if wanted:
        if wanted not in table:
            raise PipelineError(
                f"{source} has no column {wanted!r} for the {what}. {nearest(wanted, table)}"
            )
        return wanted
    lower: dict[str, str] = {name.lower(): name for name in table}
    fitting = [lower[name] for name in NAMES[what] if name in lower]
    if len(fitting) > 1 and what in ("user", "item"):
        raise PipelineError(
            f"{source} has {len(fitting)} columns that could be the {what}: {', '.join(fitting)}."
            f" Say which: --set {what}={fitting[0]}"
        )
    if not fitting and what in ("user", "item"):
        raise PipelineError(
            f"{source} has no column for the {what}; it has {', '.join(table) or 'none'}. Name it:"
            f" --set {what}=COLUMN"
        )
    return next(iter(fitting), "")


def _numbers(table: Mapping[str, list], name: str, otherwise: float) -> tuple[Any, list[int]]:
    """(float64 (N,), places of cells that are no finite number)."""
    if not name:
        return np.full(max(map(len, table.values()), default=0), otherwise), []
    values = np.array([edge.number(cell) for cell in table[name]], np.float64)
    bad = np.flatnonzero(np.isnan(values)).tolist()
    return np.where(np.isnan(values), otherwise, values), bad


def _times(table: Mapping[str, list], name: str) -> tuple[Any, list[int]]:
    """Seconds or what else orders interactions; dates as YYYY-MM-DD are understood, too."""
    if not name:
        return None, []
    values, bad = _numbers(table, name, 0.0)
    if bad:
        dates = _dates([str(table[name][i]).strip() for i in bad])
        values[bad] = np.where(np.isnan(dates), 0.0, dates)
        bad = [i for i, date in zip(bad, dates, strict=True) if np.isnan(date)]
    return values, bad


def _dates(texts: Sequence[str]) -> Any:
    """Seconds since 1970 of dates in ISO's form, NaN for what is none."""
    found = []
    for text in texts:
        try:
            found.append(np.datetime64(text.removesuffix("Z"), "s").astype(np.int64))
        except ValueError:
            found.append(np.nan)
    return np.array(
        [np.nan if value == np.iinfo(np.int64).min else value for value in found], float
    )


def _about(
    table: Mapping[str, list],
    named: Mapping[str, str],
    items: Sequence[str],
    config: Config,
    problems: list[Problem],
) -> tuple[dict[str, str], dict[str, str]]:
    """({item: title}, {item: text}) out of the interactions and of the table of items."""
    own = [name for name in table if name.lower() in NAMES["text"]]
    titles = dict(zip(items, table[named["title"]], strict=True)) if named["title"] else {}
    texts = dict(zip(items, _joined([table[name] for name in own]), strict=True)) if own else {}
    if config.items:
        more_titles, more_texts = _of_file(config, named["item"], set(items), problems)
        titles, texts = titles | more_titles, texts | more_texts
    plain = {item: _line(title) for item, title in titles.items() if _line(title)}
    return plain, {item: _line(text) for item, text in texts.items() if _line(text)}


def _joined(columns: Sequence[Sequence]) -> Iterator[str]:
    for cells in zip(*columns, strict=True):
        yield " ".join(_words(cell) for cell in cells)


def _words(cell: Any) -> str:
    """A cell, or a list in it, as words."""
    return " ".join(map(str, cell)) if _is_list(cell) else str(cell)


def _line(text: Any) -> str:
    return " ".join(str(text).split())


def _of_file(
    config: Config, key: str, known: set[str], problems: list[Problem]
) -> tuple[dict[str, str], dict[str, str]]:
    """Titles and texts by item out of a table of its own."""
    data = rows.read(config.items)
    table = _columns(data)
    keys = [name for name in table if name == key or name.lower() in NAMES["item"]]
    if not keys:
        raise PipelineError(
            f"{config.items} has no column {key!r} to be joined by; it has {', '.join(table)}. Give"
            " it the name that it has among the interactions."
        )
    ids = list(map(edge.text, table[keys[0]]))
    unknown = [item for item in ids if item not in known]
    if unknown:
        message = f"{len(unknown):,} of its items occur in no interaction, such as {unknown[0]!r}."
        problems.append(Problem("note", "unknown-item", config.items, message))
    title = next((name for name in table if name.lower() in NAMES["title"]), "")
    others = [cells for name, cells in table.items() if name not in (keys[0], title)]
    titles = dict(zip(ids, table[title], strict=True)) if title else {}
    return titles, dict(zip(ids, _joined(others), strict=True)) if others else {}
