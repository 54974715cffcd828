"""Rosenblatt's perceptron: a step function, and a rule that moves the weights after each
mistake."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import labelled, tables, target_kinds
from pipelines.task import Phase
from pipelines.tasks import tabular_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    from keras import layers

    from pipelines.models import memory, mlp


@dataclass(frozen=True, kw_only=True)
class _Config(tables.Config, labelled.Answers, settings.SteppedConfig):
    """The settings of tables and labels, and those of the rule."""

    epochs: int = setting(20, "passes over the training split", "epochs", low=1)
    keep: str = setting(
        "last",
        "weights kept at the end: of the best epoch by `monitor`, or of the last",
        choices=("best", "last"),
    )
    averaged: bool = setting(
        True, "keep the mean of the weights over all examples, in place of the last ones"
    )


class Perceptron(tabular_classification.TabularClassification):
    """Rosenblatt 1958; of several classes, the one with the largest sum (Duda & Hart 1973).

    The mean of the weights over all examples is kept (Freund & Schapire 1999), unless
    `averaged=false`: the last weights may be those after a mistake.
    """

    Config = _Config
    paper = "Rosenblatt 1958"
    _answers = (target_kinds.CLASS,)

    def model(self, config):
        """{"features": (B, F)} -> sums (B, C), the largest of which is the answer."""
        count = tables.width(config)
        inputs = mlp.features(count)
        # What the rule goes on from after a kill: the weights themselves, and the rows so far.
        kept = memory.Memory([(count + 1, len(config.labels)), ()], name="rule")(inputs)
        logits = layers.Dense(
            len(config.labels), kernel_initializer="zeros", dtype="float32", name="logits"
        )
        net = keras.Model({"features": inputs}, logits(kept), name="perceptron")
        net.compile(optimizer="sgd", loss="categorical_crossentropy", jit_compile=False)
        return net

    def phases(self, config):
        """One, of steps by the rule."""

        def steps(net, source, first_step):
            for inputs, targets in source.train(first_step, net):
                yield {
                    "loss": _step(net, np.asarray(inputs["features"]), np.asarray(targets), config)
                }

        return [Phase("train", config, steps=steps)]


def _step(net, features, targets, config):
    """The rule for each row of a batch -> the share of rows that were mistaken.

    Weights are (F + 1, C), the last row the bias. Of the answers those of the true class are added
    the row, and those of the wrong one are taken it away, times the weight of the true class; right
    answers change nothing.
    """
    layer, (rule, count) = net.get_layer("logits"), net.get_layer("rule").arrays
    weights, mean = np.array(rule), _joined(layer)
    seen, mistakes = float(np.array(count)), 0
    heavy = config.class_weight_values or (1.0,) * len(config.labels)
    rows = np.concatenate([features, np.ones((len(features), 1), np.float32)], 1)
    for row, true in zip(rows, targets.argmax(-1), strict=True):
        found = int((row @ weights).argmax())
        if found != true:
            weights[:, true] += heavy[true] * row
            weights[:, found] -= heavy[true] * row
            mistakes += 1
        seen += 1
        mean += (weights - mean) / seen
    kept = mean if config.averaged else weights
    layer.kernel.assign(kept[:-1])
    layer.bias.assign(kept[-1])
    rule.assign(weights)
    count.assign(seen)
    return mistakes / len(rows)


def _joined(layer):
    return np.concatenate([np.asarray(layer.kernel), np.asarray(layer.bias)[None]])
