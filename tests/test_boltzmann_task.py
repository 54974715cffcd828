"""Restricted and deep Boltzmann machines as methods: resuming, pretraining, programs, bad input."""

import itertools
import math

import keras
import numpy as np
import pytest
from PIL import Image

import pipelines
from pipelines.edge import draws
from pipelines.engine.training import setup
from pipelines.errors import PipelineError, Refused
from pipelines.metrics import likelihood
from pipelines.ops import boltzmann, partition
from pipelines.ops.boltzmann import Noise
from pipelines.tasks.generation import _boltzmann

TINY = {"epochs": 2, "batch_size": 10, "chains": 4, "gibbs_steps": 1, "hidden": 5, "ais_steps": 10}
NET = "machine"


def data(count=40):
    """Pictures of stripes, 8 x 8, with noise."""
    chance = np.random.default_rng(0)
    stripes = np.where(np.arange(8) % 2, 200, 40)[None, :, None]
    pictures = (
        stripes + chance.normal(0, 60, (count, 8, 8)) + 60 * (np.arange(count) % 3)[:, None, None]
    )
    return {"image": list(np.clip(pictures, 0, 255).astype(np.uint8))}


def made(name, **given):
    found = setup.set_up(name, data(), {**TINY, **given})
    return found.method, found.config, found.source


def trained(method, config, source, stop):
    """(net, memory) after the steps of the phases up to step `stop` of the run."""
    net, step = method.model(config), 0
    for phase in method.phases(config):
        phase.begin(net)
        end = min(stop, step + phase.config.epochs * config.steps_per_epoch)
        for _ in itertools.islice(phase.steps(net, source, step), end - step):
            step += 1
    return net, phase.memory()


def arrays(net, memory):
    return [np.asarray(v.value).tobytes() for v in [*net.variables, *memory]]


@pytest.mark.parametrize("name", ["rbm", "dbm"])
def test_a_training_goes_on_to_the_byte_with_its_chains(name):
    method, config, source = made(name)
    net, memory = trained(method, config, source, 5)
    other, kept = trained(method, config, source, 3)
    again = method.model(config)
    (phase,) = method.phases(config)
    phase.begin(again)
    assert not np.array_equal(np.asarray(kept[-1].value), np.asarray(memory[-1].value))
    for new, old in zip(
        [*again.variables, *phase.memory()], [*other.variables, *kept], strict=True
    ):
        new.assign(np.asarray(old.value))
    list(itertools.islice(phase.steps(again, source, 3), 2))
    assert arrays(again, phase.memory()) == arrays(net, memory)


def test_a_rate_at_which_it_is_lost_ends_with_a_clear_line(tmp_path):
    with pytest.raises(
        Refused, match="training diverged: the loss became inf.*Lower learning_rate"
    ) as e:
        pipelines.train(
            "rbm", data(), tmp_path / "run", **{**TINY, "epochs": 30, "learning_rate": 10}
        )
    assert "clip_norm" not in str(e.value)


def test_layers_are_trained_one_by_one_and_then_both():
    method, config, source = made("dbm", epochs=5, pretrain_epochs=1, top=3)
    names = [(phase.name, phase.config.epochs) for phase in method.phases(config)]
    assert names == [("first layer", 1), ("second layer", 1), ("both layers", 3)]
    size = config.steps_per_epoch
    first, after, whole = (
        trained(method, config, source, count * size)[0].get_layer(NET).numbers
        for count in (1, 2, 5)
    )
    start = np.random.default_rng(0).normal(0, 0.01, (67, 5)).astype(np.float32)
    below, across = (np.asarray(first["weights"])[part] for part in (slice(64), slice(64, None)))
    assert np.abs(below - start[:64]).max() > 1e-3
    np.testing.assert_array_equal(across, start[64:])
    np.testing.assert_array_equal(np.asarray(after["weights"])[:64], below)
    np.testing.assert_array_equal(after["hidden_bias"], first["hidden_bias"])
    assert np.abs(np.asarray(after["weights"])[64:] - across).max() > 1e-4
    assert np.abs(np.asarray(whole["weights"])[:64] - below).max() > 1e-4
    for numbers in (first, after, whole):  # each epoch is judged by log Z of its own weights
        own = [numbers[name] for name in ("weights", "visible_bias", "hidden_bias")]
        wanted = partition.exact(boltzmann.Machine(*own))
        np.testing.assert_allclose(np.asarray(numbers["log_z"]), wanted, rtol=1e-5)


