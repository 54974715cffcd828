"""Boltzmann machines against sums over all states: energies, gradients, log Z, mean field."""

import itertools
import math

import numpy as np
import pytest
from keras import ops

from pipelines.models import boltzmann as nets
from pipelines.models import contrastive
from pipelines.ops import boltzmann, partition
from pipelines.ops.boltzmann import Machine, Noise

# Three visible and two hidden units.
SMALL = Machine(
    np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]]),
    np.array([0.2, -0.4, 0.1]),
    np.array([-0.3, 0.6]),
)
PIXELS = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1], [1, 0, 1]], float)


def states(count):
    return np.array(list(itertools.product([0.0, 1.0], repeat=count)))


def weights(own):
    """exp(-energy) of all states, (2^V, 2^H), by the definition of the energy."""
    return np.array([
        [np.exp(x @ own.visible + h @ own.hidden + x @ own.weights @ h)
         for h in states(len(own.hidden))] for x in states(len(own.visible))
    ])  # fmt: skip


def log_likelihood(own, pixels):
    """The mean over pixels, by all states."""
    table = weights(own)
    numbers = (pixels @ 2 ** np.arange(pixels.shape[1])[::-1]).astype(int)
    return float(np.log(table.sum(1)[numbers] / table.sum()).mean())


def tensors(own):
    return Machine(*(ops.convert_to_tensor(values, "float32") for values in own))


def made(visible, hidden, seed=0, scale=0.7):
    random = np.random.default_rng(seed)
    sizes = ((visible, hidden), (visible,), (hidden,))
    return Machine(*(random.normal(0, scale, size) for size in sizes))


def test_free_energy_is_minus_the_log_of_the_sum_over_hidden_states():
    found = boltzmann.free_energy(ops.convert_to_tensor(states(3), "float32"), tensors(SMALL))
    np.testing.assert_allclose(found, -np.log(weights(SMALL).sum(1)), rtol=1e-5)


def test_conditional_probabilities_are_shares_of_all_states():
    table, own = weights(SMALL), tensors(SMALL)
    every = ops.convert_to_tensor(states(3), "float32")
    wanted = table @ states(2) / table.sum(1, keepdims=True)
    np.testing.assert_allclose(boltzmann.hidden_probability(every, own), wanted, rtol=1e-5)
    hidden = ops.convert_to_tensor(states(2), "float32")
    wanted = table.T @ states(3) / table.sum(0)[:, None]
    found = ops.sigmoid(boltzmann.visible_input(hidden, own))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def true_moments(own):
    """Those of data PIXELS and of the model, the latter over all states."""
    table = weights(own) / weights(own).sum()
    every, hidden = states(len(own.visible)), states(len(own.hidden))
    model = contrastive.Moments(
        table.sum(1) @ every, table.sum(0) @ hidden, every.T @ table @ hidden
    )
    x = ops.convert_to_tensor(PIXELS, "float32")
    return contrastive.moments(x, boltzmann.hidden_probability(x, tensors(own))), model


def moved(own, field, place, by):
    values = [array.copy() for array in own]
    values[field][place] += by
    return Machine(*values)


def test_the_gradient_is_the_slope_of_the_log_likelihood():
    found = contrastive.gradient(*true_moments(SMALL), is_centred=False)
    for field, array in enumerate(SMALL):
        for place in np.ndindex(array.shape):
            up, down = (
                log_likelihood(moved(SMALL, field, place, by), PIXELS) for by in (1e-4, -1e-4)
            )
            assert float(np.asarray(found[field])[place]) == pytest.approx(
                (up - down) / 2e-4, abs=2e-5
            )


def test_a_centred_step_does_not_depend_on_which_value_is_called_one():
    """Melchior et al. 2016, section 3: with a unit turned over, the step is the same one."""
    step = contrastive.gradient(*true_moments(SMALL), is_centred=True)
    turned = Machine(
        SMALL.weights * np.array([-1, 1, 1])[:, None],
        SMALL.visible * [-1, 1, 1],
        SMALL.hidden + SMALL.weights[0],
    )
    data, model = (
        contrastive.Moments(
            m.visible * np.float32([-1, 1, 1]) + np.float32([1, 0, 0]),
            m.hidden,
            np.concatenate([(m.hidden - m.products[0])[None], m.products[1:]]),
        )
        for m in true_moments(SMALL)
    )
    assert log_likelihood(turned, np.abs(PIXELS - [1, 0, 0])) == pytest.approx(
        log_likelihood(SMALL, PIXELS)
    )
    other = contrastive.gradient(data, model, is_centred=True)
    np.testing.assert_allclose(other.weights[0], -step.weights[0], atol=1e-6)
    np.testing.assert_allclose(other.weights[1:], step.weights[1:], atol=1e-6)
    np.testing.assert_allclose(other.visible[0], -step.visible[0], atol=1e-6)
    np.testing.assert_allclose(other.hidden, step.hidden + step.weights[0], atol=1e-6)


