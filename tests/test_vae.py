"""Variational and other autoencoders: their terms by hand, what they say, bad input."""

import math
import types

import keras
import numpy as np
import pytest
from scipy import integrate, stats

from pipelines import catalog
from pipelines.engine.proof import doubts
from pipelines.engine.training import setup
from pipelines.errors import PipelineError, Refused
from pipelines.losses import evidence as losses
from pipelines.losses import reconstruction
from pipelines.metrics import alarms, evidence, latent_map
from pipelines.models import coders, strangeness, variational
from pipelines.ops import noise
from pipelines.tasks.generation import vae

SMALL = dict(width=4, latent_size=2)


def data(count=40, size=(8, 8), seed=0):
    made = np.random.default_rng(seed).integers(0, 256, (count, *size), np.uint8)
    return {"image": made, "label": np.arange(count) % 2}


def model(name, given, of=None):
    """(method, resolved config, untrained net, first batch of training) on few pictures."""
    made = setup.set_up(name, of or data(), {**SMALL, **given})
    batch = next(iter(made.source.train(0, None).as_numpy_iterator()))
    return made.method, made.config, made.method.model(made.config), batch


# The terms.


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (1.5, 0.3), (-0.2, 4.0)])
def test_the_divergence_is_the_integral(mean, variance):
    own, prior = stats.norm(mean, math.sqrt(variance)), stats.norm()

    def density(x):
        return own.pdf(x) * (own.logpdf(x) - prior.logpdf(x))

    wanted, _ = integrate.quad(density, mean - 20, mean + 20)
    found = evidence.divergence(np.array([mean]), np.array([math.log(variance)]))
    assert found == pytest.approx([wanted], abs=1e-7)
    ours = variational.divergence(np.float32([mean]), np.float32([math.log(variance)]))
    assert keras.ops.convert_to_numpy(ours) == pytest.approx([wanted], abs=1e-5)


