"""A variational autoencoder: pictures out of random numbers, and how likely a picture is."""

import math
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.edge import draws
from pipelines.errors import PipelineError
from pipelines.task import IN_FLOAT, Program, Score
from pipelines.tasks import generation
from pipelines.tasks.generation import Generation, Maker, PictureConfig

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import optimization
    from pipelines.losses import evidence as losses
    from pipelines.metrics import evidence, latent_map, reconstruction
    from pipelines.models import coders, joint, variational
    from pipelines.tasks.generation import _sides

CONVOLUTIONAL = 24  # pixels of a side, from which on net=auto has convolutions
HEADS = ("latent", "log_variance")  # of the encoder
ROWS = 2048  # pictures times draws that the bound takes at a time
FEW = 10  # one latent unit in so many must say something, or the posterior has collapsed


@dataclass(frozen=True, kw_only=True)
class _Config(PictureConfig, settings.Config):
    """The settings of the pictures, the shared ones, and those of the net and of the bound."""

    epochs: int = setting(160, "passes over the training split", "epochs", low=1)
    batch_size: int = setting(50, "examples per step; 0 takes all", "examples", low=0)
    learning_rate: float = setting(2e-3, "peak learning rate", low=0.0, high=10.0)
    schedule: str = setting(
        "constant",  # with averaged weights a better decoder than with a rate that falls
        "learning rate after the warm-up; linear is constant and then falls straight",
        choices=("constant", "step", "exponential", "cosine", "linear"),
    )
    weight_decay: float = setting(
        0.05, "decoupled weight decay of matrices and kernels", low=0.0, high=1.0
    )
    ema: float = setting(
        0.99,
        "decay of the moving average of the weights, which then is what is kept; 0 is off",
        low=0.0,
        high=0.99999,
    )
    monitor: str = setting("val_elbo", "what decides which epoch is kept: val_ and a metric's name")
    latent_size: int = setting(16, "numbers that a picture becomes", "numbers", low=1, high=4096)
    net: str = setting(
        "auto",
        f"dense layers or convolutions; auto has these from {CONVOLUTIONAL} px on, if even",
        choices=("auto", "dense", "convolutional"),
    )
    width: int = setting(128, "units of the hidden layers", "units", low=1, high=8192)
    depth: int = setting(2, "hidden layers of each half", "layers", low=1, high=16)
    likelihood: str = setting(
        "bernoulli",
        "law of a pixel: black or white, or normal, with a deviation that is learned",
        choices=("bernoulli", "gaussian"),
    )
    beta: float = setting(1.0, "weight of the divergence", low=0.0, high=1000.0)
    divergence_warmup: float = setting(
        0.1, "share of the training in which that weight rises from 0", low=0.0, high=1.0
    )
    conditional: bool = setting(
        False, "whether a class is given to both halves, so that one can be asked for"
    )
    bound_samples: int = setting(
        50,
        "draws a picture of the importance-weighted bound in an evaluation; 0 leaves it out",
        "draws",
        low=0,
        high=100_000,
    )


