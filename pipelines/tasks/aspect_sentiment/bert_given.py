"""A pretrained BERT that judges aspects you name, each read again behind the text."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import frozen_features, labelled
from pipelines.tasks import aspect_sentiment
from pipelines.tasks.aspect_sentiment import _given

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines.edge import given_aspects as edge
    from pipelines.edge import wordpiece
    from pipelines.models import bert, pretrained

LONGEST = 64  # pieces that max_length=0 takes at most
SHORTEST, POSITIONS = 16, 512  # pieces that say something, and that a BERT has places for
PIECES = 1.6  # of a word, roughly
ASPECT = 4  # pieces of an aspect, roughly


@dataclass(frozen=True, kw_only=True)
class _Config(aspect_sentiment.Polarities, labelled.Config, frozen_features.Config):
    """The shared settings, those of fine-tuning, heads and labels, and text's own."""

    epochs: int = setting(4, "passes over the training split", "epochs", low=1)
    learning_rate: float = setting(1e-3, "peak learning rate", low=0.0, high=10.0)
    backbone_rate: float = setting(
        0.05,
        "learning rate of the pretrained net as a share of the rest's",
        low=0.0,
        high=1.0,
    )
    unfreeze: tuple[str, ...] = setting(
        ("all",),
        "what each phase trains of the pretrained net: none, all, or how many of its blocks from"
        " the top",
    )
    backbone: str = setting(
        "minilm",
        "pretrained net, see `pipelines backbones`: minilm, or hub:PRESET of an uncased BERT of"
        " KerasHub",
    )
    max_length: int = setting(
        0,
        "word pieces that are read of a text with its aspect; 0 follows the data, up to 64",
        "pieces",
        low=0,
        high=100_000,
    )


class BertGiven(_given.Given):
    """The aspect is a second segment, and its pieces in the text are pooled by themselves."""

    Config = _Config
    paper = "Song et al. 2019; Gao et al. 2019"
    _inputs = ("pieces", "roles")
    _longest = LONGEST

    def resolve(self, config, data):
        """Settings that follow from the data: how much is read of a text, and class weights."""
        made = super().resolve(config, data)
        if not SHORTEST <= made.max_length <= POSITIONS:
            raise PipelineError(
                f"max_length must be from {SHORTEST} to {POSITIONS} word pieces; got"
                f" {made.max_length}."
            )
        return made

    def learn(self, examples, config):
        """The vocabulary of the backbone, which the bundle needs."""
        own = super().learn(examples, config)
        return {**own, "pieces": pretrained.text_pieces(config.backbone)}

    def model(self, config):
        """{"pieces", "roles": int32 (B, T)} -> logits (B, C), compiled."""
        inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in self._inputs}
        roles = inputs["roles"]
        # Products in place of comparisons, whose numbers TFLite does not take for ids of segments.
        is_again = roles * (edge.INSIDE - roles)  # 1 for AGAIN, else 0
        is_inside = roles * (roles - edge.AGAIN)  # 0 but for INSIDE
        net = pretrained.text_backbone(config.backbone)
        features = bert.sequence(net, inputs["pieces"], is_again)
        whole = bert.Mean(dtype="float32", name="whole")(features, inputs["pieces"])
        own = bert.Mean(dtype="float32", name="aspect")(features, is_inside)
        x = keras.layers.Concatenate(name="pool")([whole, own])
        return frozen_features.model(inputs, x, config, self.task)

    def phases(self, config):
        """Those of `frozen_features`: features of a frozen net are computed once."""
        return frozen_features.phases(config)

    def unsupported(self, config):
        """No model has an int8 file: LiteRT does not run what TensorFlow's converter makes of a
        BERT."""
        return {"int8": "LiteRT refuses BERT's arithmetic in int8 (XNNPACK)"}

    def _room(self, count, config):
        return int(count * PIECES) + edge.ENDS + ASPECT

    def _read(self, inputs, config):
        pieces, roles = inputs["pieces"], inputs["roles"]
        count = int((pieces != 0).sum())
        first = int((roles == edge.INSIDE).argmax()) if (roles == edge.INSIDE).any() else 1
        last = first + int((roles == edge.INSIDE).sum())
        end = int((roles == edge.AGAIN).argmax()) - 1 if count else 0
        names = config.learned["pieces"]
        bounds = ((1, first), (first, last), (last, end))
        return [wordpiece.joined([names[i] for i in pieces[a:b]]) for a, b in bounds]
