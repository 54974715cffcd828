import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines import optimization
from pipelines.config import Config

PLAIN = dict(
    optimizer="sgd",
    momentum=0,
    learning_rate=1.0,
    schedule="constant",
    warmup_epochs=0,
    weight_decay=0,
)


def schedule(kind="constant", peak=1.0, warmup=0, total=12, rate=0.1, every=3.0, final=0.0):
    return optimization.Schedule(kind, peak, warmup, total, rate, every, final)


def made(**settings):
    return optimization.optimizer(Config(steps_per_epoch=1, **{**PLAIN, **settings}))


def step(optimizer, variables, gradients):
    optimizer.apply([keras.ops.convert_to_tensor(g, "float32") for g in gradients], variables)
    return [keras.ops.convert_to_numpy(v.value).tolist() for v in variables]


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (dict(kind="constant"), {0: 1, 11: 1, 99: 1}),
        (dict(kind="constant", peak=0.5, warmup=4), {0: 0.125, 1: 0.25, 3: 0.5, 4: 0.5}),
        (dict(kind="step"), {0: 1, 2: 1, 3: 0.1, 5: 0.1, 6: 0.01}),
        (dict(kind="step", warmup=2), {0: 0.5, 1: 1, 4: 1, 5: 0.1}),
        (dict(kind="exponential"), {0: 1, 1: 0.1 ** (1 / 3), 3: 0.1, 6: 0.01}),
        (dict(kind="exponential", rate=0.5, every=1.0), {0: 1, 1: 0.5, 4: 0.0625}),
        (dict(kind="cosine"), {0: 1, 4: 0.75, 6: 0.5, 8: 0.25, 12: 0, 20: 0}),
        (dict(kind="cosine", final=0.2), {0: 1, 6: 0.6, 12: 0.2}),
        (dict(kind="cosine", peak=2.0, warmup=4), {0: 0.5, 3: 2, 4: 2, 8: 1, 12: 0}),
        (dict(kind="cosine", warmup=4), {5: (1 + math.cos(math.pi / 8)) / 2}),
    ],
)
def test_each_schedule_at_steps_worked_out_by_hand(arguments, values):
    made = schedule(**arguments)
    for step, value in values.items():
        assert float(made(step)) == pytest.approx(value, rel=1e-5, abs=1e-7), step


def test_a_schedule_comes_back_from_its_config():
    made = schedule("cosine", warmup=3, final=0.1)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(made))
    assert [float(again(i)) for i in range(13)] == [float(made(i)) for i in range(13)]


def test_settings_in_epochs_become_steps():
    made = optimization.schedule(
        Config(epochs=6, steps_per_epoch=8, warmup_epochs=1.5, schedule="step")
    )
    assert (made.warmup_steps, made.total_steps, made.decay_steps) == (
        12,
        48,
        16,
    )  # a third of six epochs
    made = optimization.schedule(Config(epochs=6, steps_per_epoch=8, decay_epochs=0.5))
    assert made.decay_steps == 4
    # A warm-up longer than half of the run would leave the schedule nothing.
    assert (
        optimization.schedule(Config(epochs=2, steps_per_epoch=5, warmup_epochs=9)).warmup_steps
        == 5
    )


def test_the_moving_average_by_hand_over_three_steps():
    optimizer, weight = made(learning_rate=0.1, ema=0.3), keras.Variable([1.0])
    optimizer.build([weight])
    averages = []
    for _ in range(3):
        step(optimizer, [weight], [[1.0]])
        averages.append(float(optimizer.averages[0][0]))
    first = 2 / 11 * 1 + 9 / 11 * 0.9  # the decay grows: 2/11, 3/12, 4/13, but not above 0.3
    second = 3 / 12 * first + 9 / 12 * 0.8
    assert averages == pytest.approx([first, second, 0.3 * second + 0.7 * 0.7], rel=1e-6)
    assert float(weight[0]) == pytest.approx(0.7)  # the weight itself goes as without the average


@pytest.mark.parametrize("rule", ["adamw", "adam", "sgd", "rmsprop", "lion"])
def test_the_average_changes_no_update(rule):
    weights = [keras.Variable([1.0, -2.0]) for _ in range(2)]
    for ema, weight in zip((0.0, 0.9), weights, strict=True):
        optimizer = made(
            optimizer=rule,
            ema=ema,
            weight_decay=0.1,
            clip_norm=1.0,
            momentum=0.9,
            learning_rate=0.1,
        )
        for gradient in ([3.0, 1.0], [-1.0, 0.5]):
            step(optimizer, [weight], [gradient])
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(w.value) for w in weights))


