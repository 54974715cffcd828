"""Polarity of aspects that are given: what the methods share that find none themselves."""

import dataclasses

from etils import epy

from pipelines.errors import PipelineError
from pipelines.families import labelled, target_kinds
from pipelines.formats.examples import Examples
from pipelines.task import Feature
from pipelines.tasks import aspect_sentiment

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.edge import given_aspects as edge
    from pipelines.edge import words
    from pipelines.families.tagged import places
    from pipelines.tasks.aspect_sentiment import _coloured, _spans

LONGEST = 4096  # places of max_length=0 at most


class Given(labelled.Labelled):
    """An example is a text with one aspect marked, as in `the [[battery life]] is great`.

    The model's inputs are what `edge.given_aspects` makes of it, int32 (T,) each, zeros behind.
    """

    data = aspect_sentiment.AspectSentiment.data
    features = {"text": Feature("text"), "label": Feature("label")}
    target = "label"
    page = aspect_sentiment.AspectSentiment.page
    _inputs = ("pieces",)  # names of the model's inputs
    _longest = LONGEST

    def adapt(self, data, config):
        """Data with an example for each aspect: `text`, in which it is marked, its `words`, and
        `label`."""
        if _spans.has(data):
            return _by_aspect(data, config)
        known = data.columns()
        if not {"text", "label"} <= known:
            raise PipelineError(
                f"{data.source} has no texts with aspects; it has"
                f" {', '.join(sorted(known)) or 'none'}. `pipelines formats` lists the forms of such"
                " data."
            )
        return data if "words" in known else _with_words(data)

    def together(self, examples, config):
        """Aspects of one text."""
        return [edge.parted(text)[0] for text in examples.columns["text"]]

    def resolve(self, config, data):
        """Settings that follow from the data: how much is read of a text, and class weights."""
        length = config.max_length
        if not length:
            room = self._room(data.longest.get("words", 0), config)
            length = min(self._longest, -(-room // places.STEP) * places.STEP)
        weights = labelled.weighed(config, data.class_counts)
        return config.replace(max_length=length, **weights)

    def expand(self, examples, config):
        """Texts as the model takes them, filled up to `max_length`."""
        encoder = edge.encoder(self.device(config), config.learned)
        columns = {name: [] for name in self._inputs}
        for text in examples.columns["text"]:
            for name, values in encoder.inputs(*read(text)).items():
                columns[name].append(values)
        columns["label"] = examples.columns["label"]
        return dataclasses.replace(examples, columns=columns)

    def parse(self, example, config):
        """{name: int32 (T,), "label"} -> ({name: (T,)}, target)."""
        inputs = {}
        for name in self._inputs:
            ids = tf.cast(example[name], tf.int32)
            inputs[name] = tf.ensure_shape(ids, (config.max_length,))
        return inputs, target_kinds.of(config).parse(example, config)

    def augment(self, inputs, targets, seed, progress, config):
        """Nothing is changed at random; the batch is cut to its longest text."""
        ids = inputs[self._inputs[0]]
        return {name: places.cut(values, ids) for name, values in inputs.items()}, targets

    def device(self, config):
        """How much of a text is read, and that aspects have to be marked."""
        return {"max_length": config.max_length, "given": True}

    def draw(self, inputs, decoded, config, targets=None):
        """The text as the model read it, its aspect marked in the colour of the polarity; the true
        one in a row above, if it is given."""
        caption = target_kinds.of(config).caption(decoded, config, targets)
        rows = [self._row("found", inputs, caption.found, caption.colour, config)]
        if caption.true:
            rows.insert(0, self._row("true", inputs, caption.true, "good", config))
        return canvas.MarkedText(rows)

    def _row(self, heading, inputs, said, colour, config):
        """A row whose aspect is marked by what is said of it, `positive 0.93`."""
        before, aspect, after = self._read(inputs, config)
        polarity = said.partition(" ")[0]
        mark = _coloured.part(aspect, polarity, colour)
        parts = [(f"{before} ", "", ""), mark, (f" {after}", "", "")]
        return heading, [own for own in parts if own[0].strip()]

    def _room(self, count, config):
        """Places of max_length that a text of so many words takes, roughly."""
        raise NotImplementedError

    def _read(self, inputs, config):
        """(before, aspect, after) of the text that the model's inputs of one example stand for."""
        raise NotImplementedError


def read(text):
    """A text with one mark -> (the line of it that is read, first and last character of the
    aspect)."""
    plain, [place] = edge.parted(text)
    return edge.sentence(plain, *place)


def _by_aspect(data, config):
    """Data of texts with aspects -> with an example for each aspect."""
    problems = list(data.problems)
    found = _spans.spans(data, config, problems)
    labels, splits = _spans.names(found), {}
    for split, examples in data.splits.items():
        names, where, columns = [], [], {"text": [], "words": [], "label": []}
        for i, text in enumerate(examples.columns["text"]):
            for start, end, polarity in found[split][i]:
                names.append(f"{examples.names[i]}+{start}-{end}")
                where.append(examples.where[i])
                columns["text"].append(edge.marked(text, start, end))
                columns["words"].append(_words(text))
                columns["label"].append(labels.index(polarity))
        splits[split] = Examples(names, columns, where, is_cut=examples.is_cut)
    return dataclasses.replace(data, splits=splits, labels={"label": labels}, problems=problems)


def _with_words(data):
    """Data of marked texts with the words of each. Raises PipelineError if one has not one mark."""
    splits = {}
    for split, examples in data.splits.items():
        own = [_one(text, where) for text, where in zip(*_texts(examples), strict=True)]
        columns = {**examples.columns, "words": list(map(_words, own))}
        splits[split] = dataclasses.replace(examples, columns=columns)
    return dataclasses.replace(data, splits=splits)


def _texts(examples):
    return examples.columns["text"], examples.where


def _one(text, where):
    """A marked text without its one mark."""
    try:
        plain, found = edge.parted(text)
    except ValueError as error:
        raise PipelineError(f"{where}: {error}.") from error
    if len(found) > 1:
        raise PipelineError(f"{where}: there are {len(found)} marks; a label needs one of them.")
    return plain


def _words(text):
    return [word for word, _, _ in words.tokens(text)]