class VAE(Generation):
    """Two programs: `encode`, a picture to a law of its numbers, `decode`, numbers to a picture."""

    Config = _Config
    paper = "Kingma & Welling 2014"
    scores = (
        Score("elbo", tolerance=0.02, relative=True),
        Score("reconstruction_mse", "lower", tolerance=0.05, relative=True),
    )

    def _noise(self, config):
        return {"noise": draws.Draw((config.latent_size,))}

    def _maker(self, config):
        made = {"latent": draws.Draw((config.latent_size,))}
        return Maker("decode", made, self._is_conditional(config))

    def _is_conditional(self, config):
        return config.conditional

    def check(self, examples, config):
        """Raises PipelineError if classes are asked for and there are none, or if convolutions
        cannot halve a side."""
        _sides.check(config)
        if self._is_conditional(config) and not config.learned.get("classes"):
            raise PipelineError(
                "conditional=on needs a class of each picture, and this data has none. Sort the"
                " pictures into a folder for each class, or leave conditional=off."
            )

    def floor(self, part, config):
        """The log likelihood of the best model that knows no picture: each pixel for itself."""
        pictures = np.concatenate([targets["image"] for _, targets in part.batches()])
        mean = pictures.mean(0, keepdims=True)
        if config.likelihood == "bernoulli":
            return float(evidence.bernoulli(pictures, mean).mean())
        deviation = max(float(np.sqrt(((pictures - mean) ** 2).mean())), 1 / 256)
        return float(evidence.gaussian(pictures, mean, deviation).mean())

    def parse(self, example, config):
        """As of every method, and the weight of the divergence as a target."""
        inputs, targets = super().parse(example, config)
        return inputs, {**targets, "weight": tf.constant(config.beta, tf.float32)}

    def augment(self, inputs, targets, seed, progress, config):
        """New random numbers, and the weight of the divergence at this point of the training."""
        inputs, targets = super().augment(inputs, targets, seed, progress, config)
        rise = progress / config.divergence_warmup if config.divergence_warmup else 1.0
        weight = targets["weight"] * tf.minimum(rise, 1.0)
        return inputs, {**targets, "weight": weight}

    def model(self, config):
        """{"image": uint8 (B, S, S, C), "noise": (B, N), maybe "label"} -> see `decode`."""
        plan, size = _plan(config), config.latent_size
        image = keras.Input(plan.shape, dtype="uint8", name="image")
        noise = keras.Input((size,), name="noise")
        inputs, label = {"image": image, "noise": noise}, {}
        if plan.classes:
            label = {"label": keras.Input((), dtype="int32", name="label")}
        found = coders.encoder(plan, size, HEADS)({"image": image, **label})
        mean, bounded = found["latent"], variational.Bounded(dtype="float32", name="bounded")
        log_variance = bounded(found["log_variance"])
        units = variational.Sampled(dtype="float32", name="units")
        sampled, divergence = units(mean, log_variance, noise)
        decoded = variational.Decoded(coders.decoder(plan, size), name="decoded")
        pixels, of_mean, of_noise = decoded(sampled, mean, noise, **label)
        likelihood = variational.Likelihood(config.likelihood, dtype="float32", name="likelihood")
        outputs = {
            "latent": mean,
            "log_variance": log_variance,
            "divergence": divergence,
            "log_likelihood": likelihood(image, pixels),
            "image": of_mean,
            "made": of_noise,
        }
        net = joint.Joint({**inputs, **label}, outputs, name="vae")
        optimization.compile(net, config, loss=losses.NegativeBound())
        return net

    def decode(self, outputs, config):
        """ "image" and "made" as pictures (B, S, S, C) in [0, 1]; the others stay.

        latent, log_variance, divergence: (B, N); log_likelihood: (B,) of one draw, nats.
        """
        pictures = {name: keras.ops.sigmoid(outputs[name]) for name in ("image", "made")}
        return {**outputs, **pictures}

    def programs(self, model, config, inputs):
        """encode: {"image"} -> {"latent", "log_variance"}; decode: {"latent"} -> {"image"}.

        Both take "label" if a class is given; decode gives "deviation" (1,) of a normal law.
        """
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoded").decoder
        likelihood, bounded = model.get_layer("likelihood"), model.get_layer("bounded")
        label = {name: inputs[name] for name in ("label",) if name in inputs}

        def encode(values):
            found = encoder(values, training=False)
            return {**found, "log_variance": bounded(found["log_variance"])}

        def decode(values):
            pixels = decoder(values, training=False)
            with keras.name_scope(IN_FLOAT):
                found = {"image": keras.ops.sigmoid(pixels)}
                if config.likelihood == "gaussian":
                    found["deviation"] = likelihood.deviation
            return found

        given = {"image": inputs["image"], **label}
        made = {"latent": np.asarray(inputs["noise"], np.float32), **label}
        return {"encode": Program(encode, given), "decode": Program(decode, made)}

    def answer(self, run, inputs, config):
        """The same as `decode`, by both programs: of the mean, of one draw, and of noise alone."""
        label = {name: inputs[name] for name in ("label",) if name in inputs}
        found = run({"image": inputs["image"], **label}, "encode")
        mean, log_variance = found["latent"], found["log_variance"]
        sampled = mean + np.exp(0.5 * log_variance) * inputs["noise"]
        of_mean = run({"latent": mean, **label}, "decode")
        drawn = run({"latent": sampled.astype(np.float32), **label}, "decode")
        made = run({"latent": np.asarray(inputs["noise"], np.float32), **label}, "decode")
        return {
            "latent": mean,
            "log_variance": log_variance,
            "divergence": evidence.divergence(mean, log_variance),
            "log_likelihood": _log_likelihood(np.asarray(inputs["image"]) / 255.0, drawn),
            "image": of_mean["image"],
            "made": made["image"],
        }

    def metrics(self, config):
        """The bound, which files are judged by, and how near pictures come back."""
        is_binary = config.threshold > 0 and config.likelihood == "bernoulli"
        is_counted = is_binary or config.likelihood == "gaussian"
        dimensions = generation.size(config) if is_counted else 0
        shades = math.log(256) if config.likelihood == "gaussian" else 0.0
        return [evidence.Evidence(dimensions, shades), reconstruction.Reconstruction()]

    def explain(self, answer, part, config):
        """The importance-weighted bound, and a map of the latent space."""
        found = {"curves": {"latent space": latent_map.of_part(answer, part, config)}}
        if config.bound_samples:
            found["importance_bound"] = bound(answer, part, config.bound_samples, config.seed)
        return found

    def doubts(self, result, config):
        """Whether the posterior has collapsed: Bowman et al. 2016, section 3.1."""
        active = result.get("active_units")
        if active is None or active * FEW >= config.latent_size:
            return ()
        return (
            f"The posterior has collapsed: {active:.0f} of {config.latent_size} latent units say"
            " anything of a picture. Lower beta, or raise divergence_warmup or epochs.",
        )