@pytest.mark.parametrize("ema", [0.0, 0.9])
@pytest.mark.parametrize("rule", ["sgd", "adamw", "rmsprop", "lion"])
def test_weight_decay_takes_kernels_and_leaves_biases_and_norms(rule, ema):
    net = keras.Sequential(
        [keras.layers.Dense(2), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    net.build((None, 2))
    for weight in net.trainable_variables:
        weight.assign(keras.ops.ones_like(weight))
    optimizer = made(optimizer=rule, ema=ema, weight_decay=0.1)
    values = step(
        optimizer,
        net.trainable_variables,
        [keras.ops.zeros(v.shape) for v in net.trainable_variables],
    )
    for variable, value in zip(net.trainable_variables, values, strict=True):
        wanted = 0.9 if variable.name == "kernel" else 1.0  # w - rate * decay * w, with a rate of 1
        np.testing.assert_allclose(value, wanted, rtol=1e-6, err_msg=variable.path)


def test_adam_has_no_weight_decay():
    assert step(made(optimizer="adam", weight_decay=0.5), [keras.Variable([1.0])], [[0.0]]) == [
        [1.0]
    ]


def test_gradients_are_clipped_by_their_common_norm():
    variables = [keras.Variable([0.0]), keras.Variable([0.0])]
    moved = step(made(clip_norm=1.0), variables, [[3.0], [4.0]])
    np.testing.assert_allclose(moved, [[-0.6], [-0.8]], rtol=1e-6)
    variables = [keras.Variable([0.0]), keras.Variable([0.0])]
    assert step(made(), variables, [[3.0], [4.0]]) == [[-3.0], [-4.0]]


def test_nesterov_momentum_by_hand():
    weight = keras.Variable([0.0])
    optimizer = made(momentum=0.5)
    # v = 0.5 v - g; w += 0.5 v - g, so: v = -1, w = -1.5; v = -1.5, w = -1.5 - 0.75 - 1
    assert step(optimizer, [weight], [[1.0]]) == [[-1.5]]
    assert step(optimizer, [weight], [[1.0]]) == [[-3.25]]


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_decay_follows_the_lower_rate_and_the_optimizer_owns_no_weight(ema):
    slow, fast = (
        keras.Variable(np.ones((2, 2), np.float32), name=name)
        for name in ("slow_kernel", "fast_kernel")
    )
    optimizer = optimization.optimizer(
        Config(learning_rate=0.1, schedule="constant", warmup_epochs=0, weight_decay=0.5, ema=ema),
        [(slow, 0.2)],
    )
    optimizer.build([slow, fast])
    optimizer.apply([keras.ops.zeros((2, 2))] * 2)
    np.testing.assert_allclose(slow, np.full((2, 2), 1 - 0.1 * 0.2 * 0.5), rtol=1e-6)
    np.testing.assert_allclose(fast, np.full((2, 2), 1 - 0.1 * 0.5), rtol=1e-6)
    assert not {id(slow), id(fast)} & {id(v) for v in optimizer.variables}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_adagrad_of_touched_rows_is_adagrad(jit_compile):
    start = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    ids, wanted = np.array([4, 1, 4, 4]), start[:4] + 1
    table, memory, expected = tf.Variable(start), np.zeros((6, 3)), start.copy()
    rule = optimization.TouchedAdagrad(learning_rate=0.1)
    rule.build([table])

    @tf.function(jit_compile=jit_compile)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(tf.gather(table, ids) - wanted))
        rule.apply([tape.gradient(loss, table)], [table])

    for _ in range(3):
        step()
        gradient = np.zeros((6, 3))
        np.add.at(gradient, ids, 2 * (expected[ids] - wanted))
        memory += gradient**2
        expected -= 0.1 * gradient / np.sqrt(np.maximum(memory, 1e-12))
    np.testing.assert_allclose(table, expected, rtol=1e-4)
    np.testing.assert_array_equal(table.numpy()[[0, 2, 3, 5]], start[[0, 2, 3, 5]])


@pytest.mark.parametrize("rule", ["adamw", "adam", "sgd", "rmsprop", "lion"])
def test_no_weight_decay_can_be_asked_of_every_rule(rule):
    made = optimization.optimizer(Config(optimizer=rule, weight_decay=0.0, steps_per_epoch=1))
    weight = keras.Variable(np.ones((2, 2), np.float32), name="kernel")
    made.apply([np.zeros((2, 2), np.float32)], [weight])
    np.testing.assert_array_equal(weight, np.ones((2, 2)))
