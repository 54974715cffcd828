import keras
import numpy as np

from pipelines import optimization
from pipelines.config import Config
from pipelines.engine.training import averaging


def test_a_frozen_norm_keeps_its_statistics_and_a_free_one_gets_new_ones():
    frozen, free = keras.layers.BatchNormalization(), keras.layers.BatchNormalization(momentum=0.5)
    inputs = keras.Input((3,))
    net = keras.Model(inputs, keras.layers.Dense(1)(free(frozen(inputs))))
    frozen.moving_mean.assign([1.0, 2.0, 3.0])
    frozen.moving_variance.assign([4.0, 4.0, 4.0])
    frozen.trainable = False
    net.compile(optimizer=optimization.optimizer(Config(ema=0.9)), loss="mse")
    net.optimizer.build(net.trainable_variables)
    pictures = np.random.default_rng(0).normal(5, 2, (64, 3)).astype(np.float32)
    batches = [(pictures, None)] * 20
    averaging.Averages(net, lambda: batches).settle()
    np.testing.assert_array_equal(frozen.moving_mean, [1, 2, 3])
    np.testing.assert_array_equal(frozen.moving_variance, [4, 4, 4])
    seen = (pictures - [1, 2, 3]) / np.sqrt(4 + 1e-3)  # what the frozen one hands on
    np.testing.assert_allclose(free.moving_mean, seen.mean(0), rtol=1e-4)
    np.testing.assert_allclose(free.moving_variance, seen.var(0), rtol=1e-3)