def bound(answer, part, count, seed=0) -> float:
    """The importance-weighted bound of log p, nats a picture, by `count` draws of each.

    answer: of a model or a file, inputs -> what `VAE.decode` gives.
    """
    chance, totals = np.random.default_rng(seed), []
    for inputs, _ in part.batches().as_numpy_iterator():
        pictures, found = len(inputs["noise"]), []
        while sum(map(len, found)) < count:
            times = min(max(1, ROWS // pictures), count - sum(map(len, found)))
            many = {name: np.concatenate([values] * times) for name, values in inputs.items()}
            noise = chance.standard_normal(many["noise"].shape).astype(np.float32)
            weights = evidence.weights(answer({**many, "noise": noise}), noise)
            found.append(weights.reshape(times, pictures))
        totals.append(evidence.importance_bound(np.concatenate(found)))
    return float(np.concatenate(totals).mean())


def _plan(config):
    net = config.net
    if net == "auto":
        is_large = config.image_size >= CONVOLUTIONAL and _sides.halved(config)
        net = "convolutional" if is_large else "dense"
    classes = len(config.learned.get("classes", ())) if config.conditional else 0
    return coders.Plan(generation.shape(config), net, config.width, config.depth, classes)


def _log_likelihood(pictures, drawn):
    """log p(picture), (B,), by what `decode` gives."""
    if "deviation" in drawn:
        deviation = np.asarray(drawn["deviation"]).reshape(-1, 1, 1, 1)
        return evidence.gaussian(pictures, drawn["image"], deviation)
    return evidence.bernoulli(pictures, drawn["image"])