def test_steps_reach_the_distribution_of_the_data():
    """Four pictures of three pixels: two hidden units can learn their shares exactly."""
    rule = contrastive.Rule(gibbs_steps=3, chains=500, average=0.99)
    learner = contrastive.Learner((3, 2), rule)
    start = Machine(np.full((3, 2), 0.01) * [1, -1], np.zeros(3), np.zeros(2))
    learner.begin(start, np.zeros(3), seed=0)
    x = ops.convert_to_tensor(PIXELS, "float32")
    for step in range(150):
        learner.step(x, 0.5, seed=0, step=step, done=step)
    best = -(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25))
    found = log_likelihood(
        Machine(*(np.asarray(values, float) for values in learner.average)), PIXELS
    )
    assert -best - 0.12 < found <= -best
    assert log_likelihood(start, PIXELS) < -best - 0.5


def test_gibbs_samples_have_the_shares_of_the_model():
    random = np.random.default_rng(0)
    noise = Noise(*(random.random((20_000, 12, units), np.float32) for units in (2, 3)))
    start = ops.zeros((20_000, 3))
    found, odds = boltzmann.gibbs(start, tensors(SMALL), noise)
    numbers = (np.asarray(found) @ [4, 2, 1]).astype(int)
    shares = np.bincount(numbers, minlength=8) / len(numbers)
    wanted = weights(SMALL).sum(1) / weights(SMALL).sum()
    np.testing.assert_allclose(shares, wanted, atol=0.012)  # three standard errors
    np.testing.assert_allclose(np.mean(odds, 0), wanted @ states(3), atol=0.012)


def test_log_z_is_the_same_from_either_side_and_by_all_states():
    for own in (SMALL, made(4, 7), made(7, 4)):
        wanted = math.log(weights(own).sum())
        turned = Machine(own.weights.T, own.hidden, own.visible)
        assert partition.exact(own) == pytest.approx(wanted)
        assert partition.exact(turned) == pytest.approx(wanted)


@pytest.mark.parametrize("block", [2**18, 2**11, 8])
def test_log_z_of_more_states_than_are_looked_at_at_once(block, monkeypatch):
    monkeypatch.setattr(partition, "BLOCK", block)  # in the last case one state at a time
    own = made(30, 14, seed=1)
    more = made(14, 16, seed=1)  # 2^14 states, by the visible side
    x = states(14)
    sums = x @ own.hidden + np.logaddexp(0, x @ own.weights.T + own.visible).sum(1)
    assert partition.exact(own) == pytest.approx(np.logaddexp.reduce(sums))
    sums = x @ more.visible + np.logaddexp(0, x @ more.weights + more.hidden).sum(1)
    assert partition.exact(more) == pytest.approx(np.logaddexp.reduce(sums))


def test_large_pictures_are_summed_in_blocks_of_few_states(monkeypatch):
    own, sizes = made(5000, 8, seed=1, scale=0.01), []
    whole = partition._summed

    def seen(given, bias, is_gaussian):
        sizes.append(given.size)
        return whole(given, bias, is_gaussian)

    monkeypatch.setattr(partition, "_summed", seen)
    partition.exact(own)
    assert max(sizes) <= 2**18
    assert sum(sizes) == 2**8 * 5000


def test_a_sum_of_too_many_terms_is_estimated():
    assert partition.is_exact(np.zeros((3, 2)), most=2**2 * 3)
    assert not partition.is_exact(np.zeros((3, 2)), most=2**2 * 3 - 1)
    assert partition.is_exact(np.zeros((2, 3)), most=2**2 * 3)
    assert not partition.is_exact(np.zeros((2, 3)), is_gaussian=True, most=2**3 * 2 - 1)
    assert not partition.is_exact(np.zeros((2, 21)), is_gaussian=True)
    layer = nets.Boltzmann(4)
    layer.build((None, 5))
    layer.assign(made(5, 4))
    summed, estimated = (layer.estimate(20, 10, 0, most) for most in (80, 79))
    assert summed.low == summed.value == summed.high
    assert estimated.low < estimated.high


