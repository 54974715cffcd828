"""The adversarial loss in one `compute_loss`, beside two optimizers that take turns or step at once."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines import catalog
from pipelines.config import settings
from pipelines.families import adversarial_pairs
from pipelines.losses import adversarial as losses
from pipelines.models import adversarial, critics

STEPS, RATE = 30, 0.02


def players():
    inputs = keras.Input((2,), name="z")
    dense = keras.layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(1), name="g")
    net = adversarial.Adversarial({"z": inputs}, {"x": dense(inputs)})
    x = keras.Input((2,))
    hidden = keras.layers.Dense(8, "tanh", kernel_initializer=keras.initializers.GlorotUniform(2))(
        x
    )
    critic = keras.Model(
        x, keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(3))(hidden)
    )
    return net.attach({"critic": critic})


def batches():
    random = np.random.default_rng(0)
    return [
        (random.normal(size=(16, 2)).astype("f"), random.normal(2, 1, (16, 2)).astype("f"))
        for _ in range(STEPS)
    ]


def rule(net, x, y, outputs, training):
    critic = adversarial.Asked(net.partners["critic"])
    return sum(adversarial_pairs.losses_of("plain", critic, outputs["x"], y))


def reference(turns):
    """Weights after plain steps of two optimizers; `turns`: the critic first, and the generator sees the new one."""
    net = players()
    critic = net.partners["critic"]
    generator = [
        v for v in net.trainable_variables if not any(v is c for c in critic.trainable_variables)
    ]
    first, second = keras.optimizers.Adam(RATE), keras.optimizers.Adam(RATE)
    for z, real in batches():
        with tf.GradientTape() as tape:
            loss = losses.critic(
                "plain", critic(tf.stop_gradient(net({"z": z})["x"])), critic(real)
            )
        of_critic = tape.gradient(loss, [v.value for v in critic.trainable_variables])
        if turns:
            second.apply(of_critic, critic.trainable_variables)
        with tf.GradientTape() as tape:
            loss = losses.generator("plain", critic(net({"z": z})["x"]))
        first.apply(tape.gradient(loss, [v.value for v in generator]), generator)
        if not turns:
            second.apply(of_critic, critic.trainable_variables)
    return net.get_weights()


@pytest.mark.parametrize(("compiled", "trace"), [(True, 0), (False, 1), (False, 2), (False, 3)])
def test_one_loss_is_two_optimizers_at_once_and_near_alternating_ones(compiled, trace):
    # Where weights are read twice, a graph without XLA is wrong in about half of its traces.
    net = players()
    start = net.get_weights()
    net.rule = rule
    net.compile(optimizer=keras.optimizers.Adam(RATE), jit_compile=compiled)
    for z, real in batches():
        net.train_on_batch({"z": z}, real)
    for ours, theirs in zip(net.get_weights(), reference(turns=False), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    moved = sum(np.abs(a - b).sum() for a, b in zip(net.get_weights(), start, strict=True))
    apart = sum(
        np.abs(a - b).sum() for a, b in zip(net.get_weights(), reference(turns=True), strict=True)
    )
    assert 0 < apart < 0.1 * moved


def test_critics_are_saved_with_the_model_in_safe_mode(tmp_path):
    inputs = keras.Input((8, 8, 3), name="image")
    net = adversarial.Adversarial({"image": inputs}, {"image": keras.layers.Conv2D(3, 1)(inputs)})
    net.attach({"critic": critics.patch_critic(4, 1)})
    net.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras", safe_mode=True)
    assert len(loaded.get_weights()) == len(net.get_weights()) > 2
    for a, b in zip(loaded.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_losses_worked_out_by_hand():
    even = np.zeros((2, 1), np.float32)  # a critic that knows nothing
    assert np.isclose(losses.generator("plain", even), np.log(2))
    assert np.isclose(losses.critic("plain", even, even), np.log(2))
    assert np.isclose(losses.generator("relativistic", even, even), np.log(2))
    assert np.isclose(losses.critic("least_squares", even + 1, even + 1), 0.5)
    assert np.isclose(losses.generator("least_squares", even + 3), 4.0)
    assert np.isclose(losses.critic("hinge", even + 3, even - 1), (4 + 2) / 2)
    assert np.isclose(losses.critic("hinge", even - 2, even + 2), 0.0)
    assert np.isclose(losses.critic("wasserstein", even + 3, even + 1), 2.0)
    assert np.isclose(losses.generator("hinge", even + 3), -3.0)
    assert np.isclose(losses.generator("wasserstein", even + 3), -3.0)
    assert np.isclose(losses.slope_penalty(np.array([1.0, 3.0])), 2.0)
    # Real ones lie 2 above: softplus(-2) for either side.
    assert np.isclose(losses.critic("relativistic", even, even + 2), np.log1p(np.exp(-2)))


@pytest.mark.parametrize(
    ("name", "left_out"),
    [("gan", set()), ("srgan", {"hinge", "wasserstein"}), ("cyclegan", {"hinge", "wasserstein"})],
)
def test_losses_are_called_alike_in_every_method(name, left_out):
    fields = {field.name: field for field in settings(catalog.method(name).Config)}
    assert {*fields["adversarial"].metadata["choices"], *left_out} == {*losses.KINDS}
