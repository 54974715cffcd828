"""Translation: a text in one language into another."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.task import Feature, Method, Program, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import optimization
    from pipelines.edge import text_ids
    from pipelines.edge import translation as edge
    from pipelines.families import byte_pairs
    from pipelines.metrics import bleu
    from pipelines.models import writing
    from pipelines.tasks.translation import _checks, _drawn, _sides

STEP = 8  # items; batches are cut to multiples of it
BEHIND = -1  # as an id of a target: behind its end
LONGER = 4  # times the items that are written: what of a reference is judged


@dataclass(frozen=True, kw_only=True)
class Config(settings.Config):
    """Settings of every method."""

    epochs: int = setting(12, "passes over the training split", "epochs", low=1)
    batch_size: int = setting(64, "pairs per step", "pairs", low=1)
    learning_rate: float = setting(3e-3, "peak learning rate", low=0.0, high=10.0)
    clip_norm: float = setting(1.0, "clip the global gradient norm; 0 is off", low=0.0)
    monitor: str = setting(
        "val_bleu", "what decides which epoch is kept: val_loss or val_ and a metric's name"
    )
    jit_compile: str = setting(
        "auto",
        "XLA compilation of the step; TensorFlow cannot compile loops over items",
        choices=("auto", "off"),
    )
    source: str = setting(
        "", "language that is read, as the data calls it; empty takes source, or the first"
    )
    target: str = setting(
        "", "language that is written, as the data calls it; empty takes target, or the other"
    )
    vocabulary: int = setting(
        5000, "byte pairs of both languages together, at most", "pieces", low=256, high=200_000
    )
    min_count: int = setting(2, "times that a pair is there before it is merged", "times", low=1)
    length: int = setting(
        64, "items of a sentence that are read, and written, at most", "items", low=2, high=4096
    )
    width: int = setting(256, "size of the vectors of items", "features", low=1, high=8192)
    dropout: float = setting(0.2, "share of features dropped in training", low=0.0, high=0.95)
    label_smoothing: float = setting(
        0.1, "share of the target that is spread over all items", low=0.0, high=0.9
    )


class Translation(Method):
    """What every method shares: pairs, byte pairs of both languages, scores, programs.

    The net is a `models.writing.Writer`. In validation, proof and files it writes by itself.
    """

    Config = Config
    data = "small_german"
    features = {"source": Feature("text"), "target": Feature("text")}
    scores = (
        Score("bleu", tolerance=0.3),
        Score("chrf", tolerance=0.3),
        Score("exact_match", counted=True),
    )
    page = "translation.md"
    _looks = True  # whether there is attention to draw

    def learns(self, config):
        """From which language into which."""
        if not (config.source and config.target):
            return ""
        return f"translation from {config.source} to {config.target}"

    def adapt(self, data, config):
        """Data with `source` and `target` alone. Raises PipelineError if sides are not clear."""
        names = _sides.chosen(data, config)
        splits = {}
        for split, examples in data.splits.items():
            taken = map(examples.columns.__getitem__, names.values())
            columns = dict(zip(_sides.OWN, taken, strict=True))
            splits[split] = dataclasses.replace(examples, columns=columns, pictures=(), masks={})
        adapted = dataclasses.replace(data, splits=_sides.recut(splits), labels={})
        found = _checks.problems(adapted, config)
        found += _sides.said(data, names)
        new = [problem for problem in found if problem not in data.problems]
        return dataclasses.replace(adapted, problems=[*data.problems, *new])

    def together(self, examples, config):
        """Equal sources."""
        return examples.columns["source"]

    def learn(self, examples, config):
        """Byte pairs of both sides, and the letters that sources have."""
        sources, targets = examples.columns["source"], examples.columns["target"]
        found = byte_pairs.learned([*sources, *targets], config.vocabulary, config.min_count)
        letters = {letter for letter in set().union(*sources) if letter.isalpha()}
        lower = {letter for own in letters for letter in own.lower()}
        return {**found, "letters": sorted(lower, key=ord)}

    def expand(self, examples, config):
        """Ids of both sides, filled up, and of the whole reference; see `parse`."""
        sources, targets = (self._ids(examples.columns[name], config) for name in _sides.OWN)
        longest = LONGER * config.length
        rows = {
            "source": [_filled(own, config.length, text_ids.END) for own in sources],
            "target": [_filled([*own, text_ids.END], config.length, BEHIND) for own in targets],
            "reference": [_filled(own, longest, text_ids.END) for own in targets],
            "words": [len(text.split()) for text in examples.columns["source"]],
        }
        return dataclasses.replace(examples, columns=rows)

    def parse(self, example, config):
        """{"source", "target": (L,), "reference": (4 L,), "words"} -> inputs and targets, int32.

        inputs: {"source", 0 behind; "target", -1 behind}; targets: {"ids", the same; "reference";
        "words", of the source}.
        """
        source, target = (
            tf.ensure_shape(tf.cast(example[name], tf.int32), (config.length,))
            for name in _sides.OWN
        )
        reference = tf.ensure_shape(
            tf.cast(example["reference"], tf.int32), (LONGER * config.length,)
        )
        judged = {
            "ids": target,
            "reference": reference,
            "words": tf.cast(example["words"], tf.int32),
        }
        return {"source": source, "target": target}, judged

    def augment(self, inputs, targets, seed, progress, config):
        """Nothing is changed at random; the batch is cut to its longest sentences."""
        source = _cut(inputs["source"], inputs["source"] != text_ids.END)
        target = _cut(inputs["target"], inputs["target"] != BEHIND)
        return {"source": source, "target": target}, {**targets, "ids": target}

    def sizes(self, examples, config):
        """Items of both sides of each pair, so that a batch holds pairs of like length."""
        sources, targets = (np.array(examples.columns[name]) for name in _sides.OWN)
        return (sources != text_ids.END).sum(1) + (targets != BEHIND).sum(1) * 1.001

    def model(self, config):
        """{"source": (B, S), "target": (B, T)} -> what `models.writing.net` says, compiled."""
        net = writing.net(self._writer(config, self._shared(config)))
        optimization.compile(net, config)
        return net

    def programs(self, model, config, inputs):
        """encode: {"source": (1, L)} -> {"state", ...}; step: that and {"ids": (1, 1)} -> logits.

        step gives {"logits": (1, V), "state", "attention": (1, L)}, and takes all else that encode
        gave as it was.
        """
        writer = model.get_layer("writer")
        source = np.asarray(inputs["source"])[:, : config.length]
        source = np.pad(source, ((0, 0), (0, config.length - source.shape[1])))

        def encode(values):
            return writer.encode(values["source"])

        def step(values):
            read = {name: own for name, own in values.items() if name not in ("ids", "state")}
            found = writer.follow(read, values["state"], values["ids"][:, 0])
            features, state, attention = found
            return {"logits": writer.logits(features), "state": state, "attention": attention}

        known = {name: np.asarray(own) for name, own in encode({"source": source}).items()}
        ids = np.maximum(np.asarray(inputs["target"])[:, :1], 0)
        return {
            "encode": Program(encode, {"source": source}),
            "step": Program(step, {"ids": ids, **known}),
        }

    def answer(self, run, inputs, config):
        """The likeliest item each time, by `encode` and `step`, as the net itself writes."""
        rows = [_written(run, source[None], config) for source in np.asarray(inputs["source"])]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def metrics(self, config):
        """BLEU, the first one named, is what an exported file is judged by."""
        return [bleu.Translated(self._text(config))]

    def difference(self, wanted, got, config):
        """The share of sentences that are translated in another way."""
        return float(np.mean((np.asarray(wanted["ids"]) != np.asarray(got["ids"])).any(1)))

    def device(self, config):
        """How much is read and written, and the languages."""
        names = {name: getattr(config, name) or name for name in _sides.OWN}
        return {**names, "length": config.length, "looks": self._looks}

    def unsupported(self, config):
        """No model has an int8 file: its state would be rounded at every step."""
        reason = "what the net remembers would be rounded to 256 steps at every item"
        return {"int8": f"{reason}; dynamic has weights in int8, too"}

    def draw(self, inputs, decoded, config, targets=None):
        """The sentence, its translation, the reference, and where the net looked, if it did."""
        known = text_ids.opened(text_ids.PAIRS, config.learned)
        shown = _drawn.Shown(known, inputs, decoded, targets)
        return shown.picture() if self._looks else shown.text()

    def _ids(self, texts, config):
        learned = config.learned
        rows = byte_pairs.numbers(texts, learned["pieces"], learned["merges"])
        return [[text_ids.FIRST + number for number in row] for row in rows]

    def _text(self, config):
        """A function: ids, 0 behind -> the text."""
        known = text_ids.opened(text_ids.PAIRS, config.learned)

        def text(ids):
            own = [int(i) for i in ids]
            own = own[: own.index(text_ids.END)] if text_ids.END in own else own
            return "".join(known.pieces(own, is_first=True)).strip()

        return text

    def _shared(self, config):
        """Arguments of every `Writer`."""
        size = len(text_ids.opened(text_ids.PAIRS, config.learned))
        return dict(
            size=size,
            width=config.width,
            longest=config.length,
            dropout=config.dropout,
            smoothing=config.label_smoothing,
            seed=config.seed,
            name="writer",
        )

    def _writer(self, config, shared):
        """The `Writer`, of the shared arguments and its own."""
        raise NotImplementedError


def _filled(ids, size, behind):
    row = np.full(size, behind, np.int32)
    own = ids[:size]
    row[: len(own)] = own
    return row


def _cut(ids, is_own):
    """Rows (B, L) cut to the longest, up to a multiple of STEP."""
    longest = tf.reduce_max(tf.reduce_sum(tf.cast(is_own, tf.int32), 1))
    longest = tf.maximum((longest + STEP - 1) // STEP * STEP, STEP)
    return ids[:, : tf.minimum(longest, tf.shape(ids)[1])]


def _written(run, source, config):
    """What a file writes of one source (1, L), in the shape of the net's own answer."""
    ids, _, attention = edge.written(run, source, config.length)
    seen = np.zeros((config.length, source.shape[1]), np.float32)
    if attention.size and attention.shape[1] == source.shape[1]:
        seen[: len(attention)] = attention
    return {"ids": _filled(ids, config.length, text_ids.END), "attention": seen}
