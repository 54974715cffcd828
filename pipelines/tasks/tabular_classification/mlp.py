"""A multilayer perceptron: fully connected layers with an activation after each."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import labelled, perceptrons, tables
from pipelines.tasks import tabular_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines.models import mlp


@dataclass(frozen=True, kw_only=True)
class _Config(tables.Config, perceptrons.Config, labelled.Config):
    """The settings of tables, those of the layers and those of labels."""

    dropout: float = setting(
        0.2, "share of units dropped after each hidden layer", low=0.0, high=0.95
    )
    label_smoothing: float = setting(
        0.05, "share of each target spread over all classes", low=0.0, high=0.9
    )


class MLP(tabular_classification.TabularClassification):
    """Rumelhart et al. 1986, with today's activations and update rules."""

    Config = _Config
    paper = "Rumelhart et al. 1986"

    def model(self, config):
        """{"features": (B, F)} -> outputs of `labelled.ended`, compiled."""
        inputs = mlp.features(tables.width(config))
        outputs = labelled.ended(mlp.hidden(inputs, config), config.replace(dropout=0.0))
        net = keras.Model({"features": inputs}, outputs, name="mlp")
        return labelled.compiled(net, config)
