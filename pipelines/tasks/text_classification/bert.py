"""A pretrained BERT, frozen or fine-tuned in phases, and a head for your own classes."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import frozen_features, labelled, mediapipe, target_kinds
from pipelines.tasks import text_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines.edge import wordpiece
    from pipelines.models import bert, pretrained

LONGEST = 128  # pieces that max_length=0 takes at most
POSITIONS = 512  # pieces that a BERT has places for
ENDS = 2  # a start and an end stand around the pieces


@dataclass(frozen=True, kw_only=True)
class _Config(
    text_classification.Config, target_kinds.Config, labelled.Config, frozen_features.Config
):
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
        high=100_000,
    )


class Bert(text_classification.TextClassification):
    """A BERT whose features are pooled over the text."""

    Config = _Config
    paper = "Devlin et al. 2019"
    page = "transfer.md"
    _unit = "word pieces"
    _around = ENDS
    _longest = LONGEST
    _inputs = ("pieces",)
    _answers = (target_kinds.CLASS, target_kinds.LABELS, target_kinds.NUMBERS)

    def resolve(self, config, data):
        """Settings that follow from the data: how much is read of a text, and class weights."""
        made = super().resolve(config, data)
        if not ENDS < made.max_length <= POSITIONS:
            raise PipelineError(
                f"max_length must be from {ENDS + 1} to {POSITIONS} word pieces; got"
                f" {made.max_length}."
            )
        return made

    def learn(self, examples, config):
        """The vocabulary of the backbone, which the bundle needs."""
        own = super().learn(examples, config)
        return {**own, "pieces": pretrained.text_pieces(config.backbone)}

    def model(self, config):
        """{"pieces": int32 (B, T)} -> outputs of `labelled.ended`, compiled."""
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

    def programs(self, model, config, inputs):
        """The answer, and a file for MediaPipe's TextClassifier, which makes the pieces itself and
        knows classes alone.
        """
        programs = super().programs(model, config, inputs)
        if target_kinds.kind(config) != target_kinds.CLASS:
            return programs
        net = _with_segments(model, config)

        def classify(values):
            return self.decode(net(values, training=False), config)

        pieces = np.asarray(inputs["pieces"], np.int32)
        mask = (pieces != 0).astype(np.int32)
        fed = {"ids": pieces, "mask": mask, "segment_ids": np.zeros_like(pieces)}
        own = mediapipe.program(classify, fed, {"pieces": config.learned["pieces"]})
        return {**programs, **own}

    def _items(self, config):
        pieces = config.learned.get("pieces") or pretrained.text_pieces(config.backbone)
        return wordpiece.WordPiece(pieces).text

    def _read(self, inputs, config):
        ids = [i for i in inputs["pieces"] if i]
        return wordpiece.joined([config.learned["pieces"][i] for i in ids][1:-1])


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
