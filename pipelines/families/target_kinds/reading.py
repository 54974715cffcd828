"""The columns of data -> what is learned: ids of classes, lists of ids, or numbers."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from etils import epy

from pipelines.errors import PipelineError, nearest
from pipelines.families.target_kinds import naming
from pipelines.families.target_kinds.target import CLASS, LABELS, NUMBERS
from pipelines.formats.examples import APART, COLUMN, UNLABELLED, Data, Examples, Problem, ids_of

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import numbers
    from pipelines.edge import tables as edge

BETWEEN = "|"  # labels in one cell
MANY = 100  # whole numbers; more, of which most come once, are no classes
MOSTLY = 0.9  # of labels that are numbers: the others are errors
FOLDERS = ("image_folder", "text_folder")  # formats in which a folder is a class
OBJECTS = "objects/label"  # of a picture, as formats of boxes have them
WORDS = {CLASS: "one class", LABELS: "several labels", NUMBERS: "numbers"}
Cells = Mapping[str, Sequence[Any]]  # {what is learned: cell of each example}


def adapted(data: Data, config: Any, possible: Sequence[str]) -> Data:
    """`data` with `label`, class ids or lists of them, or `value`, (K,) as `edge.numbers` has it.

    config: may have `target`, `answer` and `angles`. possible: the kinds that the method can learn.
    Adapting twice changes nothing. Raises PipelineError for what it cannot, or if there is no such
    column.
    """
    data = _of_objects(data, config)
    if any(_is_adapted(part) for part in data.splits.values()):
        return _answered(data)
    wanted = getattr(config, "target", ())
    if not wanted and "label" not in data.labels:
        _refuse_columns(data)
        return data  # the engine says what is missing
    cells = {split: _cells(data, part, wanted) for split, part in data.splits.items()}
    kind = _kind(data, cells, config)
    if kind == CLASS and not wanted:
        _refuse_none(data)
    if kind not in possible:
        message = (
            f"{data.source} has {WORDS[kind]} for each example, and this method learns"
            f" {' or '.join(WORDS[own] for own in possible)}."
        )
        _refuse_none(data)
        if hasattr(config, "answer"):
            raise PipelineError(f"{message} Choose another method, or answer={possible[0]}.")
        return _as_classes(data, f"{message} Each different label is taken as a class.")
    if kind == CLASS and not wanted:
        return data
    made = {CLASS: classes, LABELS: several, NUMBERS: values}[kind](data, cells, config)
    kept = [p for p in made.problems if p.kind != "unused-column" or not wanted]
    return dataclasses.replace(made, problems=kept)


def _refuse_none(data: Data) -> None:
    """Raises PipelineError if examples have none of several labels, for what learns one class."""
    if "" in data.labels["label"]:
        raise PipelineError(
            f"{data.source} has examples of several labels and of none, and one class is to be"
            " learned of each. Choose a method of several labels, or delete those without one."
        )


def _as_classes(data: Data, message: str) -> Data:
    """`data` as it is, with a warning."""
    problem = Problem("warning", "taken-as-class", data.source, message)
    return dataclasses.replace(data, problems=list(dict.fromkeys([*data.problems, problem])))


def is_of_classes(data: Data, settings: Mapping[str, Any]) -> bool:
    """Whether data that has been read, with what the user set, is of one class an example."""
    if settings.get("target") or settings.get("answer", "auto") != "auto":
        return settings.get("answer") == CLASS
    if "label" not in data.labels:
        return True
    cells = {split: _cells(data, part, ()) for split, part in data.splits.items()}
    return _looks(data, cells, False) == CLASS


def are_several(cells: Mapping[str, Cells], config: Any) -> bool:
    """Whether what is learned of rows is labels: as the run learned it, or as cells look."""
    if config.learned:
        return config.learned.get("answer") == [LABELS]
    columns = [_joined(cells, name) for name in next(iter(cells.values()))]
    return len(columns) > 1 or any(BETWEEN in str(cell) for cell in columns[0])


def is_several(examples: Examples) -> bool:
    """Whether examples have lists of labels."""
    return any(isinstance(label, list) for label in examples.columns.get("label", ()))


def _is_adapted(examples: Examples) -> bool:
    return "value" in examples.columns or is_several(examples)


def _of_objects(data: Data, config: Any) -> Data:
    """Labels of the objects in a picture as labels of the picture, if labels are asked for."""
    if getattr(config, "answer", "") != LABELS or OBJECTS not in data.labels:
        return data
    names = data.labels[OBJECTS]
    splits = {}
    for split, part in data.splits.items():
        rows = [sorted(set(map(int, ids))) for ids in part.columns[OBJECTS]]
        columns = {name: part.columns[name] for name in part.pictures}
        splits[split] = dataclasses.replace(part, columns={**columns, "label": rows}, masks={})
    return dataclasses.replace(data, splits=splits, labels={"label": names})


def _cells(data: Data, part: Examples, wanted: Sequence[str]) -> dict[str, list]:
    """{column: its cells} of what is learned."""
    if not wanted:
        names = data.labels["label"]
        return {"value": [_named(label, names) for label in part.columns["label"]]}
    known = [name.removeprefix(COLUMN) for name in part.columns if name.startswith(COLUMN)]
    missing = [name for name in wanted if name not in known]
    if missing:
        has = nearest(missing[0], known) if known else "It has no column but the label."
        apart = [f"{p.where}: {p.message}" for p in data.problems if p.kind == APART]
        raise PipelineError(
            f"{data.source} has no column {missing[0]!r} to be learned. {has}", apart
        )
    return {name: part.columns[COLUMN + name] for name in wanted}


def _refuse_columns(data: Data) -> None:
    """Raises PipelineError if columns are there that might be learned, and none is called so."""
    known = {name for part in data.splits.values() for name in part.columns}
    names = sorted(name.removeprefix(COLUMN) for name in known if name.startswith(COLUMN))
    if names:
        raise PipelineError(
            f"{data.source} has no column that is called label; it has {', '.join(names)}. Name what"
            f" is learned: target={names[0]}."
        )


def _named(label: Any, names: Sequence[str]) -> Any:
    """A class id as its name, a list of ids as it is written in a cell."""
    if isinstance(label, list):
        return BETWEEN.join(names[i] for i in label)
    return names[label] if 0 <= label < len(names) else ""


def _kind(data: Data, cells: Mapping[str, Cells], config: Any) -> str:
    """CLASS, LABELS or NUMBERS, as the run has learned it, the user says it, or cells look."""
    if config.learned.get("answer"):
        return config.learned["answer"][0]
    asked = getattr(config, "answer", "auto")
    if asked != "auto" or config.learned:
        return CLASS if asked == "auto" else asked
    return _looks(data, cells, bool(getattr(config, "target", ())))


def _looks(data: Data, cells: Mapping[str, Cells], is_column: bool) -> str:
    """The kind that cells look like. is_column: whether the user named their columns."""
    if data.format in FOLDERS and not is_column:
        return CLASS
    columns = [_joined(cells, name) for name in next(iter(cells.values()))]
    if len(columns) > 1:
        return LABELS if all(map(are_flags, columns)) else NUMBERS
    if any(BETWEEN in str(cell) for cell in columns[0]):
        return LABELS
    return NUMBERS if are_numbers(columns[0], is_column) else CLASS


def _joined(cells: Mapping[str, Cells], name: str) -> list:
    return [cell for part in cells.values() for cell in part[name]]


def are_flags(cells: Sequence[Any]) -> bool:
    """Whether each cell says yes or no, by 1 and 0 or by true and false."""
    return all(_flag(cell) is not None for cell in cells)


def _flag(cell: Any) -> bool | None:
    """Yes or no, or None if a cell says neither."""
    return {"1": True, "True": True, "0": False, "False": False}.get(edge.text(cell))


def are_numbers(cells: Sequence[Any], is_column: bool) -> bool:
    """Whether cells are quantities: nearly all are numbers, and some of them have a point.

    Or more than MANY are different and most of them come once. is_column: whether the user named
    the column, so that an empty cell is an error of its own.
    """
    there = [cell for cell in cells if not (is_column and edge.is_absent(cell))]
    every = map(edge.number, there)
    found = [value for value in every if not math.isnan(value)]
    if not found or len(found) < MOSTLY * len(there):
        return False
    if any(value != int(value) for value in found):
        return True
    different = len(set(found))
    return different > MANY and different > len(found) / 2


def classes(data: Data, cells: Mapping[str, Cells], config: Any) -> Data:
    """One class an example, out of a column that the user named."""
    (name,) = next(iter(cells.values()))
    called = naming.classes(_joined(cells, name))
    labels = sorted({called(cell) for cell in _joined(cells, name)} - {""})
    ids = ids_of(labels)
    rows = {
        split: [ids.get(called(cell), 0) for cell in part[name]] for split, part in cells.items()
    }
    problems = list(dict.fromkeys([*data.problems, *_empty(data, cells, called)]))
    return _with(data, "label", rows, {"label": labels}, problems)


def several(data: Data, cells: Mapping[str, Cells], config: Any) -> Data:
    """Lists of labels, out of one column of cells such as a|b, or of a column for each label.

    A column of labels by itself may hold single ones, and an empty cell is none.
    """
    names = list(next(iter(cells.values())))
    if len(names) > 1 or (config.target and are_flags(_joined(cells, names[0]))):
        _refuse_others(data, cells)
        found = {split: _flags(part) for split, part in cells.items()}
        return _with(data, "label", found, {"label": names}, data.problems)
    parted = {split: list(map(parts, part[names[0]])) for split, part in cells.items()}
    labels = sorted(set().union(*itertools.chain.from_iterable(parted.values())))
    ids = ids_of(labels)
    found = {split: [list(map(ids.get, row)) for row in rows] for split, rows in parted.items()}
    problems = list(dict.fromkeys([*data.problems, *_unlabelled(data)]))
    return _with(data, "label", found, {"label": labels}, problems)


def _flags(columns: Cells) -> list[list[int]]:
    """Columns of yes and no -> for each row the places of those that say yes."""
    rows = zip(*columns.values(), strict=True)
    return list(map(_flagged, rows))


def _answered(data: Data) -> Data:
    """Data whose labels are lists, with an error for each example that has none."""
    problems = list(_unlabelled(data))
    if not problems or not any(map(is_several, data.splits.values())):
        return data
    rows = {
        split: [label if isinstance(label, list) else [] for label in part.columns["label"]]
        for split, part in data.splits.items()
    }
    return _with(data, "label", rows, data.labels, [*data.problems, *problems])


def _unlabelled(data: Data) -> Iterator[Problem]:
    """An error for each example without an answer, which is not the same as one without labels."""
    for part in data.splits.values():
        for i, label in enumerate(part.columns.get("label", ())):
            if not isinstance(label, list) and label == UNLABELLED:
                message = (
                    "this example has no label. Label it, by an empty list if no label holds, or"
                    " leave it out."
                )
                yield Problem("error", "no-target", part.where[i], message, part.names[i])


def parts(cell: Any) -> list[str]:
    """The labels in a cell, each once, in their order: "b|a" -> ["a", "b"]."""
    found = {part.strip() for part in edge.text(cell).split(BETWEEN)}
    return sorted(found - {""})


def _flagged(row: Sequence[Any]) -> list[int]:
    return [i for i, cell in enumerate(row) if _flag(cell)]


def _refuse_others(data: Data, cells: Mapping[str, Cells]) -> None:
    """Raises PipelineError for a cell that says neither yes nor no."""
    for split, part in cells.items():
        for name, column in part.items():
            bad = [i for i, cell in enumerate(column) if _flag(cell) is None]
            if bad:
                raise PipelineError(
                    f"{data.splits[split].where[bad[0]]}: column {name!r} must hold 1 or 0, as a"
                    f" column for each label does; got {str(column[bad[0]])!r}. For numbers, say"
                    " answer=numbers."
                )


def values(data: Data, cells: Mapping[str, Cells], config: Any) -> Data:
    """`value`, the numbers of each example; an error for each that is none."""
    names = list(next(iter(cells.values())))
    strange = [name for name in config.angles if name not in names]
    if strange:
        raise PipelineError(
            f"angles names {strange[0]!r}, which is not learned. {nearest(strange[0], names)}"
        )
    problems, rows = list(data.problems), {}
    for split, part in cells.items():
        problems += no_numbers(data.splits[split], part)
        columns = [[_number(cell) for cell in part[name]] for name in names]
        given = list(zip(*columns, strict=True))
        rolled = numbers.rolled(given, names, config.angles) if given else []
        rows[split] = [tuple(map(float, row)) for row in rolled]
    return _with(data, "value", rows, {}, problems)


def _number(cell: Any) -> float:
    """Finite; 0 for one that is an error anyway."""
    value = edge.number(cell)
    return 0.0 if math.isnan(value) else value


def no_numbers(part: Examples, cells: Cells) -> Iterator[Problem]:
    """An error for each cell that should be a number and is none."""
    for name, column in cells.items():
        for i, cell in enumerate(column):
            if math.isnan(edge.number(cell)):
                message = (
                    f"{name!r}, which is learned, is no number: {str(cell)!r}. Correct it or delete"
                    " the row."
                )
                yield Problem("error", "no-target", part.where[i], message, part.names[i])


def _empty(
    data: Data, cells: Mapping[str, Cells], called: Callable[[Any], str]
) -> Iterator[Problem]:
    """An error for each example without a value of the target."""
    for split, part in cells.items():
        examples = data.splits[split]
        for name, column in part.items():
            for i, cell in enumerate(column):
                if not called(cell):
                    message = (
                        f"column {name!r}, which is learned, is empty. Fill it or delete the row."
                    )
                    where, own = examples.where[i], examples.names[i]
                    yield Problem("error", "no-target", where, message, own)


def _with(
    data: Data,
    column: str,
    rows: Mapping[str, list],
    labels: Mapping[str, list[str]],
    problems: Sequence[Problem],
) -> Data:
    """`data` that learns `column` alone."""
    splits = {}
    for split, part in data.splits.items():
        others = {name: own for name, own in part.columns.items() if name != "label"}
        splits[split] = dataclasses.replace(part, columns={**others, column: rows[split]})
    return dataclasses.replace(data, splits=splits, labels=dict(labels), problems=list(problems))
