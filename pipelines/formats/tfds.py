"""A TensorFlow Datasets data set: tfds:NAME, tfds:NAME/CONFIG or tfds:NAME:VERSION."""

import contextlib
import dataclasses
import functools
import io
import logging
import operator
import sys

import numpy as np

from pipelines.errors import PipelineError, nearest
from pipelines.formats import _mask_files
from pipelines.formats.examples import SPLIT_NAMES, SPLITS, Data, Examples, Problem, cut_splits

PREFIX = "tfds:"
MAX_BYTES = 8e9  # the encoded pictures of all splits are kept in memory
NAME_FEATURES = (
    "id",
    "name",
    "file_name",
    "filename",
    "image/filename",
)  # tell an example better than its place


def detect(path):
    """Never: a TFDS data set is named by its prefix, not found by its files."""
    return False


def read(name, builder=None, download=True):
    """A TFDS data set in columns: "mnist", "voc/2007", "mnist:3.0.1", with or without the prefix ->
    Data.

    Pictures stay encoded. Features in a sequence become columns of arrays: `objects/bbox`,
    `objects/label`. `builder` is used instead of the one that TFDS has under `name`. The data lies
    in TFDS's folder, see TFDS_DATA_DIR. Raises PipelineError where the name is unknown, the data
    cannot be had, or it is too large for memory.
    """
    with _quiet():
        return _read(name.removeprefix(PREFIX), builder, download)


def _read(name, builder, download):
    where = name if builder else f"{PREFIX}{name}"
    builder = builder or _builder(name)
    _prepare(builder, where, download)
    kept, others = {}, []  # kept: our split -> TFDS's split
    for split in builder.info.splits:
        ours, of_two = SPLIT_NAMES.get(split.lower()), SPLIT_NAMES.get(split[:-1].lower())
        if ours and ours not in kept:
            kept[ours] = split
        elif split.endswith("A") and of_two and f"{split[:-1]}B" in builder.info.splits:
            kept[of_two] = f"{split}+{split[:-1]}B"  # of two domains, which the label tells apart
        elif not (split.endswith("B") and of_two and f"{split[:-1]}A" in builder.info.splits):
            others.append(split)
    if "train" not in kept:
        raise PipelineError(
            f"{where} has no training split; it has {', '.join(others + list(kept.values()))}."
        )
    columns, skipped = _columns(builder.info.features)
    masks = {column for column, (_, feature) in columns.items() if _is_mask(column, feature)}
    problems = (
        [Problem("note", "unused-split", where, f"splits not used: {', '.join(others)}.")]
        if others
        else []
    )
    for feature, kind in skipped.items():
        problems.append(
            Problem(
                "note", "unused-feature", where, f"{feature} is not used: no column holds a {kind}."
            )
        )
    splits = _named(
        {
            split: _read_split(builder, kept[split], columns, masks)
            for split in SPLITS
            if split in kept
        }
    )
    labels = {
        column: list(feature.names)
        for column, (_, feature) in columns.items()
        if _has_names(feature)
    }
    for column in masks - labels.keys():
        sources = [source for examples in splits.values() for source in examples.columns[column]]
        labels[column], table, found = _mask_files.classes(sources, where)
        splits = {
            k: dataclasses.replace(v, masks={**v.masks, column: table}) for k, v in splits.items()
        }
        problems += found
    return Data(where, "tfds", cut_splits(splits), labels, problems)


def _builder(name):
    import tensorflow_datasets as tfds

    try:
        return tfds.builder(name)
    except tfds.core.DatasetNotFoundError as error:
        known = tfds.list_builders()
        advice = nearest(name.split("/")[0].split(":")[0], known)
        if advice.startswith("Known"):  # hundreds of names
            advice = "The names are listed at tensorflow.org/datasets/catalog."
        raise PipelineError(f"TFDS has no data set {name!r}. {advice}") from error
    except (
        Exception
    ) as error:  # ValueError, AssertionError, RuntimeError... for a wrong config or version
        raise PipelineError(f"{PREFIX}{name} cannot be loaded: {_one_line(error)}") from error


def _prepare(builder, where, download):
    """Downloads or generates the data where it is not on this machine yet."""
    import tensorflow_datasets as tfds

    _fits(builder, where)
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    try:
        if download:
            builder.download_and_prepare()
    except Exception as error:  # whatever a host, a disk or the data set's own code raises
        if (
            not builder.data_path.exists()
        ):  # else another process was faster, and its data is as good
            raise PipelineError(f"{where} could not be prepared: {_one_line(error)}") from error
    if not download and not builder.data_path.exists():
        raise PipelineError(f"{where} is not in {builder.data_path}. Allow the download.")
    if not builder.info.splits:  # the other process came after this builder was made
        builder.info.read_from_directory(builder.data_path)
    _fits(builder, where)