def test_pretraining_must_leave_epochs_for_both_layers():
    method, config, _ = made("dbm", epochs=4, pretrain_epochs=2)
    with pytest.raises(PipelineError, match="leaves none of epochs=4 for both. Set epochs=5"):
        method.phases(config)


def test_pixels_with_shades_need_gaussian_units():
    with pytest.raises(PipelineError, match="threshold=0 keeps all shades. Set threshold=0.5"):
        made("rbm", threshold=0)
    _, config, _ = made("rbm", visible="gaussian")
    assert config.threshold == 0
    assert made("rbm")[1].threshold == 0.5
    with pytest.raises(
        PipelineError, match=r"keeps all shades; got threshold=0.3. Leave threshold"
    ):
        made("rbm", visible="gaussian", threshold=0.3)


@pytest.mark.parametrize(
    ("name", "given"), [("rbm", {}), ("rbm", {"visible": "gaussian"}), ("dbm", {"top": 3})]
)
def test_programs_say_what_the_net_says_and_draw_from_it(name, given):
    method, config, source = made(name, **given)
    net, _ = trained(method, config, source, 4)
    inputs, _ = source.held_out("train").sample(3)
    programs = method.programs(net, config, inputs)

    def run(values, program):
        found = programs[program].call(
            {k: keras.ops.convert_to_tensor(v) for k, v in values.items()}
        )
        return {key: np.asarray(value) for key, value in found.items()}

    found, wanted = method.answer(run, inputs, config), net(inputs)
    for key, value in found.items():
        np.testing.assert_allclose(value, wanted[key], rtol=1e-4, atol=1e-4)
    noise = draws.batch(method._maker(config).draws, 0, 2)
    pictures = run(noise, "sample")["image"]
    assert pictures.shape == (2, 8, 8, 1)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert not np.array_equal(pictures[0], pictures[1])
    layer = net.get_layer(NET)
    if name == "rbm" and not given:  # its random numbers decide, and the last step gives means
        start = (np.asarray(layer.numbers["base"]) > 0).astype(np.float32)
        _, odds = boltzmann.gibbs(np.stack([start, start]), layer.machine, Noise(**noise))
        np.testing.assert_allclose(pictures.reshape(2, -1), odds, atol=1e-6)


def test_the_floor_is_that_of_pixels_that_do_not_depend_on_each_other():
    method, config, source = made("rbm")
    part = source.held_out("validation")
    flat = np.concatenate([t["image"] for _, t in part.batches()]).reshape(len(part), -1)
    total = 0.0
    for pixel in flat.T:
        for value in (0, 1):
            share = (pixel == value).mean()
            total += share * math.log(share) if share else 0.0
    assert method.floor(part, config) == pytest.approx(total)


def test_likelihoods_are_means_over_examples_and_bits_over_dimensions():
    metric = likelihood.Likelihood(["elbo", "log_likelihood"])
    assert math.isnan(metric.result()["elbo"])
    targets = {"image": np.zeros((2, 2, 2, 1))}
    metric.update_state(targets, {"elbo": np.array([-1.0, -3.0])})
    metric.update_state({"image": np.zeros((1, 2, 2, 1))}, {"elbo": np.array([-5.0])})
    found = metric.result()
    assert found == {"elbo": -3.0, "bits_per_dimension": pytest.approx(3 / 4 / math.log(2))}
    density = likelihood.Likelihood(["elbo"], math.log(256))  # each number is one of 256 shades
    density.update_state(targets, {"elbo": np.array([-1.0, -3.0])})
    assert density.result()["bits_per_dimension"] == pytest.approx(8 + 2 / 4 / math.log(2))


def test_filters_are_weights_as_pictures_each_on_its_own_scale(tmp_path):
    weights = np.zeros((4, 2))
    weights[:, 1] = [2.0, -2.0, 1.0, 0.0]
    found = _boltzmann.filters(weights, (2, 2, 1))
    assert (found == 128).all(-1).sum() >= 5  # the first unit, and a weight of the other
    assert {0, 255, 191} <= set(found[..., 0].ravel().tolist())
    method, config, _ = made("rbm")
    method.attachments(method.model(config), config)["filters.png"](tmp_path / "filters.png")
    with Image.open(tmp_path / "filters.png") as picture:
        assert min(picture.size) >= 2 * 8  # five units in three columns, two rows
