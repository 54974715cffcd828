"""Tags by a pretrained BERT, which reads words as pieces, with their letters and shapes."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import duration, fine_tuning, tagged

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines import optimization
    from pipelines.models import pretrained, tagger

READ = 17_000  # sentences, again and again
POSITIONS = 512  # word pieces that BERT has places for


@dataclass(frozen=True, kw_only=True)
class Config(tagged.NetSettings, fine_tuning.Config):
    """The shared settings, those of fine-tuning, and those of the backbone."""

    backbone: str = setting("minilm", "pretrained model: minilm, or hub:PRESET of an uncased BERT")
    backbone_rate: float = setting(
        0.05, "learning rate of the backbone as a share of the rest's", low=0.0, high=1.0
    )
    learning_rate: float = setting(1e-3, "peak learning rate", low=0.0, high=10.0)
    letter_units: int = setting(
        30, "features made of a word's letters", "features", low=2, high=4096
    )
    lstm_units: int = setting(
        0, "units of the LSTM in each direction; 0 leaves it out", "units", low=0, high=4096
    )
    dropout: float = setting(
        0.2, "share of features dropped before and after the LSTM", low=0.0, high=0.95
    )


class OfPieces(tagged.Tagged):
    """A word has the features of its first piece."""

    Config = Config
    paper = "Devlin et al. 2019"
    _room = 1.6
    _around = 2  # a start and an end stand around the pieces
    _places = (4, POSITIONS)

    def resolve(self, config, data):
        """Besides, how long a training is."""
        made = super().resolve(config, data)
        return made.replace(**duration.found(made, data.counts["train"], READ))

    def learn(self, examples, config):
        """The letters and shapes that training has, and the backbone's vocabulary of pieces."""
        found = super().learn(examples, config)
        return {**found, "words": [], "pieces": pretrained.text_pieces(config.backbone)}

    def model(self, config):
        """{"pieces": (B, P), "first", "shapes": (B, T), "letters": (B, T, L)} -> see
        `tagger.head`."""
        inputs = self._inputs(config)
        backbone = pretrained.text_backbone(config.backbone)
        known = (tagger.contextual(backbone, inputs["pieces"], inputs["first"]),)
        features = tagger.word_features(inputs, tagged.sizes(config.learned), config, known)
        net = self._net(inputs, features, config)
        _compile(net, config)
        return net

    def phases(self, config):
        """Those of `fine_tuning`: one, unless `unfreeze` names more."""
        return fine_tuning.phases(config, _compile, besides=("backbone_rate",))

    def device(self, config):
        """Besides, how many letters of a word are read."""
        return {**super().device(config), "word_length": config.word_length}

    def _shapes(self, config):
        size = self._size(config)
        own = {"pieces": (config.max_length,), "first": (size,)}
        return {**own, "shapes": (size,), "letters": (size, config.word_length)}


def _compile(net, config, rates=(), pull=0.0):
    if not rates:
        trunk = fine_tuning.trunk(net)
        rates = [(v, config.backbone_rate) for v in trunk.trainable_variables]
    optimization.compile(net, config, rates, pull)