@contextlib.contextmanager
def _quiet():
    """Keeps TFDS off standard output, where the command's answer belongs, and quiets its warnings about itself."""
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with contextlib.redirect_stdout(sys.stderr if sys.stderr.isatty() else io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _fits(builder, where):
    size = sum(split.num_bytes for split in builder.info.splits.values())
    if size > MAX_BYTES:
        raise PipelineError(
            f"{where} has {size / 1e9:.0f} GB of encoded data; at most {MAX_BYTES / 1e9:.0f} GB are"
            " read into memory. Write a part of it to class folders and pass those."
        )


def _columns(features):
    """What becomes a column and what does not: ({column: (path, feature)}, {feature: its kind}).

    path: the keys that lead to the value in an example of TFDS.
    """
    from tensorflow_datasets import features as kinds

    columns, skipped = {}, {}
    for name, feature in features.items():
        is_sequence = type(feature) is kinds.Sequence
        inner = feature.feature if is_sequence else feature
        parts = {(name,): inner}
        if is_sequence and isinstance(inner, kinds.FeaturesDict):
            parts = {(name, key): part for key, part in inner.items()}
        for path, part in parts.items():
            if (_is_picture(part) and not is_sequence) or _is_value(part, fixed_shape=is_sequence):
                columns["/".join(path)] = (path, part)
            else:
                skipped["/".join(path)] = type(part).__name__
    return columns, skipped


def _is_picture(feature):
    from tensorflow_datasets import features as kinds

    return isinstance(feature, kinds.Image) and np.dtype(feature.np_dtype).name in (
        "uint8",
        "uint16",
    )


def _is_mask(name, feature):
    """Whether a feature is a picture with a class per pixel."""
    from tensorflow_datasets import features as kinds

    is_grey = _is_picture(feature) and feature.shape[-1] == 1
    return isinstance(feature, kinds.LabeledImage) or (is_grey and name.endswith("mask"))


def _has_names(feature):
    return getattr(feature, "names", None) is not None


def _is_value(feature, fixed_shape):
    """Whether a feature holds numbers, strings or class ids; in a sequence, of a known shape."""
    from tensorflow_datasets import features as kinds

    plain = (kinds.Tensor, kinds.Scalar, kinds.Text, kinds.ClassLabel, kinds.BBoxFeature)
    return type(feature) in plain and not (fixed_shape and None in feature.shape)


def _read_split(builder, split, columns, masks):
    """One split of TFDS as Examples, named by TFDS's ids."""
    import tensorflow_datasets as tfds

    pictures = tuple(column for column, (_, feature) in columns.items() if _is_picture(feature))
    wanted = {}
    for path, _ in columns.values():
        if len(path) == 1:
            wanted[path[0]] = True
        else:
            wanted.setdefault(path[0], {})[path[1]] = True
    data = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(
            wanted, {column: tfds.decode.SkipDecoding() for column in pictures}
        ),
        read_config=tfds.ReadConfig(add_tfds_id=True),
    )
    names, values = [], {column: [] for column in columns}
    for example in data.as_numpy_iterator():
        names.append(example["tfds_id"].decode())
        for column, (path, _) in columns.items():
            value = functools.reduce(operator.getitem, path, example)
            values[column].append(value if column in pictures else _plain(value))
    return Examples(
        names,
        values,
        list(names),
        tuple(p for p in pictures if p not in masks),
        dict.fromkeys(masks, {}),
    )


def _plain(value):
    """A value as TFDS gives it -> str, list of str, number, or array."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if np.ndim(value) and value.dtype.kind == "O":
        return [_plain(item) for item in value]
    return value.item() if np.ndim(value) == 0 else value


def _named(splits):
    """The splits in the order of names, which are a feature that tells all examples apart where
    there is one.

    TFDS's own ids change when the data is written into other files.
    """
    for column in NAME_FEATURES:
        names = [name for examples in splits.values() for name in examples.columns.get(column, ())]
        if len(set(names)) == sum(map(len, splits.values())) and all(
            isinstance(n, str) and n for n in names
        ):
            splits = {k: dataclasses.replace(v, names=v.columns[column]) for k, v in splits.items()}
            break
    return {k: v.take(sorted(range(len(v)), key=v.names.__getitem__)) for k, v in splits.items()}


def _one_line(error):
    if isinstance(error, ImportError):
        return f"it needs the package {error.name}. Install it with pip."
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:300]}..."
