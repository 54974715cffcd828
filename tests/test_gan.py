"""A GAN: nets, the penalty and the norms of its critic by hand, a run, its files, what goes wrong."""

import keras
import numpy as np
import pytest
from conftest import once
from sklearn.datasets import load_digits

import pipelines
from pipelines import catalog, run
from pipelines.engine.training import setup
from pipelines.errors import PipelineError, Refused
from pipelines.models import adversarial, class_judge, dcgan, halving
from pipelines.tasks.generation import _judging

SMALL = {
    "epochs": 2, "steps_per_epoch": 3, "batch_size": 16, "width": 4, "critic_width": 4,
    "latent_size": 6,
}  # fmt: skip


def digits(count=160):
    """The first ones, eight of ten of them for training, in classes."""
    known = load_digits()
    shown = np.round(known.images[:count] * (255 / 16)).astype(np.uint8)
    parts = np.array(["train"] * 8 + ["validation", "test"])[np.arange(count) % 10]
    return {
        split: (shown[parts == split], known.target[:count][parts == split])
        for split in ("train", "validation", "test")
    }


@pytest.fixture(scope="module")
def whole():
    """A short run on few digits, which makes them by class; made once for all workers."""

    def make(folder):
        pipelines.train(
            "gan", data=digits(), run=folder / "run", conditional=True, ema=0.9, **SMALL
        )

    return pipelines.load(once("gan", make) / "run", data=digits())


def linear(kernel):
    inputs = keras.Input((2, 1, 1))
    flat = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(flat))
    model.set_weights([np.asarray(kernel, np.float32)[:, None], np.ones(1, np.float32)])
    return model


def test_slopes_of_a_linear_critic_are_the_length_of_its_weights():
    critic = adversarial.Asked(linear([3.0, 4.0]))
    x = keras.ops.convert_to_tensor(np.random.default_rng(0).normal(size=(5, 2, 1, 1)), "float32")
    np.testing.assert_allclose(adversarial.slopes(critic, x), np.full(5, 5.0), rtol=1e-6)
    # x^2 has the slope 2 x.
    slopes = adversarial.slopes(lambda v: keras.ops.square(v), x)
    np.testing.assert_allclose(slopes, 2 * np.linalg.norm(np.reshape(x, (5, 2)), axis=1), rtol=1e-5)


def test_spectral_normalisation_divides_by_the_largest_singular_value():
    critic = dcgan.critic((8, 8, 1), 4, spectral=True)
    plain = dcgan.critic((8, 8, 1), 4, spectral=False)
    picture = {"picture": np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype("f")}
    kernels = [w for w in critic.trainable_variables if w.path.endswith("kernel")]
    before = [np.asarray(kernel) for kernel in kernels]
    for _ in range(60):  # each goes on from where the one before has come
        asked = adversarial.Asked(critic)
        said = asked(picture)
        asked.settle()
    for kernel, value in zip(kernels, before, strict=True):
        np.testing.assert_array_equal(kernel, value)  # the weights themselves stay
    divided = {}
    for variable in critic.trainable_variables:
        value = np.asarray(variable)
        if value.ndim > 1:
            value = value / np.linalg.svd(value.reshape(-1, value.shape[-1]))[1][0]
        divided[variable.path.split("/")[-2], value.shape] = value
    for variable in plain.trainable_variables:
        variable.assign(divided[variable.path.split("/")[-2], tuple(variable.shape)])
    np.testing.assert_allclose(said, plain(picture), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("side", "halved"), [(8, 1), (27, 0), (28, 2), (30, 1), (32, 3), (64, 4)])
def test_pictures_of_any_side_are_made(side, halved):
    assert halving.halvings(side, dcgan.SMALLEST) == halved
    net = dcgan.generator((side, side, 3), 5, 2)
    made = net({"latent": np.zeros((2, 5), "f")})
    assert made.shape == (2, side, side, 3)
    assert dcgan.critic((side, side, 3), 2, False)({"picture": made}).shape == (2, 1)


