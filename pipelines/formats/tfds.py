"""A TensorFlow Datasets data set: tfds:NAME, tfds:NAME/CONFIG or tfds:NAME:VERSION."""

import contextlib
import dataclasses
import functools
import io
import itertools
import logging
import operator
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines import progress
from pipelines.errors import PipelineError, nearest
from pipelines.formats import _mask_files
from pipelines.formats import _tfds_features as tfds_features
from pipelines.formats._tfds_features import Column
from pipelines.formats.examples import SPLIT_NAMES, SPLITS, Data, Examples, Problem, cut_splits

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

PREFIX = "tfds:"
MAX_BYTES = 8e9  # the encoded pictures of all splits are kept in memory
LONGEST = 300  # characters of a reason
# Features that tell an example better than its place.
NAME_FEATURES = ("id", "name", "file_name", "filename", "image/filename")


def detect(path: Path) -> bool:
    """Never: a TFDS data set is named by its prefix, not found by its files."""
    return False


def read(name: str, builder: "DatasetBuilder | None" = None, download: bool = True) -> Data:
    """A TFDS data set in columns: "mnist", "voc/2007", "mnist:3.0.1", with or without the prefix ->
    Data.

    Pictures stay encoded. Features in a sequence become columns of arrays: `objects/bbox`,
    `objects/label`. `builder` is used instead of the one that TFDS has under `name`. The data lies
    in TFDS's folder, see TFDS_DATA_DIR. Raises PipelineError if the name is unknown, the data
    cannot be had, or it is too large for memory.
    """
    name = name.removeprefix(PREFIX)
    with _quiet():
        if builder:
            return _read(name, builder, download)
        return _read(f"{PREFIX}{name}", _builder(name), download)


def _read(where: str, builder: "DatasetBuilder", download: bool) -> Data:
    _prepare(builder, where, download)
    kept, others = _kept_splits(list(builder.info.splits))
    if "train" not in kept:
        listed = ", ".join([*others, *kept.values()])
        raise PipelineError(f"{where} has no training split; it has {listed}.")
    columns, skipped = tfds_features.columns(builder.info.features)
    problems = _unused(others, skipped, where)
    ours = filter(kept.__contains__, SPLITS)
    splits = _named({split: _read_split(builder, kept[split], columns) for split in ours})
    labels = {name: column.names for name, column in columns.items() if column.names is not None}
    for column in sorted(tfds_features.masks(columns) - labels.keys()):
        sources = itertools.chain(*(examples.columns[column] for examples in splits.values()))
        labels[column], table, found = _mask_files.classes(list(sources), where)
        splits = _with_table(splits, column, table)
        problems += found
    return Data(where, "tfds", cut_splits(splits, classes="label"), labels, problems)


