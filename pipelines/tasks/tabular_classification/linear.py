"""Logistic regression, and softmax regression for more than two classes, found at once."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import labelled, tables, target_kinds
from pipelines.task import Phase
from pipelines.tasks import tabular_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    from keras import layers

    from pipelines.models import mlp

GRID = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # of C, regularisation=0: around scikit-learn's default


@dataclass(frozen=True, kw_only=True)
class _Config(tables.Config, labelled.Answers, settings.FittedConfig):
    """The settings of tables and labels, and that of the weights."""

    regularisation: float = setting(
        1.0, "scikit-learn's C, more is less regularised; 0 takes the best on the validation split",
        low=0.0,
    )  # fmt: skip


class Linear(tabular_classification.TabularClassification):
    """Cox 1958; the weights are scikit-learn's."""

    Config = _Config
    paper = "Cox 1958"

    def model(self, config):
        """{"features": (B, F)} -> outputs of the kind of target."""
        inputs = mlp.features(tables.width(config))
        kind, x = target_kinds.of(config), inputs
        logits = layers.Dense(kind.width(config), dtype="float32", name="logits")
        for layer in (logits, *kind.after(config)):
            x = layer(x)
        net = keras.Model({"features": inputs}, x, name="linear")
        net.compile(optimizer="sgd", loss=kind.loss(config), jit_compile=False)
        return net

    def phases(self, config):
        """One, found at once."""

        def solve(net, source):
            train, validation = source.held_out("train"), source.held_out("validation")
            return target_kinds.of(config).solve(
                net.get_layer("logits"),
                "logistic_regression",
                (train.arrays(), validation.arrays() if len(validation) else None),
                config,
                config.regularisation or (0.0 if len(validation) else 1.0),
                GRID,
            )

        return [Phase("fit", config, solve=solve)]