def test_a_class_is_asked_for_and_one_that_is_not_known_is_none():
    keras.utils.set_random_seed(0)
    net = dcgan.generator((8, 8, 1), 5, 4, classes=3)
    latent = np.ones((5, 5), "f")
    made = np.asarray(net({"latent": latent, "label": np.array([0, 1, 1, -1, 2], np.int32)}))
    np.testing.assert_array_equal(made[1], made[2])
    assert len(np.unique(made.round(6), axis=0)) == 4
    critic = dcgan.critic((8, 8, 1), 4, False, classes=3)
    same = np.repeat(made[:1], 3, 0)
    said = np.asarray(critic({"picture": same, "label": np.array([0, 1, -1], np.int32)}))
    # Of no class it says what its last layer says.
    kernel, bias = critic.get_layer("logits").get_weights()
    features = keras.Model(critic.input, critic.get_layer("features").output)
    seen = np.asarray(features({"picture": same, "label": np.array([0, 1, -1], np.int32)}))
    np.testing.assert_allclose(said[2], seen[2] @ kernel + bias, rtol=1e-5, atol=1e-7)
    of_class = critic.get_layer("of_class").get_weights()[0]
    np.testing.assert_allclose(said[0] - said[2], seen[0] @ of_class[0], rtol=1e-4, atol=1e-6)


def test_settings_that_follow_from_others():
    def resolved(**given):
        return setup.set_up("gan", digits(60), {**SMALL, **given}).config

    assert resolved().gradient_penalty == 0
    assert resolved().critic_norm == "spectral"
    assert resolved(adversarial="wasserstein").gradient_penalty == 10
    assert resolved(adversarial="wasserstein").critic_norm == "none"
    assert resolved(adversarial="wasserstein", critic_norm="spectral").critic_norm == "spectral"
    with pytest.raises(PipelineError, match="beta is of adam and adamw; got optimizer=sgd"):
        resolved(beta=0.9, optimizer="sgd")
    assert resolved(adversarial="wasserstein", gradient_penalty=1).gradient_penalty == 1
    assert resolved().learned["features"] == ["classes"]
    assert resolved(features="pixels").learned["features"] == ["pixels"]
    plain = {split: shown for split, (shown, _) in digits(60).items()}
    unlabelled = setup.set_up("gan", plain, SMALL).config.learned
    assert "judge" not in unlabelled
    assert unlabelled["features"] != ["classes"]
    with pytest.raises(PipelineError, match="conditional=true needs pictures of two classes"):
        setup.set_up("gan", plain, {**SMALL, "conditional": True})
    with pytest.raises(PipelineError, match="features=classes needs pictures of two classes"):
        setup.set_up("gan", plain, {**SMALL, "features": "classes"})


def test_each_player_follows_its_own_loss_and_the_penalty_is_the_critics():
    """Gradients of the one loss, compared with those of both losses written down for a linear critic."""
    made = setup.set_up(
        "gan", digits(60), {**SMALL, "adversarial": "wasserstein", "critic_norm": "none"}
    )
    net = made.method.model(made.config)
    flat = keras.layers.Flatten()(picture := keras.Input((8, 8, 1), name="picture"))
    critic = keras.Model({"picture": picture}, keras.layers.Dense(1, name="logits")(flat))
    net.critic = critic
    inputs, targets = made.source.held_out("train").sample(4)
    outputs = net(inputs, training=False)
    loss = float(net.compute_loss(inputs, targets, outputs, training=False))
    kernel, bias = critic.get_weights()
    fake = np.asarray(outputs["made"]).reshape(4, -1)
    real = np.asarray(targets["image"]).reshape(4, -1) * 2 - 1
    says = [float((x @ kernel + bias).mean()) for x in (fake, real)]
    penalty = 10 * (np.linalg.norm(kernel) - 1) ** 2
    # The generator's -E D(G) and the critic's E D(G) - E D(x).
    assert loss == pytest.approx(-says[0] + says[0] - says[1] + penalty, rel=1e-4)


def test_a_run_makes_digits_and_keeps_the_best_epoch(whole):
    history = whole.history
    assert len(history["val_frechet_distance"]) == 2
    config, learned = whole.config, whole.config.learned
    assert config.learned["classes"] == [str(digit) for digit in range(10)]
    assert learned["training_pixels"].shape == (128, 64)
    result = whole.evaluate()
    best = min(history["val_frechet_distance"])
    again = whole.evaluate("validation")
    assert again["frechet_distance"] == pytest.approx(best, rel=1e-3)
    assert result["frechet_pictures"] == 16
    assert set(result["per_class"]) == set(learned["classes"])
    assert result["floor"] > 0
    said = " ".join(result["doubts"])
    assert "The model has not learned" in said or "Mode collapse" in said


