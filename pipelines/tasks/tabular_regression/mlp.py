"""A multilayer perceptron: fully connected layers with an activation after each, a number at the end."""

from dataclasses import dataclass

from etils import epy

from pipelines.families import perceptrons, tables
from pipelines.tasks import tabular_regression

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import layers

    from pipelines import optimization
    from pipelines.losses import squared_error
    from pipelines.models import joint, mlp


@dataclass(frozen=True, kw_only=True)
class _Config(tables.Config, perceptrons.Config):
    """The settings of tables, and those of the layers."""


class MLP(tabular_regression.TabularRegression):
    """Rumelhart et al. 1986, with today's activations and update rules."""

    Config = _Config
    paper = "Rumelhart et al. 1986"

    def model(self, config):
        """{"features": (B, F)} -> {"value": (B, 1)}, compiled."""
        inputs = mlp.features(tables.width(config))
        mean, deviation = map(float, config.learned["scale"])
        x = layers.Dense(1, dtype="float32", name="scaled")(mlp.hidden(inputs, config))
        value = layers.Rescaling(deviation, mean, dtype="float32", name="value")(x)
        net = joint.Joint({"features": inputs}, {"value": value}, name="mlp")
        optimization.compile(net, config, loss=squared_error.SquaredError(deviation))
        return net
