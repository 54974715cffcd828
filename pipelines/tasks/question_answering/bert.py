"""A pretrained BERT that reads question and passage together, with heads for start and end."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import fine_tuning
from pipelines.tasks.question_answering import _reader

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines import optimization
    from pipelines.models import pretrained


@dataclass(frozen=True, kw_only=True)
class _Config(_reader.Config, fine_tuning.Config):
    """The shared settings, those of fine-tuning, and those of the backbone."""

    backbone: str = setting("minilm", "pretrained model: minilm, or hub:PRESET of an uncased BERT")
    epochs: int = setting(3, "passes over the training split", "epochs", low=1)
    learning_rate: float = setting(3e-4, "peak learning rate", low=0.0, high=10.0)
    warmup_epochs: float = setting(0.5, "linear warm-up from 0", "epochs", low=0.0)


class Bert(_reader.Reader):
    """A BERT whose features of each piece say how well an answer begins or ends there."""

    Config = _Config
    paper = "Devlin et al. 2019"

    def learn(self, examples, config):
        """The vocabulary of the backbone, which the bundle needs."""
        return {"pieces": pretrained.text_pieces(config.backbone)}

    def phases(self, config):
        """Those of `fine_tuning`: one, unless `unfreeze` names more."""
        return fine_tuning.phases(config, optimization.compile)

    def _backbone(self, config):
        return pretrained.text_backbone(config.backbone)