def test_files_make_the_same_pictures(whole, tmp_path):
    bundle = whole.export(tmp_path / "bundle", max_drop=0.05)
    reference = bundle.manifest["reference"]["frechet_distance"]
    assert set(bundle.files) == {"saved_model", "float32", "float16", "dynamic"}
    for record in bundle.files.values():
        assert record["passed"]
        assert record["metrics"]["frechet_distance"] == pytest.approx(reference, rel=0.05)
    assert (bundle.path / "learned" / "judge.txt").is_file()
    assert bundle.verify(digits())["passed"]


def test_a_gan_that_diverges_is_stopped_and_the_last_good_one_kept(tmp_path):
    settings = {**SMALL, "epochs": 3, "critic_norm": "none"}
    begun = run.start("gan", digits(60), tmp_path / "run", settings)

    class Shaken(keras.callbacks.Callback):
        """What a much too high rate does, at the third epoch."""

        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                for weight in self.model.critic.trainable_variables:
                    weight.assign(weight * 1e6)

    with pytest.raises(Refused, match=r"diverged: .* became inf at step 7 \(epoch 3\)") as raised:
        begun.train([Shaken()])
    command = f"pipelines train --resume {tmp_path / 'run'} --finish"
    assert f"the checkpoint of step 6 is kept in {tmp_path}" in str(raised.value)
    assert f"`{command}` takes what was best so far." in str(raised.value)
    left = pipelines.load(tmp_path / "run", data=digits(60)).finish()
    best = min(left.history["val_frechet_distance"])
    assert left.evaluate("validation")["frechet_distance"] == pytest.approx(best, rel=1e-3)


def test_collapse_and_copies_are_said():
    doubts = catalog.method("gan").doubts
    row = {"share": 0.1, "real_share": 0.1, "support": 15}
    healthy = {
        "frechet_pictures": 150.0, "spread": 0.9, "rarest_class": 0.8, "copied_share": 0.12, "per_class": {"1": row},
    }  # fmt: skip
    assert doubts(healthy, None) == []
    ill = {
        "frechet_pictures": 150.0, "spread": 0.1, "rarest_class": 0.0, "copied_share": 0.4,
        "per_class": {"1": row, "2": {**row, "share": 0.01}, "3": {**row, "share": 0, "support": 14}},
    }  # fmt: skip
    alike, lacking, copied = doubts(ill, None)
    assert "differ by 0.10 of what two real ones do" in alike
    assert lacking.endswith(
        "hardly any picture is made of 2 (1.0% of what is made, 10.0% of real pictures)."
    )
    assert copied.startswith(
        "40% of what is made is as near to a training picture as the nearest 10%"
    )
    assert "some class" in doubts({"rarest_class": 0.0}, None)[0]


@pytest.mark.parametrize("side", [8, 16])
def test_training_pictures_are_kept_as_the_net_gets_them(side, monkeypatch):
    monkeypatch.setattr(_judging, "AT_ONCE", 7)
    made = setup.set_up("gan", digits(60), {**SMALL, "threshold": 0.5, "image_size": side})
    kept = made.config.learned["training_pixels"]
    assert kept.shape == (48, min(side, 14) ** 2)
    _, targets = made.source.held_out("train").sample(len(kept))
    wanted = class_judge.reduced(targets["image"]) * 255
    np.testing.assert_allclose(kept, wanted, atol=0.51)  # they are rounded
    if side == 8:
        assert set(np.unique(kept)) == {0, 255}


def test_few_pictures_raise_no_doubts():
    doubts = catalog.method("gan").doubts
    assert doubts({"spread": 0.1, "frechet_pictures": 9.0}, None) == []
    assert len(doubts({"spread": 0.1, "frechet_pictures": 10.0}, None)) == 1
    assert doubts({"copied_share": 0.3, "frechet_pictures": 20.0}, None) == []
    assert len(doubts({"copied_share": 0.3, "frechet_pictures": 200.0}, None)) == 1
    assert len(doubts({"copied_share": 1.0, "frechet_pictures": 20.0}, None)) == 1
