"""Classification in two phases: the head alone, by one loss, then everything by another."""

import keras

from pipelines import optimization
from pipelines.losses import cross_entropy
from pipelines.task import Phase
from pipelines.tasks.classification.scratch import Scratch


def phases(self, config):
    first = config.replace(epochs=2, learning_rate=0.01, schedule="constant", ema=0.0, patience=1)
    second = config.replace(epochs=config.epochs - 2)

    def head(model):
        for layer in model.layers:
            layer.trainable = layer.name == "logits"
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=optimization.optimizer(first), loss=loss)
        return "the head"

    def everything(model):
        for layer in model.layers:
            layer.trainable = True
        model.compile(
            optimizer=optimization.optimizer(second),
            loss=cross_entropy.CrossEntropy(second.label_smoothing),
            metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        )

    return [Phase("head", first, head), Phase("all", second, everything)]


def install():
    Scratch.phases = phases
