"""What is made once a training is not made again for each epoch."""

import collections

import keras
import pytest
import tensorflow as tf
from conftest import SMALL

import pipelines
from pipelines.engine.training import fit


class Made:
    """Counts, by epoch, what is traced and which Keras objects are made."""

    def __init__(self, monkeypatch):
        self.epoch, self.counts = 0, collections.defaultdict(collections.Counter)
        graph, metric = tf.__internal__.FuncGraph, keras.metrics.Metric
        monkeypatch.setattr(graph, "__init__", self._counting("graphs", graph.__init__))
        monkeypatch.setattr(metric, "__init__", self._counting("metrics", metric.__init__))
        # Keras reads the signature of a layer's __init__, but not of this.
        layer = self._counting("layers", keras.layers.Layer.__new__)
        monkeypatch.setattr(keras.layers.Layer, "__new__", staticmethod(layer))
        for name in ("on_epoch_begin", "finish"):
            monkeypatch.setattr(fit.Loop, name, self._turning(getattr(fit.Loop, name)))

    def _counting(self, name, plain):
        def made(*arguments, **named):
            self.counts[self.epoch][name] += 1
            return plain(*arguments, **named)

        return made

    def _turning(self, plain):
        def turned(*arguments, **named):
            self.epoch += 1
            return plain(*arguments, **named)

        return turned


@pytest.mark.parametrize("cache", ["auto", "off"])
def test_from_the_second_epoch_on_nothing_is_traced_and_nothing_made(photos, monkeypatch, cache):
    data = photos({"train/a": 12, "train/b": 12, "validation/a": 5, "validation/b": 6})
    made = Made(monkeypatch)
    # 11 examples of validation: the last batch is smaller than the others.
    settings = SMALL | dict(epochs=4, ema=0.9, dropout=0.2, cutout=0.2, cache=cache)
    pipelines.train("classification", data=data, run=data.parent / "run", **settings)
    assert made.epoch == 5
    assert made.counts[1]["graphs"] > 0
    assert [made.counts[epoch] for epoch in (2, 3, 4)] == [{}, {}, {}]
