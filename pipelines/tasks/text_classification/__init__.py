"""Text classification: a label, several, or numbers a text."""

import collections
import dataclasses
import math
import shlex
import types
from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError
from pipelines.families import labelled, target_kinds
from pipelines.families.target_kinds import reading
from pipelines.formats.examples import COLUMN, Examples, Problem
from pipelines.models import sources
from pipelines.task import Feature

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.edge import text_classification as edge

TEXTS = ("text", "sentence")  # features that are the text by default, as TFDS calls them
LEARNED = ("label", "value")
FEW, WORDS = 50, 4  # values of a column of classes at most, words of a text at least on average
STEP = 16  # items; batches are cut to multiples of it, as JAX compiles each length anew


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of every method: which feature is the text."""

    text: str = setting("", "feature that holds the text; empty takes text or sentence")


class TextClassification(labelled.Labelled):
    """What every method shares: the target of a text, its scores, how it is read and drawn.

    A text is a list of items, such as word pieces, in the column `items`; the model's inputs are
    what `edge.text_classification` makes of them, int32 (T,) each, zeros behind. T is max_length.
    """

    data = "languages"
    features = {
        "text": Feature("text"),
        "label": Feature("label"),
        "value": Feature("number", optional=True),
    }
    page = "text_classification.md"
    _inputs = ("words",)  # names of the model's inputs
    _unit = "words"  # what a message calls an item
    _around = 0  # places of max_length that hold no item
    _longest = 512  # what max_length=0 takes at most
    _is_windowed = True  # whether what is longer is read in windows

    def default(self, read, settings):
        """BERT if MiniLM is installed, else counted words."""
        if sources.MINILM.installed():
            return "bert", "MiniLM is installed"
        why = f"MiniLM is not installed: {sources.MINILM.install}"
        return "bag_of_words" if reading.is_of_classes(read, settings) else "cnn", why

    def adapt(self, data, config):
        """Data with the items of each text, next to `text` and `label`."""
        if all("items" in examples.columns for examples in data.splits.values()):
            return data
        wanted = (config.text,) if config.text else TEXTS
        if not any(_has(data, name) or _has(data, COLUMN + name) for name in wanted):
            _source(data, config)  # which says what is missing, before labels are looked for
        data = super().adapt(_with_text(data, config), config)
        source, items = _source(data, config), self._items(config)
        learned = "label" if data.labels else "value"
        splits, problems = {}, list(data.problems)
        for split, examples in data.splits.items():
            texts = examples.columns[source]
            columns = {"text": texts, learned: examples.columns[learned]}
            columns["items"] = [items(text) for text in texts]
            splits[split] = Examples(
                examples.names, columns, examples.where, is_cut=examples.is_cut
            )
            problems += self._long(splits[split], config)
        labels = {name: own for name, own in data.labels.items() if name == learned}
        return dataclasses.replace(data, splits=splits, labels=labels, problems=problems)

    def together(self, examples, config):
        """Equal texts."""
        return examples.columns["text"]

    def resolve(self, config, data):
        """Settings that follow from the data: how much is read of a text, and class weights."""
        length = config.max_length
        if not length:
            places = self._places(data.longest.get("items", 0), config)
            length = min(self._longest, max(STEP, math.ceil(places / STEP) * STEP))
        weights = labelled.weighed(config, data.class_counts)
        return config.replace(max_length=length, **weights)

    def expand(self, examples, config):
        """Texts as the model takes them, filled up to `max_length`: windows, if they are longer."""
        encoder = edge.encoder(self.device(config), config.learned)
        names, where, read = [], [], collections.defaultdict(list)
        known = {name: own for name, own in examples.columns.items() if name in LEARNED}
        for i, items in enumerate(examples.columns["items"]):
            for n, (inputs, share) in enumerate(edge.parts(encoder, items)[0]):
                names.append(f"{examples.names[i]}+{n}" if n else examples.names[i])
                where.append(examples.where[i])
                own = {name: values[i] for name, values in known.items()}
                for name, value in {**inputs, **own, "whole": i, "share": share}.items():
                    read[name].append(value)
        return dataclasses.replace(examples, names=names, where=where, columns=dict(read))

    def parts(self, part, config):
        """The windows of a text are judged as one answer, as the device gives it."""
        texts, shares = (np.array(part.examples.columns[name]) for name in ("whole", "share"))
        return (texts, shares) if (shares < 1).any() else None

    def floor(self, part, config):
        """What the best constant answer reaches, each text counted once."""
        first = np.unique(part.examples.columns["whole"], return_index=True)[1]
        whole = types.SimpleNamespace(examples=part.examples.take(first))
        return super().floor(whole, config)

    def parse(self, example, config):
        """{name: int32 (T,), "label" or "value"} -> ({name: (T,)}, target)."""
        inputs = {}
        for name in self._inputs:
            ids = tf.cast(example[name], tf.int32)
            inputs[name] = tf.ensure_shape(ids, (config.max_length,))
        return inputs, target_kinds.of(config).parse(example, config)

    def augment(self, inputs, targets, seed, progress, config):
        """Nothing is changed at random; the batch is cut to its longest text."""
        ids = inputs[self._inputs[0]]
        longest = tf.reduce_max(tf.reduce_sum(tf.cast(ids != 0, tf.int32), 1))
        length = tf.minimum((longest + STEP - 1) // STEP * STEP, tf.shape(ids)[1])
        length = tf.maximum(length, STEP)
        return {name: values[:, :length] for name, values in inputs.items()}, targets

    def device(self, config):
        """How many items of a text are read."""
        return {"max_length": config.max_length}

    def draw(self, inputs, decoded, config, targets=None):
        """The text as the model read it and the label it found, with its probability.

        If the true label is given, that too.
        """
        caption = target_kinds.of(config).caption(decoded, config, targets)
        rows = [("read", [(self._read(inputs, config), "", "")])]
        rows.append(("found", [(caption.found, caption.verdict, caption.colour)]))
        true = [("is", [(caption.true, "", "")])] if caption.true else []
        return canvas.MarkedText([*rows, *true])

    def _items(self, config):
        """A function text -> list of its items."""
        raise NotImplementedError

    def _places(self, items, config):
        """How many places of max_length a text of so many items takes."""
        return items + self._around

    def _count(self, items, config):
        """How many of a text's items the model would read if there were room for all."""
        return len(items)

    def _room(self, config):
        """Places of max_length at most, before it is resolved, too."""
        return config.max_length or self._longest

    def _read(self, inputs, config):
        """The text that the model's inputs of one example stand for."""
        raise NotImplementedError

    def _long(self, examples, config):
        """What of a split is longer than the model reads."""
        room = self._room(config) - self._around
        counts = [self._count(items, config) for items in examples.columns["items"]]
        long = [i for i, count in enumerate(counts) if count > room]
        if long:
            beyond = "They are read in overlapping windows"
            if not self._is_windowed:
                beyond = "What is beyond is not read"
            texts = "1 text has" if len(long) == 1 else f"{len(long):,} texts have"
            message = (
                f"{texts} more than {room} {self._unit}, as the one here with"
                f" {counts[long[0]]:,}. {beyond}. Raise max_length, or part what is long."
            )
            yield Problem("warning", "long", examples.where[long[0]], message)


