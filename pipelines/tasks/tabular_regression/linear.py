"""Linear regression with a penalty on the weights (ridge), found at once."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import tables
from pipelines.task import Phase
from pipelines.tasks import tabular_regression

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    from keras import layers
    from sklearn import linear_model

    from pipelines.models import mlp


@dataclass(frozen=True, kw_only=True)
class _Config(tables.Config, tabular_regression.Config, settings.FittedConfig):
    """The settings of tables and numbers, and that of the penalty."""

    penalty: float = setting(
        1.0, "scikit-learn's alpha of ridge regression, on scaled columns; 0 is none", low=0.0
    )


class Linear(tabular_regression.TabularRegression):
    """Hoerl & Kennard 1970; the weights are scikit-learn's."""

    Config = _Config
    paper = "Hoerl & Kennard 1970"

    def model(self, config):
        """{"features": (B, F)} -> numbers (B, K)."""
        kind, inputs = tabular_regression.KIND, mlp.features(tables.width(config))
        value = layers.Dense(kind.width(config), dtype="float32", name="value")(inputs)
        net = keras.Model({"features": inputs}, value, name="linear")
        net.compile(optimizer="sgd", loss=kind.loss(config), jit_compile=False)
        return net

    def phases(self, config):
        """One, found at once."""

        def solve(net, source):
            inputs, targets = source.held_out("train").arrays()
            found = _model(config.penalty).fit(
                inputs["features"].astype(np.float64), targets.astype(np.float64)
            )
            layer = net.get_layer("value")
            layer.kernel.assign(np.atleast_2d(found.coef_).T)
            layer.bias.assign(np.atleast_1d(found.intercept_))
            return f"ridge: penalty {config.penalty:g}, {found.coef_.size} weights"

        return [Phase("fit", config, solve=solve)]


def _model(penalty):
    """Without a penalty the smallest weights of all that fit best: columns may depend on others."""
    return linear_model.Ridge(alpha=penalty) if penalty else linear_model.LinearRegression()
