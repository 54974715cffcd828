"""What a program holds -> Data: columns found, checked, named and encoded, as readers of files
do."""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats import _mask_files as mask_files
from pipelines.formats import _questions as questions
from pipelines.formats._text_files import digest
from pipelines.formats.examples import (
    SPLIT_NAMES,
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
)
from pipelines.formats.memory import frames, holding, labels, pictures

PREFIX = "memory:"  # of the source of such data, in place of a path
FORMAT = "memory"
ALIASES = {  # kind of a feature -> what people call its column, lower case
    "picture": ("image", "img", "picture", "photo", "x", "path", "file", "filename", "file_name"),
    "mask": ("mask", "segmentation_mask", "label", "annotation", "y"),
    "label": ("label", "labels", "class", "category", "target", "y"),
    "labels": ("labels", "label", "classes", "categories"),
    "boxes": ("boxes", "bbox", "bboxes", "box"),
    "text": ("text", "sentence", "content", "x"),
    "tokens": ("tokens", "words", "x"),
    "tags": ("tags", "ner_tags", "ner", "labels", "y"),
}
READ = frozenset(("picture", "text", "tokens"))  # kinds of what an answer is given for
TABLE = frozenset(("label", "number", "key"))  # kinds of what is learned of a table alone
Labels = dict[str, list[str]]


