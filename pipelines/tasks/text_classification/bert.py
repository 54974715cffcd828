"""A pretrained BERT, frozen or fine-tuned in phases, and a head for your own classes."""

import dataclasses
import math
from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import frozen_features, labelled, mediapipe
from pipelines.formats.examples import Examples, Problem
from pipelines.tasks.text_classification import TextClassification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.edge import text_classification as edge
    from pipelines.edge import wordpiece
    from pipelines.models import bert, pretrained

TEXTS = ("text", "sentence")  # features that are the text by default, as TFDS calls them
STEP = 16  # word pieces; batches are cut to multiples of it, as every other length would cost JAX a compilation
LONGEST, POSITIONS = (
    128,
    512,
)  # pieces that max_length=0 takes at most, and that a BERT has places for
ENDS = 2  # a start and an end stand around the pieces


@dataclass(frozen=True, kw_only=True)
class _Config(labelled.Config, frozen_features.Config):
    """The shared settings, those of fine-tuning, heads and labels, and text's own."""

    backbone: str = setting(
        "minilm",
        "pretrained net, see `pipelines backbones`: minilm, or hub:PRESET of an uncased BERT of"
        " KerasHub",
    )
    max_length: int = setting(
        0,
        "word pieces that are read of a text, and a start and an end; 0 follows the data, up"
        " to 128",
        "pieces",
        low=0,
    )
    text: str = setting("", "feature that holds the text; empty takes text or sentence")


