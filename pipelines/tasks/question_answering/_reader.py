"""What methods share whose net reads question and passage together and points at the answer."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks import question_answering

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines import optimization
    from pipelines.models import bert, span


@dataclass(frozen=True, kw_only=True)
class Config(question_answering.Config):
    """Settings of every such net; those of a training stand behind it as bases."""

    batch_size: int = setting(8, "windows per step", "windows", low=1)
    weight_decay: float = setting(
        1e-2, "decoupled weight decay of matrices and kernels", low=0.0, high=1.0
    )
    clip_norm: float = setting(1.0, "clip the global gradient norm; 0 is off", low=0.0)
    dropout: float = setting(0.1, "share of features dropped before the heads", low=0.0, high=0.95)


class Reader(question_answering.QuestionAnswering):
    """A net whose features of each piece say how well an answer begins or ends there."""

    def model(self, config):
        """{"pieces", "segments": int32 (B, P)} -> see `span.head`, compiled."""
        inputs = {
            name: keras.Input((None,), dtype="int32", name=name) for name in ("pieces", "segments")
        }
        features = bert.sequence(self._backbone(config), inputs["pieces"], inputs["segments"])
        outputs = span.head(features, inputs["segments"], config.dropout, config.seed)
        net = span.Finder(inputs, outputs, name="question_answering")
        optimization.compile(net, config)
        return net

    def _backbone(self, config):
        """A net of KerasHub that takes what a BERT takes."""
        raise NotImplementedError
