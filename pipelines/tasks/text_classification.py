"""Text classification: one label a text, by a pretrained BERT, frozen or fine-tuned in phases."""

import dataclasses
import math
from dataclasses import dataclass

from etils import epy

from pipelines import extraction, labelled
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import Examples, Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.edge import text_classification as edge
    from pipelines.edge import wordpiece
    from pipelines.models import bert, pretrained

DATA = "languages"
TEXTS = ("text", "sentence")  # features that are the text by default, as TFDS calls them
STEP = 16  # word pieces; batches are cut to multiples of it, as every other length would cost JAX a compilation
LONGEST, POSITIONS = (
    128,
    512,
)  # pieces that max_length=0 takes at most, and that a BERT has places for
ENDS = 2  # a start and an end stand around the pieces
decode, metrics = labelled.decode, labelled.metrics


@dataclass(frozen=True, kw_only=True)
class Config(labelled.Config, extraction.Config):
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


def adapt(data, config):
    """Data with the ids of each text's word pieces, `pieces`, beside `text` and `label`."""
    if all("pieces" in examples.columns for examples in data.splits.values()):
        return data
    known = {name for examples in data.splits.values() for name in examples.columns}
    source = config.text or next((name for name in TEXTS if name in known), "")
    if source not in known or "label" not in known:
        wanted = config.text or " or ".join(TEXTS)
        raise PipelineError(
            f"{data.source} has no {wanted!r} with a label; it has"
            f" {', '.join(sorted(known)) or 'none'}. Name the feature with text=NAME, or choose"
            " other data."
        )
    words = wordpiece.WordPiece(
        config.learned.get("pieces") or pretrained.text_pieces(config.backbone)
    )
    splits, problems = {}, [*data.problems]
    for split, examples in data.splits.items():
        pieces = [words.text(text) for text in examples.columns[source]]
        columns = {
            "text": examples.columns[source],
            "label": examples.columns["label"],
            "pieces": pieces,
        }
        splits[split] = Examples(examples.names, columns, examples.where)
        problems += _long(splits[split], (config.max_length or LONGEST) - ENDS)
    return dataclasses.replace(
        data, splits=splits, labels={"label": data.labels["label"]}, problems=problems
    )


def resolve(config, data):
    """Settings that follow from the data: how much is read of a text, and the weights of uneven classes."""
    room = data.longest.get("pieces", 0) + ENDS
    length = config.max_length or min(LONGEST, max(STEP, math.ceil(room / STEP) * STEP))
    if not ENDS < length <= POSITIONS:
        raise PipelineError(
            f"max_length must be from {ENDS + 1} to {POSITIONS} word pieces; got {length}."
        )
    return config.replace(max_length=length, **labelled.weighed(config, data.class_counts))


def learn(examples, config):
    """The vocabulary of the backbone, which the bundle needs."""
    return {"pieces": pretrained.text_pieces(config.backbone)}


def expand(examples, config):
    """Texts as the model takes them: `pieces` with a start and an end, cut or filled up to `max_length`."""
    words = wordpiece.WordPiece(config.learned["pieces"])
    rows = [
        edge.encoded(ids, config.max_length, (words.start, words.end))
        for ids in examples.columns["pieces"]
    ]
    return dataclasses.replace(
        examples, columns={"pieces": rows, "label": examples.columns["label"]}
    )


def parse(example, config):
    """{"pieces": int32 (T,), "label": int} -> ({"pieces": (T,)}, one-hot float (C,)); T = max_length, zeros behind."""
    pieces = tf.ensure_shape(tf.cast(example["pieces"], tf.int32), (config.max_length,))
    return {"pieces": pieces}, tf.one_hot(example["label"], len(config.labels))


def augment(inputs, targets, seed, progress, config):
    """Nothing is changed at random; the batch is cut to its longest text."""
    longest = tf.reduce_max(tf.reduce_sum(tf.cast(inputs["pieces"] != 0, tf.int32), 1))
    length = tf.minimum((longest + STEP - 1) // STEP * STEP, tf.shape(inputs["pieces"])[1])
    return {"pieces": inputs["pieces"][:, :length]}, targets


def model(config):
    """{"pieces": int32 (B, T)} -> logits (B, C), compiled."""
    pieces = keras.Input((None,), dtype="int32", name="pieces")
    features = bert.sequence(pretrained.text_backbone(config.backbone), pieces)
    x = bert.Mean(dtype="float32", name="pool")(features, pieces)
    return extraction.model({"pieces": pieces}, x, config, "text_classification")


def phases(config):
    """Those of `extraction`: features of a frozen net are computed once."""
    return extraction.phases(config)


def unsupported(config):
    """No model has an int8 file: LiteRT does not run what TensorFlow's converter makes of a BERT.

    A head that scikit-learn finds has weights of very different size, as features have, and int8
    loses the small ones: on `languages` the accuracy of the dynamic file fell from 0.88 to 0.20.
    """
    found = {"int8": "LiteRT refuses BERT's arithmetic in int8 (XNNPACK)"}
    if config.head in extraction.SOLVED:
        found["dynamic"] = (
            f"weights in int8 lose what head={config.head} found; head=linear keeps it"
        )
    return found


def mediapipe(outputs, config):
    """What MediaPipe's TextClassifier takes: one output, the probability of each class (B, C)."""
    return decode(outputs, config)


def mediapipe_inputs(model, inputs, config):
    """(model, inputs) with the three inputs int32 (B, T) that MediaPipe feeds a BERT, which has a
    single segment here:
    "ids" of word pieces, "mask", 1 where there is one, and "segment_ids", 0 in the first
    segment."""
    ids, mask, segments = (
        keras.Input((config.max_length,), dtype="int32", name=name)
        for name in ("ids", "mask", "segment_ids")
    )
    outputs = model({"pieces": ids * mask * (1 - segments)})
    net = keras.Model({"ids": ids, "mask": mask, "segment_ids": segments}, outputs)
    pieces = inputs["pieces"]
    return net, {"ids": pieces, "mask": 1 * (pieces != 0), "segment_ids": 0 * pieces}


def mediapipe_metadata(config):
    """How MediaPipe is to make ids of a text: an argument of `tflite_file.attach_metadata`."""
    return {"pieces": config.learned["pieces"]}


def draw(inputs, decoded, config, targets=None):
    """The text as the model read it, the label it found and, where given, the true one, with their probabilities."""
    probabilities = decoded["probabilities"]
    best = int(probabilities.argmax())
    right = best if targets is None else int(targets.argmax())
    text = wordpiece.joined([config.learned["pieces"][i] for i in inputs["pieces"] if i][1:-1])

    def shown(i):
        return [(config.labels[i], f"{probabilities[i]:.2f}", "good" if i == right else "bad")]

    rows = [("read", [(text, "", "")]), ("found", shown(best))]
    return canvas.MarkedText(rows if targets is None else [*rows, ("is", shown(right))])


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
