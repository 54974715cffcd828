"""Logistic regression, and softmax regression for more than two classes, found at once."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import labelled, tables
from pipelines.task import Phase
from pipelines.tasks import tabular_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    from keras import layers

    from pipelines.models import heads, mlp

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
        """{"features": (B, F)} -> logits (B, C)."""
        inputs = mlp.features(tables.width(config))
        logits = layers.Dense(len(config.labels), dtype="float32", name="logits")
        net = keras.Model({"features": inputs}, logits(inputs), name="linear")
        net.compile(optimizer="sgd", loss="categorical_crossentropy", jit_compile=False)
        return net

    def phases(self, config):
        """One, found at once."""

        def solve(net, source):
            train, validation = source.held_out("train"), source.held_out("validation")
            return heads.solve(
                net.get_layer("logits"),
                "logistic_regression",
                train.arrays(),
                validation.arrays() if len(validation) else None,
                strength=config.regularisation or (0.0 if len(validation) else 1.0),
                grid=GRID,
                class_weights=config.class_weight_values,
                seed=config.seed,
            )

        return [Phase("fit", config, solve=solve)]