def _with_text(data, config):
    """`data` with the text of a table of any columns as a feature of its name, if it is one."""
    wanted = config.text or next((n for n in TEXTS if _has(data, COLUMN + n)), "")
    if not _has(data, COLUMN + wanted) or not getattr(config, "target", ()):
        return data
    splits = {}
    for split, part in data.splits.items():
        columns = dict(part.columns)
        columns[wanted] = list(map(str, columns.pop(COLUMN + wanted)))
        splits[split] = dataclasses.replace(part, columns=columns)
    return dataclasses.replace(data, splits=splits)


def _has(data, column):
    return any(column in part.columns for part in data.splits.values())


def _source(data, config):
    """The feature that holds the text. Raises PipelineError if there is none with a label."""
    known = {name for examples in data.splits.values() for name in examples.columns}
    source = config.text or next((name for name in TEXTS if name in known), "")
    if source in known and known.intersection(LEARNED):
        return source
    wanted, advice = config.text or " or ".join(TEXTS), "Name the feature with text=NAME"
    if data.format == "rows":
        advice = _which(data, config) or "Call the columns text and label"
    names = sorted(name.removeprefix(COLUMN) for name in known)
    raise PipelineError(
        f"{data.source} has no {wanted!r} with a label; it has {', '.join(names) or 'none'}."
        f" {advice}, or choose other data."
    )


def _which(data, config):
    """What to do about a table with one column of sentences and one of few values, or "".

    A method that learns any column is told their names by settings, others by the header.
    """
    columns = next(iter(data.splits.values())).columns.items()
    cells = {name.removeprefix(COLUMN): list(map(str, own)) for name, own in columns}
    texts = list(filter(_is_text(cells), cells))
    classes = [name for name, own in cells.items() if 1 < len(set(own)) <= min(FEW, len(own) // 2)]
    if len(texts) != 1 or len(classes) != 1 or texts == classes:
        return ""
    (text,), (label,) = texts, classes
    if not hasattr(config, "target"):
        return f"In its first line, call {text!r} text and {label!r} label"
    return f"Name both columns: {shlex.join([f'text={text}', f'target={label}'])}"


def _is_text(cells):
    """A function: whether a column's cells have WORDS words each, on average."""
    return lambda name: sum(map(len, map(str.split, cells[name]))) >= WORDS * len(cells[name])
