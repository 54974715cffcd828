"""A multilayer perceptron: fully connected layers with an activation after each, a number at the
end."""

from dataclasses import dataclass

from etils import epy

from pipelines.families import perceptrons, tables
from pipelines.tasks import tabular_regression

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    from keras import layers

    from pipelines import optimization
    from pipelines.models import mlp


@dataclass(frozen=True, kw_only=True)
class _Config(tables.Config, tabular_regression.Config, perceptrons.Config):
    """The settings of tables, of numbers, and of the layers."""


class MLP(tabular_regression.TabularRegression):
    """Rumelhart et al. 1986, with today's activations and update rules."""

    Config = _Config
    paper = "Rumelhart et al. 1986"

    def model(self, config):
        """{"features": (B, F)} -> numbers (B, K), compiled."""
        kind, inputs = tabular_regression.KIND, mlp.features(tables.width(config))
        scaled = layers.Dense(kind.width(config), dtype="float32", name="scaled")
        x = scaled(mlp.hidden(inputs, config))
        for layer in kind.after(config):
            x = layer(x)
        net = keras.Model({"features": inputs}, x, name="mlp")
        optimization.compile(net, config, loss=kind.loss(config))
        return net