def test_log_z_of_gaussian_units_is_the_integral():
    own = Machine(np.array([[0.8, -0.5]]), np.array([0.3]), np.array([0.1, -0.2]))
    grid = np.linspace(-12, 12, 20_001)[:, None]
    energy = boltzmann.free_energy(ops.convert_to_tensor(grid, "float32"), tensors(own), True)
    area = float(np.exp(-np.asarray(energy, float)).sum() * (grid[1, 0] - grid[0, 0]))
    assert partition.exact(own, is_gaussian=True) == pytest.approx(math.log(area), abs=1e-5)


@pytest.mark.parametrize("is_gaussian", [False, True])
def test_annealing_finds_log_z_within_a_tenth_and_says_how_sure_it_is(is_gaussian):
    own = made(20, 10, seed=2, scale=0.3 if is_gaussian else 0.7)
    exact = partition.exact(own, is_gaussian)
    found = partition.annealed(own, np.zeros(20), 500, 100, seed=0, is_gaussian=is_gaussian)
    assert found.value == pytest.approx(exact, abs=0.1)
    assert found.low < found.value < found.high
    widths = [
        partition.annealed(own, np.zeros(20), steps, 100, 0, is_gaussian) for steps in (10, 500)
    ]
    assert widths[0].high - widths[0].low > widths[1].high - widths[1].low


def deep(pixels=3, first=2, second=2):
    """A machine of two hidden layers, as one whose visible units are pixels and the second layer."""
    return made(pixels + second, first, seed=3)


def test_a_deep_machine_sums_over_both_layers():
    own, x = deep(), states(3)
    table = weights(own).reshape(8, 4, 4)  # pixels, second layer, first layer
    found = boltzmann.summed(ops.convert_to_tensor(x, "float32"), tensors(own), 2)
    np.testing.assert_allclose(found, np.log(table.sum((1, 2))), rtol=1e-5)


def test_mean_field_comes_to_its_fixed_point_and_bounds_the_likelihood():
    own, x = deep(5, 4, 3), states(5).astype(np.float32)
    first, second = (np.asarray(values) for values in boltzmann.mean_field(x, tensors(own), 3, 100))
    below, across = own.weights[:5], own.weights[5:]

    def sigmoid(values):
        return 1 / (1 + np.exp(-values))

    np.testing.assert_allclose(first, sigmoid(x @ below + second @ across + own.hidden), atol=1e-4)
    np.testing.assert_allclose(second, sigmoid(first @ across.T + own.visible[5:]), atol=1e-4)
    bound = np.asarray(boltzmann.bound(x, first, second, tensors(own)))
    true = np.asarray(boltzmann.summed(x, tensors(own), 3))
    assert (bound <= true + 1e-4).all()
    assert (true - bound).max() < 0.5
    other = boltzmann.bound(x, np.full_like(first, 0.5), second, tensors(own))
    assert (np.asarray(other) < bound).all()  # the fixed point is the best of its kind


def test_a_layer_gives_likelihoods_that_add_up_to_one():
    for latent in (0, 2):
        layer = nets.Boltzmann(4, latent)
        layer.build((None, 5))
        layer.assign(made(5 + latent, 4, seed=4))
        layer.estimate(1, 2, 0)
        found = layer(ops.convert_to_tensor(states(5), "float32"))
        assert np.exp(np.asarray(found["log_likelihood"], float)).sum() == pytest.approx(
            1, abs=1e-4
        )
        assert found["latent"].shape == (32, 4 + latent)


def test_a_density_of_gaussian_pixels_adds_up_to_one():
    layer = nets.Boltzmann(3, is_gaussian=True)
    layer.build((None, 1))
    layer.begin(np.array([0.4]), np.array([0.2]), seed=0)
    layer.assign(Machine(np.array([[0.9, -0.7, 0.2]]), np.array([0.1]), np.array([0.3, 0.1, -1.0])))
    layer.estimate(1, 2, 0)
    grid = np.linspace(-2, 3, 5001, dtype=np.float32)[:, None]
    density = np.exp(np.asarray(layer.judge(ops.convert_to_tensor(grid))["log_likelihood"], float))
    assert density.sum() * 0.001 == pytest.approx(1, abs=1e-3)