def test_likelihoods_are_those_of_scipy():
    chance = np.random.default_rng(0)
    pixels = chance.normal(0, 2, (3, 2, 2, 1)).astype(np.float32)
    means = 1 / (1 + np.exp(-pixels.astype(np.float64)))
    black_or_white = chance.integers(0, 2, (3, 2, 2, 1)).astype(np.uint8) * 255
    wanted = stats.bernoulli(means).logpmf(black_or_white // 255).sum((1, 2, 3))
    layer = variational.Likelihood("bernoulli")
    np.testing.assert_allclose(layer(black_or_white, pixels), wanted, rtol=1e-5)
    np.testing.assert_allclose(evidence.bernoulli(black_or_white / 255, means), wanted, rtol=1e-9)
    shades = chance.integers(0, 256, (3, 2, 2, 1)).astype(np.uint8)
    layer = variational.Likelihood("gaussian")
    wanted = stats.norm(means, 0.2).logpdf(shades / 255).sum((1, 2, 3))  # what it begins with
    np.testing.assert_allclose(layer(shades, pixels), wanted, rtol=1e-4)
    np.testing.assert_allclose(evidence.gaussian(shades / 255, means, 0.2), wanted, rtol=1e-9)


def test_the_loss_weighs_the_divergence():
    given = {"divergence": np.float32([[1, 2], [0, 1]]), "log_likelihood": np.float32([-10, -4])}
    loss = losses.NegativeBound().call({"weight": np.float32([0.5, 0.5])}, given)
    assert float(loss) == pytest.approx((1.5 + 10 + 0.5 + 4) / 2)


def test_weights_of_the_true_posterior_are_the_likelihood_itself():
    # z ~ N(0, 1), x = z + N(0, 0.25): the posterior of x = 0.8 has variance 0.2 and mean 0.64.
    noise = np.random.default_rng(0).standard_normal((50, 1))
    z = 0.64 + math.sqrt(0.2) * noise
    decoded = {
        "latent": np.full((50, 1), 0.64),
        "log_variance": np.full((50, 1), math.log(0.2)),
        "log_likelihood": stats.norm(z[:, 0], 0.5).logpdf(0.8),
    }
    wanted = stats.norm(0, math.sqrt(1.25)).logpdf(0.8)
    found = evidence.weights(decoded, noise)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    np.testing.assert_allclose(evidence.importance_bound(found[:, None]), [wanted], rtol=1e-9)


def test_the_bound_is_the_logarithm_of_the_mean_weight():
    weights = np.log([[1.0, 4.0], [3.0, 4.0]])  # two draws of two pictures
    np.testing.assert_allclose(evidence.importance_bound(weights), np.log([2.0, 4.0]))


def test_evidence_counts_nats_bits_and_active_units():
    metric = evidence.Evidence(dimensions=4)
    latent = np.array([[1.0, 0.05], [-1.0, -0.05]] * 5)
    for row in range(10):
        assert "active_units" not in metric.result()  # of so few pictures it says nothing
        part = {
            "latent": latent[row : row + 1],
            "divergence": np.array([[0.5, 0.25]]),
            "log_likelihood": np.array([-3.0 - row % 2]),
        }
        metric.update_state({}, part)
    found = metric.result()
    assert found["elbo"] == pytest.approx(-4.25)
    assert found["divergence"] == pytest.approx(0.75)
    assert found["active_units"] == 1  # variances 1 and 0.0025
    assert found["bits_per_dimension"] == pytest.approx(4.25 / (4 * math.log(2)))
    # A density gains log(256) nats for each number that has 256 shades.
    assert evidence.bits(-4.25, 4, math.log(256)) == pytest.approx(8 + 4.25 / (4 * math.log(2)))


# A variational autoencoder.


def test_in_training_only_the_drawn_picture_is_decoded():
    method, config, net, (inputs, _) = model("vae", {})
    trained, judged = net(inputs, training=True), net(inputs, training=False)
    np.testing.assert_array_equal(trained["image"], trained["made"])
    still = net({**inputs, "noise": inputs["noise"] * 0}, training=True)
    np.testing.assert_allclose(judged["image"], still["image"], rtol=1e-5)
    assert not np.allclose(judged["image"], judged["made"])
    assert method.decode(judged, config)["image"].numpy().min() >= 0


def test_noise_is_new_in_training_and_the_weight_of_the_divergence_rises():
    given = dict(divergence_warmup=0.5, beta=2.0, epochs=8, batch_size=16)
    made = setup.set_up("vae", data(), {**SMALL, **given})
    steps = made.source.train(0, None).as_numpy_iterator()
    (first, begun), *others = (next(steps) for _ in range(16))
    assert begun["weight"] == pytest.approx(np.zeros(16))
    assert others[-1][1]["weight"] == pytest.approx(np.full(16, 2.0))
    assert not np.array_equal(first["noise"], others[0][0]["noise"])
    held = made.source.held_out("validation")
    again = [next(iter(held.batches().as_numpy_iterator())) for _ in range(2)]
    np.testing.assert_array_equal(again[0][0]["noise"], again[1][0]["noise"])
    assert again[0][1]["weight"] == pytest.approx(2.0)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_a_file_is_judged_as_the_model_is(likelihood):
    method, config, net, (inputs, _) = model("vae", {"likelihood": likelihood, "threshold": 0.5})
    programs = method.programs(net, config, inputs)

    def run(values, name):
        return {k: np.asarray(v) for k, v in programs[name].call(values).items()}

    wanted = method.decode(net(inputs, training=False), config)
    found = method.answer(run, inputs, config)
    assert found.keys() == wanted.keys()
    for name, values in found.items():
        np.testing.assert_allclose(values, wanted[name], rtol=2e-3, atol=1e-4, err_msg=name)


def test_the_floor_is_that_of_pixels_which_know_nothing():
    pictures = np.array([[0.0, 1.0], [1.0, 1.0]]).reshape(2, 1, 2, 1)
    part = types.SimpleNamespace(batches=lambda: [(None, {"image": pictures})])
    config = types.SimpleNamespace(likelihood="bernoulli")
    # One pixel is white in half of the pictures, and costs log 2; the other one always is.
    found = catalog.method("vae").floor(part, config)
    assert found == pytest.approx(-math.log(2), abs=1e-5)


def test_a_collapsed_posterior_is_said():
    method, config = catalog.method("vae"), types.SimpleNamespace(latent_size=16)
    (said,) = method.doubts({"active_units": 1.0}, config)
    assert "1 of 16 latent units say anything" in said
    assert method.doubts({"active_units": 2.0}, config) == ()
    assert method.doubts({}, config) == ()


def test_a_doubt_of_the_method_comes_with_a_training_and_a_result():
    method = catalog.method("vae")
    config = setup.set_up("vae", data(), {**SMALL, "latent_size": 16}).config
    pictures = [(None, {"image": np.ones((2, 1, 1, 1))})]
    part = type("Part", (), {"batches": lambda self: pictures, "__len__": lambda self: 2})()
    found = doubts.of_result(part, {"elbo": 1.0, "active_units": 0.0}, method, config)
    assert "posterior has collapsed" in doubts.text(found)
    history = [{"epoch": 1, "val_elbo": 1.0, "val_active_units": 0.0}]
    found = doubts.of_training(history, part, method, config)
    assert "posterior has collapsed" in doubts.text(found)


def test_a_class_goes_into_both_halves():
    method, config, net, (inputs, _) = model("vae", {"conditional": "on"})
    assert set(inputs["label"]) == {0, 1}
    other = net({**inputs, "label": 1 - inputs["label"]}, training=False)
    same = net(inputs, training=False)
    for name in ("latent", "image", "made"):
        assert not np.allclose(other[name], same[name]), name
    one_hot = coders.OneHot(3)(np.array([2, -1], np.int32))
    np.testing.assert_array_equal(one_hot, [[0, 0, 1], [0, 0, 0]])
    assert method.device(config)["conditional"]


def test_classes_that_are_not_there_cannot_be_asked_for():
    made = setup.set_up("vae", {"image": data()["image"]}, {**SMALL, "conditional": "on"})
    with pytest.raises(PipelineError, match="conditional=on needs a class of each picture"):
        made.source.held_out("train")


# An autoencoder.


def test_a_sparse_code_is_never_negative():
    _, _, net, (inputs, _) = model("autoencoder", {"sparsity": 0.1, "latent_size": 16})
    code = np.asarray(net(inputs, training=False)["latent"])
    assert code.min() == 0
    assert code.max() > 0


def test_a_linear_net_ends_at_black_and_white_in_every_file():
    method, config, net, (inputs, _) = model("autoencoder", {"net": "linear"})
    kernel, shift = net.get_layer("decoder").get_layer("pixels").weights
    shift.assign(np.linspace(-3, 3, 64))
    programs, raw = method.programs(net, config, inputs), net(inputs, training=False)

    def run(values, name):
        return {k: np.asarray(v) for k, v in programs[name].call(values).items()}

    wanted, found = method.decode(raw, config), method.answer(run, inputs, config)
    for name, values in found.items():
        np.testing.assert_allclose(values, wanted[name], rtol=1e-4, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(found["image"], np.clip(raw["image"], 0, 1), atol=1e-5)
    assert np.asarray(raw["image"]).max() > 1
    assert run(inputs, "reconstruct")["image"].max() == 1


def test_a_sparse_code_costs_its_size():
    given = {"image": np.float32([[0.5, 0.5]]), "latent": np.float32([[3, -1]])}
    loss = reconstruction.SquaredError(0.1).call({"image": np.float32([[0.5, 1.0]])}, given)
    assert float(loss) == pytest.approx(0.125 + 0.1 * 2)


def test_a_layer_is_trained_alone_through_those_outside_of_it():
    given = {"epochs": 9, "layer_epochs": 2, "depth": 2, "width": 6}
    method, config, net, (inputs, targets) = model("autoencoder", given)
    stages = method.phases(config)
    assert [(own.name, own.config.epochs) for own in stages] == [
        ("layer 1", 2), ("layer 2", 2), ("layer 3", 2), ("all layers", 3),
    ]  # fmt: skip
    outputs = net(inputs, training=False)
    stages[1].begin(net)
    trained = {v.path.split("/")[-2] for v in net.trainable_variables}
    assert trained == {"encoder_1", "decoder_0"} or trained == {"encoder_1", "decoder_1"}
    code = inputs["image"].reshape(len(inputs["image"]), -1) / np.float32(255)
    inwards = [net.get_layer("encoder").get_layer(f"encoder_{i}") for i in (0, 1)]
    outwards = [net.get_layer("decoder").get_layer(n) for n in ("decoder_0", "pixels")]
    for layer in (*inwards, *outwards):
        code = layer(code)
    made = 1 / (1 + np.exp(-code.numpy().reshape(inputs["image"].shape)))
    found = net.compute_loss(inputs, targets, outputs)
    assert float(found) == pytest.approx(np.mean((made - targets["image"]) ** 2), rel=1e-4)
    stages[3].begin(net)
    whole = np.mean((outputs["image"].numpy() - targets["image"]) ** 2)
    assert float(net.compute_loss(inputs, targets, outputs)) == pytest.approx(whole, rel=1e-4)


def test_a_picture_that_is_to_be_mended_is_corrupted_and_its_target_is_not():
    made = setup.set_up("autoencoder", data(), {**SMALL, "corruption": 0.2, "batch_size": 20})
    (inputs, targets), (again, _) = (
        next(iter(made.source.held_out("train").batches().as_numpy_iterator())) for _ in range(2)
    )
    np.testing.assert_array_equal(inputs["image"], again["image"])
    noise = inputs["image"] / 255 - targets["image"]
    inner = (inputs["image"] > 0) & (inputs["image"] < 255)  # not cut off at black or white
    assert noise[inner].std() == pytest.approx(0.2, abs=0.05)
    steps = made.source.train(0, None).as_numpy_iterator()
    (one, true), (two, _) = next(steps), next(steps)
    assert np.abs(true["image"] * 255 - np.round(true["image"] * 255)).max() < 1e-3
    assert not np.array_equal(one["image"], two["image"])


def test_the_threshold_is_chosen_on_held_out_pictures():
    method, config, net, (inputs, targets) = model("autoencoder", {"alarm_share": 0.25})
    before = np.asarray(net(inputs, training=False)["strangeness"])
    noted = method.calibrate(net, [(net(inputs, training=False), targets)], config)
    assert noted["threshold"] == pytest.approx(np.quantile(before, 0.75), rel=1e-5)
    after = np.asarray(net(inputs, training=False)["strangeness"])
    np.testing.assert_allclose(after, before / noted["threshold"], rtol=1e-5)
    again = method.calibrate(net, [(net(inputs, training=False), targets)], config)
    assert again["threshold"] == pytest.approx(noted["threshold"], rel=1e-5)


def test_what_is_to_be_mended_is_judged_as_pictures_come():
    method, config, net, (inputs, targets) = model("autoencoder", {"corruption": 0.5})
    clean = noise.shades(targets["image"]).numpy()
    np.testing.assert_array_equal(inputs["clean"], clean)
    outputs = {name: np.asarray(v) for name, v in net(inputs, training=False).items()}
    programs = method.programs(net, config, inputs)

    def run(values, name):
        return {k: np.asarray(v) for k, v in programs[name].call(values).items()}

    asked = run({"image": clean}, "reconstruct")  # as `predict` asks
    np.testing.assert_allclose(outputs["strangeness"], asked["strangeness"], rtol=1e-4)
    mended = run({"image": inputs["image"]}, "reconstruct")
    np.testing.assert_allclose(outputs["image"], mended["image"], rtol=1e-4)
    assert not np.allclose(asked["strangeness"], mended["strangeness"], rtol=1e-2)
    found = method.answer(run, inputs, config)
    np.testing.assert_allclose(found["strangeness"], asked["strangeness"], rtol=1e-4)
    noted = method.calibrate(net, [(outputs, targets)], config)
    assert noted["threshold"] == pytest.approx(np.quantile(asked["strangeness"], 0.95), rel=1e-4)


def test_unknown_classes_do_not_raise_the_threshold():
    method, config, net, _ = model("autoencoder", {"alarm_share": 0.5})
    values, labels = np.array([1.0, 2, 3, 50, 60]), np.array([0, 1, -1, -2, -2])
    noted = method.calibrate(net, [({"strangeness": values}, {"label": labels})], config)
    assert noted["threshold"] == pytest.approx(2)
    noted = method.calibrate(net, [({"strangeness": values}, {"label": labels * 0 - 2})], config)
    assert noted == {}


def test_strangeness_is_the_error_over_the_threshold():
    layer = strangeness.Strangeness()
    picture = np.full((1, 2, 2, 1), 255, np.uint8)
    assert float(layer(picture, np.full((1, 2, 2, 1), 0.5, np.float32))[0]) == pytest.approx(0.25)
    layer.threshold.assign(0.1)
    assert float(layer(picture, np.full((1, 2, 2, 1), 0.5, np.float32))[0]) == pytest.approx(2.5)


def test_alarms_tell_classes_that_training_had_not():
    metric = alarms.Alarms(strange=-2)
    values = np.array([0.1, 0.9, 0.5, 2.0])
    metric.update_state({"label": np.array([0, -2, 1, -2])}, {"strangeness": values})
    assert metric.result() == {"alarm_share": 0.25, "auc": 1.0}
    metric.reset_state()
    metric.update_state({"label": np.array([0, -2, 1, 1])}, {"strangeness": values})
    assert metric.result()["auc"] == pytest.approx(2 / 3)
    metric.reset_state()
    metric.update_state({}, {"strangeness": values})
    assert metric.result() == {"alarm_share": 0.25}


def test_pictures_lie_on_the_map_where_their_numbers_vary_most():
    latents = np.array([[0.0, 5, 0], [0, -5, 0], [1, 0, 0], [-1, 0, 0]])

    class Batches(list):
        def as_numpy_iterator(self):
            return iter(self)

    part = types.SimpleNamespace(
        batches=lambda: Batches([({}, {"label": np.array([0, 1, 1, -1])})])
    )
    config = types.SimpleNamespace(learned={"classes": ["cat", "dog"]})
    found = latent_map.of_part(lambda inputs: {"latent": latents}, part, config)
    assert np.abs(found["x"]) == pytest.approx([5, 5, 0, 0])
    assert np.abs(found["y"]) == pytest.approx([0, 0, 1, 1])
    assert found["names"] == ["cat", "dog", "dog", "•"]
    assert found["groups"] == [0, 1, 1, -1]


# Bad input.


@pytest.mark.parametrize("name", ["vae", "autoencoder"])
def test_fewer_pictures_than_a_batch_are_enough(name):
    made = setup.set_up(name, data(12), {**SMALL, "batch_size": 64})
    inputs, _ = next(iter(made.source.train(0, None).as_numpy_iterator()))
    assert len(inputs["image"]) == 64
    assert made.config.steps_per_epoch == 1


def test_one_picture_is_too_few_and_is_said():
    with pytest.raises(Refused, match="there are so few that chance put all into the other splits"):
        setup.set_up("vae", {"image": data(1)["image"]}, SMALL)


def test_pictures_that_are_all_alike_are_warned_of():
    alike = {"image": np.repeat(data(1)["image"], 30, 0)}
    with pytest.raises(Refused, match="this picture is also in test"):
        setup.set_up("vae", alike, SMALL)


def test_values_that_are_no_shades_are_refused():
    wrong = {"image": data()["image"].astype(np.float32)}
    with pytest.raises(PipelineError, match="between 0 and 1|0 to 1|in \\[0, 1\\]"):
        setup.set_up("vae", {"image": wrong["image"] * 3 - 9}, {**SMALL, "threshold": 0.5})


def test_a_code_larger_than_a_picture_is_refused():
    made = setup.set_up("autoencoder", data(), {"latent_size": 65})
    with pytest.raises(PipelineError, match="latent_size must be at most 64"):
        made.source.held_out("train")
    sparse = setup.set_up("autoencoder", data(), {"latent_size": 65, "sparsity": 0.1})
    assert len(sparse.source.held_out("train"))


@pytest.mark.parametrize("name", ["vae", "autoencoder"])
@pytest.mark.parametrize(("side", "other"), [(9, 12), (4, 8)])
def test_a_side_that_no_convolution_halves_is_refused(name, side, other):
    method = catalog.method(name)
    config = method.Config(net="convolutional", image_size=side).having({"channels": ["1"]})
    with pytest.raises(PipelineError, match=f"got {side}. Set image_size={other}, or net=dense"):
        method.check(None, config)
    method.check(None, config.replace(image_size=other, latent_size=2))


def test_a_large_odd_picture_has_a_dense_net_by_default():
    config = catalog.method("vae").Config(image_size=25, width=4).having({"channels": ["1"]})
    layers = {layer.name for layer in vae.VAE().model(config).get_layer("encoder").layers}
    assert {"encoder_0", "encoder_1"} < layers
    assert vae._plan(config).net == "dense"
    assert vae._plan(config.replace(image_size=26)).net == "convolutional"


def test_layers_need_epochs_and_a_dense_net():
    config = catalog.method("autoencoder").Config
    with pytest.raises(PipelineError, match="it must be above 6; got 6"):
        config(layer_epochs=3, epochs=6)
    with pytest.raises(PipelineError, match="layer_epochs is for net=dense; got net=linear"):
        config(layer_epochs=3, net="linear")