def _kept_splits(names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """({our split: TFDS's split}, those that are not used).

    Two splits for two domains, trainA and trainB, are one: the label tells the domains apart.
    """
    kept, others = {}, []
    for name in names:
        split, of_two = SPLIT_NAMES.get(name.lower()), _of_two(name, names)
        if of_two:
            kept[of_two] = f"{name[:-1]}A+{name[:-1]}B"
        elif split and split not in kept:
            kept[split] = name
        else:
            others.append(name)
    return kept, others


def _unused(splits: Sequence[str], features: Mapping[str, str], where: str) -> list[Problem]:
    """Notes on splits, and on features with their kind, that are not used."""
    problems = []
    if splits:
        message = f"splits not used: {', '.join(splits)}."
        problems.append(Problem("note", "unused-split", where, message))
    for feature, kind in features.items():
        message = f"{feature} is not used: no column holds a {kind}."
        problems.append(Problem("note", "unused-feature", where, message))
    return problems


def _of_two(name: str, names: Sequence[str]) -> str | None:
    """The split that `name` is one of the two domains of, such as train for trainA."""
    base = name[:-1]
    has_both = name[-1:] in ("A", "B") and {f"{base}A", f"{base}B"} <= set(names)
    return SPLIT_NAMES.get(base.lower()) if has_both else None


def _builder(name: str) -> "DatasetBuilder":
    import tensorflow_datasets as tfds

    try:
        return tfds.builder(name)
    except tfds.core.DatasetNotFoundError as error:
        known = tfds.list_builders()
        advice = nearest(name.split("/")[0].split(":")[0], known)
        if advice.startswith("Known"):  # hundreds of names
            advice = "The names are listed at tensorflow.org/datasets/catalog."
        raise PipelineError(f"TFDS has no data set {name!r}. {advice}") from error
    except Exception as error:
        # ValueError, AssertionError, RuntimeError... for a wrong config or version.
        raise PipelineError(f"{PREFIX}{name} cannot be loaded: {_one_line(error)}") from error


def _prepare(builder: "DatasetBuilder", where: str, download: bool) -> None:
    """Downloads or generates the data if it is not on this machine yet."""
    import tensorflow_datasets as tfds

    _check_size(builder, where)
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    if download:
        _download(builder, where)
    elif not builder.data_path.exists():
        raise PipelineError(f"{where} is not in {builder.data_path}. Allow the download.")
    if not builder.info.splits:  # the other process came after this builder was made
        builder.info.read_from_directory(builder.data_path)
    _check_size(builder, where)


def _download(builder: "DatasetBuilder", where: str) -> None:
    try:
        with progress.paused():
            builder.download_and_prepare()
    except Exception as error:  # whatever a host, a disk or the data set's own code raises
        if not builder.data_path.exists():
            raise PipelineError(f"{where} could not be prepared: {_one_line(error)}") from error
        # Another process was faster, and its data is as good.


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps TFDS off standard output, which is for the command's answer.

    Quiets its warnings about itself, too.
    """
    loggers = list(map(logging.getLogger, ("absl", "tensorflow")))
    levels = [logger.level for logger in loggers]
    shown = sys.stderr if sys.stderr.isatty() else io.StringIO()
    try:
        _set_levels(loggers, [logging.ERROR] * len(loggers))
        with contextlib.redirect_stdout(shown):
            yield
    finally:
        _set_levels(loggers, levels)


def _set_levels(loggers: Sequence[logging.Logger], levels: Sequence[int]) -> None:
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def _check_size(builder: "DatasetBuilder", where: str) -> None:
    size = sum(split.num_bytes for split in builder.info.splits.values())
    if size > MAX_BYTES:
        raise PipelineError(
            f"{where} has {size / 1e9:.0f} GB of encoded data; at most {MAX_BYTES / 1e9:.0f} GB are"
            " read into memory. Write a part of it to class folders and pass those."
        )


def _read_split(builder: "DatasetBuilder", split: str, columns: Mapping[str, Column]) -> Examples:
    """One split of TFDS as Examples, named by TFDS's ids."""
    import tensorflow_datasets as tfds

    pictures, masks = tfds_features.pictures(columns), tfds_features.masks(columns)
    undecoded = dict.fromkeys(pictures, tfds.decode.SkipDecoding())
    data = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(tfds_features.wanted(columns), undecoded),
        read_config=tfds.ReadConfig(add_tfds_id=True),
    )
    names: list[str] = []
    values: dict[str, list] = {name: [] for name in columns}
    for example in data.as_numpy_iterator():
        names.append(example["tfds_id"].decode())
        for name, column in columns.items():
            value = functools.reduce(operator.getitem, column.path, example)
            values[name].append(value if name in pictures else _plain(value))
    plain = tuple(name for name in pictures if name not in masks)
    return Examples(names, values, list(names), plain, dict.fromkeys(masks, {}))


def _plain(value: Any) -> Any:
    """A value as TFDS gives it -> str, list of str, number, or array."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if np.ndim(value) == 0:
        return value.item()
    return list(map(_plain, value)) if value.dtype.kind == "O" else value


def _named(splits: dict[str, Examples]) -> dict[str, Examples]:
    """The splits in the order of names, which are a feature that tells all examples apart if there
    is one.

    TFDS's own ids change when the data is written into other files.
    """
    tells_apart = functools.partial(_tells_apart, splits)
    feature = next(filter(tells_apart, NAME_FEATURES), None)
    return {split: _in_order(examples, feature) for split, examples in splits.items()}


def _tells_apart(splits: Mapping[str, Examples], feature: str) -> bool:
    """Whether a feature is a text that differs between all examples."""
    every = [examples.columns.get(feature, ()) for examples in splits.values()]
    names = list(itertools.chain(*every))
    is_unique = len(set(names)) == sum(map(len, splits.values()))
    return is_unique and all(isinstance(name, str) and name for name in names)


def _in_order(examples: Examples, feature: str | None) -> Examples:
    """The examples in the order of their names, which `feature` holds unless it is None."""
    names = examples.columns[feature] if feature else examples.names
    order = sorted(range(len(names)), key=names.__getitem__)
    return dataclasses.replace(examples, names=names).take(order)


def _with_table(
    splits: dict[str, Examples], column: str, table: _mask_files.Table
) -> dict[str, Examples]:
    """The splits with a table of what the values of a column of masks mean."""
    return {
        split: dataclasses.replace(examples, masks={**examples.masks, column: table})
        for split, examples in splits.items()
    }


def _one_line(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"it needs the package {error.name}. Install it with pip."
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