class Bert(TextClassification):
    """A BERT whose features are pooled over the text."""

    Config = _Config
    paper = "Devlin et al. 2019"

    def adapt(self, data, config):
        """Data with the ids of each text's word pieces, `pieces`, beside `text` and `label`."""
        if all("pieces" in examples.columns for examples in data.splits.values()):
            return data
        source = _source(data, config)
        pieces = config.learned.get("pieces") or pretrained.text_pieces(config.backbone)
        words = wordpiece.WordPiece(pieces)
        splits, problems = {}, list(data.problems)
        for split, examples in data.splits.items():
            own = examples.columns
            columns = {"text": own[source], "label": own["label"]}
            columns["pieces"] = [words.text(text) for text in own[source]]
            splits[split] = Examples(examples.names, columns, examples.where)
            problems += _long(splits[split], (config.max_length or LONGEST) - ENDS)
        labels = {"label": data.labels["label"]}
        return dataclasses.replace(data, splits=splits, labels=labels, problems=problems)

    def resolve(self, config, data):
        """Settings that follow from the data: how much is read of a text, and the weights of uneven classes."""
        room = data.longest.get("pieces", 0) + ENDS
        length = config.max_length or min(LONGEST, max(STEP, math.ceil(room / STEP) * STEP))
        if not ENDS < length <= POSITIONS:
            raise PipelineError(
                f"max_length must be from {ENDS + 1} to {POSITIONS} word pieces; got {length}."
            )
        return config.replace(max_length=length, **labelled.weighed(config, data.class_counts))

    def learn(self, examples, config):
        """The vocabulary of the backbone, which the bundle needs."""
        return {"pieces": pretrained.text_pieces(config.backbone)}

    def expand(self, examples, config):
        """Texts as the model takes them: `pieces` with a start and an end, cut or filled up to `max_length`."""
        words = wordpiece.WordPiece(config.learned["pieces"])
        rows = [
            edge.encoded(ids, config.max_length, (words.start, words.end))
            for ids in examples.columns["pieces"]
        ]
        return dataclasses.replace(
            examples, columns={"pieces": rows, "label": examples.columns["label"]}
        )

    def parse(self, example, config):
        """{"pieces": int32 (T,), "label": int} -> ({"pieces": (T,)}, one-hot float (C,)).

        T is max_length; zeros stand behind the last piece.
        """
        pieces = tf.ensure_shape(tf.cast(example["pieces"], tf.int32), (config.max_length,))
        return {"pieces": pieces}, tf.one_hot(example["label"], len(config.labels))

    def augment(self, inputs, targets, seed, progress, config):
        """Nothing is changed at random; the batch is cut to its longest text."""
        longest = tf.reduce_max(tf.reduce_sum(tf.cast(inputs["pieces"] != 0, tf.int32), 1))
        length = tf.minimum((longest + STEP - 1) // STEP * STEP, tf.shape(inputs["pieces"])[1])
        return {"pieces": inputs["pieces"][:, :length]}, targets

    def model(self, config):
        """{"pieces": int32 (B, T)} -> logits (B, C), compiled."""
        pieces = keras.Input((None,), dtype="int32", name="pieces")
        features = bert.sequence(pretrained.text_backbone(config.backbone), pieces)
        x = bert.Mean(dtype="float32", name="pool")(features, pieces)
        return frozen_features.model({"pieces": pieces}, x, config, "text_classification")

    def phases(self, config):
        """Those of `frozen_features`: features of a frozen net are computed once."""
        return frozen_features.phases(config)

    def unsupported(self, config):
        """No model has an int8 file: LiteRT does not run what TensorFlow's converter makes of a BERT.

        A head that scikit-learn finds has weights of very different size, as features have, and int8
        loses the small ones: on `languages` the accuracy of the dynamic file fell from 0.88 to 0.20.
        """
        found = {"int8": "LiteRT refuses BERT's arithmetic in int8 (XNNPACK)"}
        if config.head in frozen_features.SOLVED:
            found["dynamic"] = (
                f"weights in int8 lose what head={config.head} found; head=linear keeps it"
            )
        return found

    def device(self, config):
        """How many pieces of a text are read."""
        return {"max_length": config.max_length}

    def programs(self, model, config, inputs):
        """The answer, and a file for MediaPipe's TextClassifier, which makes the pieces itself."""
        net = _with_segments(model, config)

        def classify(values):
            return self.decode(net(values, training=False), config)

        pieces = np.asarray(inputs["pieces"], np.int32)
        mask = (pieces != 0).astype(np.int32)
        fed = {"ids": pieces, "mask": mask, "segment_ids": np.zeros_like(pieces)}
        own = mediapipe.program(classify, fed, {"pieces": config.learned["pieces"]})
        return {**super().programs(model, config, inputs), **own}

    def draw(self, inputs, decoded, config, targets=None):
        """The text as the model read it and the label it found, with its probability.

        If the true label is given, that too.
        """
        probabilities = decoded["probabilities"]
        best = int(probabilities.argmax())
        right = best if targets is None else int(targets.argmax())
        text = wordpiece.joined([config.learned["pieces"][i] for i in inputs["pieces"] if i][1:-1])

        def shown(i):
            return [(config.labels[i], f"{probabilities[i]:.2f}", "good" if i == right else "bad")]

        rows = [("read", [(text, "", "")]), ("found", shown(best))]
        return canvas.MarkedText(rows if targets is None else [*rows, ("is", shown(right))])


def _source(data, config):
    """The feature that holds the text. Raises PipelineError if there is none with a label."""
    known = {name for examples in data.splits.values() for name in examples.columns}
    source = config.text or next((name for name in TEXTS if name in known), "")
    if source in known and "label" in known:
        return source
    wanted = config.text or " or ".join(TEXTS)
    raise PipelineError(
        f"{data.source} has no {wanted!r} with a label; it has {', '.join(sorted(known)) or 'none'}."
        " Name the feature with text=NAME, or choose other data."
    )


def _with_segments(model, config):
    """The model with the three inputs int32 (B, T) that MediaPipe feeds a BERT.

    "ids" of word pieces, "mask", 1 where there is one, and "segment_ids", 0 in the first segment.
    """
    ids, mask, segments = (
        keras.Input((config.max_length,), dtype="int32", name=name)
        for name in ("ids", "mask", "segment_ids")
    )
    outputs = model({"pieces": ids * mask * (1 - segments)})
    return keras.Model({"ids": ids, "mask": mask, "segment_ids": segments}, outputs)


def _long(examples, room):
    """What of a split is longer than the model reads."""
    long = [i for i, ids in enumerate(examples.columns["pieces"]) if len(ids) > room]
    if long:
        message = (
            f"{len(long):,} texts have more than {room} word pieces, as the one here with"
            f" {len(examples.columns['pieces'][long[0]]):,}; what is beyond is not read. Raise"
            " max_length, or part them."
        )
        yield Problem("warning", "long", examples.where[long[0]], message)