def read(
    value: Any,
    features: Mapping[str, str],
    task: str,
    names: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> Data:
    """Any of `holding.FORMS` -> Data with `features`, all three splits.

    features: {name: kind} of what the task learns from. names: class names by id, for labels that
    are numbers. optional: features that the data may lack. Raises PipelineError if another column
    is missing, or one holds what it must not.
    """
    if set(features.values()) <= TABLE:
        return frames.read(value, PREFIX + holding.kind(value), task)
    if not READ.intersection(features.values()):
        raise PipelineError(
            f"{task} does not yet learn from data in memory. Write it to a file, such as"
            " frame.to_csv('table.csv', index=False), and name that."
        )
    given, unused = holding.by_split(value)
    source = PREFIX + holding.kind(value)
    has_splits = "train" in given and len(given) > 1
    parts = {
        split: _part(part, split, features, task, has_splits, optional)
        for split, part in given.items()
    }
    not_shared = _not_shared(parts, features, source)
    shared = set(features).intersection(*(part.columns for part in parts.values()))
    features = {name: kind for name, kind in features.items() if name in shared}
    found = _divided(parts)
    if not any(part.count for part in found.values()):
        raise PipelineError("the data holds no example.")
    known, tables, problems = _classes(found, features, names, source)
    problems += [*not_shared, *_unused(unused, parts, source)]
    splits = {
        split: found[split].examples(features, known, tables) for split in SPLITS if split in found
    }
    by_content = _by_content(splits, features)
    label = next((name for name, kind in features.items() if kind == "label"), "")
    return Data(source, FORMAT, cut_splits(splits, by_content, label), known, problems)


class _Part:
    """The columns of one split, each as it was given, and what its examples are called."""

    def __init__(self, split: str, columns: Mapping[str, Sequence], where: Sequence[str]):
        self.split, self.columns, self.where = split, dict(columns), list(where)
        self.others: list[str] = []

    @property
    def count(self) -> int:
        return len(self.where)

    def place(self, i: int) -> str:
        return self.where[i]

    def take(self, split: str, rows: Sequence[int]) -> "_Part":
        columns = {name: [values[i] for i in rows] for name, values in self.columns.items()}
        return _Part(split, columns, [self.where[i] for i in rows])

    def examples(
        self, features: Mapping[str, str], known: Labels, tables: Mapping[str, Mapping]
    ) -> Examples:
        """The split, encoded, with ids in place of labels."""
        columns = {}
        for name in features:
            values = self.columns[name]
            has_ids = name in known and name not in tables
            columns[name] = labels.ids(values, known[name]) if has_ids else list(values)
        own = tuple(name for name, kind in features.items() if kind == "picture")
        return Examples(list(self.where), columns, list(self.where), own, dict(tables))


def _part(
    value: Any,
    split: str,
    features: Mapping[str, str],
    task: str,
    has_splits: bool,
    optional: Sequence[str],
) -> _Part:
    """One split, every column checked and as long as the others."""
    columns = holding.columns(value, features)
    named = _named(columns, features, task, optional)
    features = {name: features[name] for name in named}
    if "split" in columns:
        named["split"] = "split"
    lengths = {}
    values: dict[str, Sequence] = {}
    for feature, own in named.items():
        values[feature] = holding.sequence(columns[own], own)
        lengths[own] = len(values[feature])
    holding.alike(lengths, split if has_splits else "the data")
    count = next(iter(lengths.values()))
    stem = split if has_splits else "data"
    where = [f"{stem}[{i}]" for i in range(count)]
    paths = _paths(values, features)
    part = _Part(split, values, paths or where)
    for feature, kind in features.items():
        part.columns[feature] = _checked(values[feature], kind, feature, part.place)
    _check_boxes(part, features)
    part.others = [name for name in columns if name not in named.values()]
    return part


def _check_boxes(part: _Part, features: Mapping[str, str]) -> None:
    """Raises PipelineError if an example has more or fewer boxes than labels of boxes."""
    boxes = next((name for name, kind in features.items() if kind == "boxes"), None)
    labelled = next((name for name, kind in features.items() if kind == "labels"), None)
    if not boxes or not labelled:
        return
    for i, where in enumerate(part.where):
        counts = len(part.columns[boxes][i]), len(part.columns[labelled][i])
        if counts[0] != counts[1]:
            raise PipelineError(
                f"{where} has {counts[0]} boxes and {counts[1]} labels. Give each box a label."
            )


def _named(
    columns: Mapping[str, Any], features: Mapping[str, str], task: str, optional: Sequence[str]
) -> dict[str, str]:
    """{feature: the user's column}. Raises PipelineError if one that is needed has none."""
    lower = {name.lower(): name for name in columns}
    found: dict[str, str] = {}
    for feature, kind in features.items():
        wanted = (feature, feature.rpartition("/")[2], *ALIASES.get(kind, ()))
        free = [lower[name] for name in wanted if name in lower]
        left = [name for name in free if name not in found.values()]
        if not left and feature not in optional:
            raise PipelineError(_missing(feature, columns, features, task))
        if left:
            found[feature] = left[0]
    return found


def _missing(
    feature: str, columns: Mapping[str, Any], features: Mapping[str, str], task: str
) -> str:
    has = ", ".join(columns) or "no column"
    named = ", ".join(f"{name!r}: ..." for name in features)
    order = ", ".join(features)
    return (
        f"{task} learns from {order}, and the data has {has}: {feature} is missing. Name the"
        f" columns by a dict: data={{{named}}}."
    )


def _paths(values: Mapping[str, Sequence], features: Mapping[str, str]) -> list[str]:
    """The paths of pictures, if all are paths and no two are the same: they name the examples."""
    own = [name for name, kind in features.items() if kind == "picture"]
    if not own or not all(isinstance(v, (str, os.PathLike)) for v in values[own[0]]):
        return []
    paths = [os.fspath(value) for value in values[own[0]]]
    return paths if len(set(paths)) == len(paths) else []


def _checked(values: Sequence, kind: str, feature: str, where: Callable[[int], str]) -> Sequence:
    """The values of a column as Examples hold them, but for labels, which are not yet ids."""

    def named(i: int) -> str:
        return f"{feature} of {where(i)}"

    if kind == "picture":
        return pictures.encoded(values, named)
    if kind == "mask":
        return pictures.masks(values, named)
    if kind == "label":
        return labels.single(values, where)
    if kind in ("labels", "tags"):
        return labels.several(values, where)
    if kind not in CHECKED:
        raise PipelineError(
            f"data in memory cannot hold {feature}, a {kind}. Write it to files, and name these."
        )
    return [CHECKED[kind](value, named(i)) for i, value in enumerate(values)]


def _text(value: Any, where: str) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        raise PipelineError(f"{where} must be text; got {value!r}. Leave the example out.")
    return value


def _tokens(value: Any, where: str) -> list[str]:
    is_list = hasattr(value, "__len__") and not isinstance(value, (str, bytes))
    if not is_list or not all(isinstance(word, str) for word in value):
        raise PipelineError(
            f"{where} must be a list of words; got {value!r}. Of a sentence take sentence.split()."
        )
    return list(map(str, value))


def _boxes(value: Any, where: str) -> np.ndarray:
    """float32 (n, 4), ymin xmin ymax xmax in [0, 1]."""
    try:
        boxes = np.asarray(value, np.float32)
    except (ValueError, TypeError) as error:
        raise PipelineError(f"{where} must be boxes (n, 4); got {value!r}.") from error
    boxes = boxes.reshape(-1, 4) if not boxes.size else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise PipelineError(f"{where} must be boxes (n, 4); got the shape {boxes.shape}.")
    if not np.isfinite(boxes).all():
        raise PipelineError(f"{where} holds NaN or infinity. Correct the box.")
    if boxes.size and boxes.max() > 1.5:
        raise PipelineError(
            f"{where} must be ymin, xmin, ymax, xmax as shares of the picture, 0 to 1; got"
            f" {boxes.max():g}. Of pixels take boxes / [height, width, height, width]."
        )
    return boxes


def _answers(value: Any, where: str) -> list[list]:
    """[[text, place]] of answers in any usual form."""
    try:
        return questions.answers(value)
    except (ValueError, TypeError) as error:
        raise PipelineError(f"{where}: {error}.") from error


CHECKED: Mapping[str, Callable[[Any, str], Any]] = {
    "answers": _answers,
    "text": _text,
    "tokens": _tokens,
    "boxes": _boxes,
}


def _divided(parts: Mapping[str, _Part]) -> dict[str, _Part]:
    """The same, with a column `split` taken at its word.

    Raises PipelineError if a split is then given twice.
    """
    found: dict[str, _Part] = {}
    for split, part in parts.items():
        made = _by_column(split, part)
        twice = [own for own in made if own in found]
        if twice:
            raise PipelineError(
                f"the data gives {twice[0]} twice: under that name, and by the column split of"
                " others. Leave the column out, or give one table with it."
            )
        found |= made
    return _apart(found)


def _by_column(split: str, part: _Part) -> dict[str, _Part]:
    """{split: its rows} by a part's own column `split`, or all of it without one."""
    said = part.columns.pop("split", None)
    if said is None:
        return {split: part}
    rows: dict[str, list[int]] = {}
    for i, value in enumerate(said):
        own = SPLIT_NAMES.get(str(value).lower())
        if own is None:
            raise PipelineError(
                f"split of {part.place(i)} must be train, validation or test; got {value!r}."
            )
        rows.setdefault(own, []).append(i)
    return {own: part.take(own, taken) for own, taken in rows.items()}


def _apart(parts: dict[str, _Part]) -> dict[str, _Part]:
    """The same with names that no two examples share."""
    taken = Counter(itertools.chain(*(part.where for part in parts.values())))
    if taken and max(taken.values()) > 1:
        for split, part in parts.items():
            part.where = [f"{split}[{i}]" for i in range(part.count)]
    return parts


def _classes(
    parts: Mapping[str, _Part], features: Mapping[str, str], names: Sequence[str], source: str
) -> tuple[Labels, dict[str, Mapping], list[Problem]]:
    """(class names by feature, {mask: table}, problems) of all splits together."""
    known: Labels = {}
    tables: dict[str, Mapping] = {}
    problems: list[Problem] = []
    for feature, kind in features.items():
        every = [part.columns[feature] for part in parts.values()]
        values = list(itertools.chain(*every))
        if kind == "label":
            known[feature] = labels.classes(values, names, feature)
        elif kind in ("labels", "tags"):
            flat = list(itertools.chain(*values))
            known[feature] = labels.classes(flat, names, feature)
        elif kind == "mask":
            known[feature], tables[feature], found = mask_files.classes(values, source, names)
            problems += found
    return known, tables, problems


def _unused(splits: Sequence[str], parts: Mapping[str, _Part], source: str) -> Iterator[Problem]:
    """Notes on what was given and is not used."""
    if splits:
        message = f"splits not used: {', '.join(splits)}."
        yield Problem("note", "unused-split", source, message)
    others = dict.fromkeys(itertools.chain(*(part.others for part in parts.values())))
    if others:
        message = f"columns not used: {', '.join(others)}."
        yield Problem("note", "unused-feature", source, message)


def _not_shared(parts: Mapping[str, _Part], features: Iterable[str], source: str) -> list[Problem]:
    """Warnings of optional features that only some of the splits have."""
    found = []
    for name in features:
        without = [split for split, part in parts.items() if name not in part.columns]
        if 0 < len(without) < len(parts):
            message = (
                f"{name} is not used, as it is not given for {', '.join(without)}. Give it for each"
                " split."
            )
            found.append(Problem("warning", "unused-feature", source, message))
    return found


def _by_content(
    splits: Mapping[str, Examples], features: Mapping[str, str]
) -> Callable[[str], str]:
    """What splits are cut by: a text by what it says, so that it is never in two; else the name."""
    own = [name for name, kind in features.items() if kind in ("text", "tokens")]
    if not own:
        return str
    said = {}
    for examples in splits.values():
        for name, value in zip(examples.names, examples.columns[own[0]], strict=True):
            words = [value] if isinstance(value, str) else value
            said[name] = digest(*words)
    return said.__getitem__
