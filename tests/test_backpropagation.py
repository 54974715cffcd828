"""The chain rule in NumPy against finite differences, and Keras against the chain rule."""

import re
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT

from pipelines import optimization
from pipelines.config import settings
from pipelines.families import perceptrons
from pipelines.losses import cross_entropy, squared_error
from pipelines.models import mlp
from pipelines.ops import backpropagation as ours

DEPTH, WIDTH = 2, 5
LOSSES = {
    "cross_entropy": (ours.cross_entropy, cross_entropy.CrossEntropy(), 3),
    "squared_error": (ours.squared_error, squared_error.ScaledSquaredError(), 1),
}
each_activation = pytest.mark.parametrize("activation", list(ours.ACTIVATIONS))


def net(activation, outputs):
    config = types.SimpleNamespace(
        depth=DEPTH, width=WIDTH, activation=activation, batch_norm=False, dropout=0.0, seed=0
    )
    inputs = mlp.features(4)
    x = keras.layers.Dense(outputs, name="outputs")(mlp.hidden(inputs, config))
    return keras.Model(inputs, x)


def weights(model):
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    return [(np.asarray(own.kernel, np.float64), np.asarray(own.bias, np.float64)) for own in dense]


def batch(outputs):
    chance = np.random.default_rng(0)
    x = chance.normal(size=(6, 4))
    y = chance.normal(size=(6, 1)) if outputs == 1 else np.eye(outputs)[np.arange(6) % outputs]
    return x, y


def test_each_activation_of_the_methods_is_there():
    fields = {field.name: field for field in settings(perceptrons.Config)}
    assert set(fields["activation"].metadata["choices"]) == set(ours.ACTIVATIONS)


@each_activation
def test_slopes_are_those_of_finite_differences(activation):
    g, z = ours.ACTIVATIONS[activation], np.array([-2.3, -0.4, 0.3, 1.7])
    wanted = (g.value(z + 1e-6) - g.value(z - 1e-6)) / 2e-6
    np.testing.assert_allclose(g.slope(z), wanted, atol=1e-8)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_gradients_are_those_of_finite_differences(loss):
    judge, _, outputs = LOSSES[loss]
    x, y = batch(outputs)
    chance = np.random.default_rng(1)
    sizes = [(4, 3), (3, outputs)]
    layers = [(chance.normal(size=size), chance.normal(size=size[1])) for size in sizes]
    done = ours.forward(x, layers, "tanh")
    found = ours.backward(done, layers, "tanh", judge(y, done.outputs)[1])
    for i, pair in enumerate(layers):
        for j, array in enumerate(pair):
            at = tuple(size - 1 for size in array.shape)
            ends = []
            for move in (1e-6, -1e-6):
                array[at] += move
                ends.append(judge(y, ours.forward(x, layers, "tanh").outputs)[0])
                array[at] -= move
            wanted = (ends[0] - ends[1]) / 2e-6
            assert found[i][j][at] == pytest.approx(wanted, abs=1e-8)


@each_activation
@pytest.mark.parametrize("loss", list(LOSSES))
def test_keras_has_the_gradients_of_the_chain_rule(activation, loss):
    judge, theirs, outputs = LOSSES[loss]
    keras.utils.set_random_seed(3)
    model, (x, y) = net(activation, outputs), batch(outputs)
    with tf.GradientTape() as tape:
        value = tf.reduce_mean(theirs.call(tf.constant(y, tf.float32), model(x.astype(np.float32))))
    found = tape.gradient(value, [variable.value for variable in model.trainable_variables])
    layers = weights(model)
    done = ours.forward(x, layers, activation)
    mean, error = judge(y, done.outputs)
    wanted = [array for pair in ours.backward(done, layers, activation, error) for array in pair]
    assert float(value) == pytest.approx(mean, abs=1e-6)
    for gradient, own in zip(found, wanted, strict=True):
        np.testing.assert_allclose(gradient, own, atol=1e-6)


def test_a_step_of_plain_sgd_is_the_formula_of_the_book():
    model, (x, y) = net("tanh", 1), batch(1)
    config = perceptrons.Config(
        optimizer="sgd", momentum=0.0, weight_decay=0.0, schedule="constant", warmup_epochs=0.0,
        learning_rate=0.1, steps_per_epoch=1,
    )  # fmt: skip
    layers = weights(model)
    optimization.compile(model, config, loss=squared_error.ScaledSquaredError())
    done = ours.forward(x, layers, "tanh")
    gradients = ours.backward(done, layers, "tanh", ours.squared_error(y, done.outputs)[1])
    model.train_on_batch(x.astype(np.float32), y.astype(np.float32))
    for found, wanted in zip(weights(model), ours.step(layers, gradients, 0.1), strict=True):
        for array, own in zip(found, wanted, strict=True):
            np.testing.assert_allclose(array, own, atol=1e-6)


def test_the_page_has_the_numbers_of_its_step():
    page = (ROOT / "docs/backpropagation.md").read_text(encoding="utf-8")
    layers = [
        (np.array([[0.5, -0.5], [0.25, 1.0]]), np.array([0.0, 0.1])),
        (np.array([[1.0], [-2.0]]), np.array([0.2])),
    ]
    x, y = np.array([[1.0, 2.0]]), np.array([[0.5]])
    done = ours.forward(x, layers, "sigmoid")
    before, error = ours.squared_error(y, done.outputs)
    gradients = ours.backward(done, layers, "sigmoid", error)
    after = ours.step(layers, gradients, 0.1)
    loss = ours.squared_error(y, ours.forward(x, after, "sigmoid").outputs)[0]
    told = [*done.sums[0].ravel(), *done.values[1].ravel(), done.outputs.item(), error.item()]
    for pair in (*gradients, *after):
        told += [*pair[0].ravel(), *pair[1].ravel()]
    written = {float(text) for text in re.findall(r"-?\d+\.\d+", page.replace("−", "-"))}
    missing = [value for value in (*told, before, loss) if round(value, 4) + 0.0 not in written]
    assert not missing
