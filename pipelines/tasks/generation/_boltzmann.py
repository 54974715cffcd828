"""What restricted and deep Boltzmann machines share: settings, steps, log Z, programs, judging."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.edge.draws import Draw
from pipelines.errors import PipelineError
from pipelines.task import Phase, Program, Score
from pipelines.tasks import generation
from pipelines.tasks.generation import Generation, Maker, PictureConfig

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    from keras import ops

    from pipelines import canvas, optimization
    from pipelines.edge import draws
    from pipelines.losses import reconstruction as losses
    from pipelines.metrics import likelihood, reconstruction
    from pipelines.models import boltzmann, contrastive, joint
    from pipelines.ops import boltzmann as rules

NAME = "machine"  # of the layer
LEAST = 0.05  # deviation of a Gaussian pixel: one that never changes would be infinitely likely
QUICK = (200, 50)  # temperatures and chains by which log Z is estimated after each epoch
QUICK_SUMS = 2**24  # terms up to which it is summed exactly instead: half a second
WIDEST = 4096  # units of a layer
DRAWN = 8  # sets of random numbers that calibrate the program that samples


@dataclass(frozen=True, kw_only=True)
class Config(PictureConfig, settings.SteppedConfig):
    """The settings of pictures and of a training by steps of its own, and those of a machine."""

    threshold: float = setting(
        -1.0,
        "share of white from which a pixel is 1, and below it 0; -1 takes 0.5, or keeps all shades"
        " if pixels are Gaussian",
        low=-1.0,
        high=1.0,
    )
    epochs: int = setting(100, "passes over the training split", "epochs", low=1)
    batch_size: int = setting(50, "examples per step; 0 takes all", "examples", low=0)
    monitor: str = setting("val_log_likelihood", "what decides which epoch is kept")
    hidden: int = setting(100, "units of the first hidden layer", "units", low=1, high=WIDEST)
    learning_rate: float = setting(0.3, "learning rate at first", low=0.0, high=10.0)
    schedule: str = setting(
        "constant",
        "learning rate later; linear falls straight in the second half, cosine all the time",
        choices=("constant", "linear", "cosine"),
    )
    momentum: float = setting(0.0, "share of a step that the next one goes on", low=0.0, high=0.999)
    weight_decay: float = setting(1e-4, "pull of weights towards zero", low=0.0, high=1.0)
    average: float = setting(
        0.999,
        "decay of the moving average of weights and biases, which is kept; 0 keeps the last ones",
        low=0.0,
        high=0.99999,
    )
    chain: str = setting(
        "persistent",
        "where Gibbs sampling begins in a step: where it ended before (PCD), or at the data (CD)",
        choices=("persistent", "data"),
    )
    gibbs_steps: int = setting(5, "Gibbs steps in each step (k)", "steps", low=1, high=100)
    chains: int = setting(100, "persistent chains", "chains", low=1, high=10_000)
    centred: str = setting(
        "on", "take the means of units off before the gradient", choices=("on", "off")
    )
    ais_steps: int = setting(
        5000,
        "temperatures of annealed importance sampling, which estimates log Z at the end if no layer"
        " has at most 20 units",
        "temperatures",
        low=1,
        high=1_000_000,
    )
    ais_chains: int = setting(100, "chains of it", "chains", low=2, high=10_000)
    sample_steps: int = setting(
        50, "Gibbs steps that make a picture, by a program of each file", "steps", low=1, high=200
    )


@dataclass(frozen=True)
class Part:
    """A machine that a phase trains, which may be a part of the net's.

    of: layer -> Machine, the kept numbers. put: (layer, Machine) keeps others. data: (layer,
    pixels, seed of random numbers) -> visible units. base: layer -> the biases that chains are
    drawn from. changes: fields of the `contrastive.Rule` that differ.
    """

    name: str
    epochs: int
    of: Callable = lambda layer: layer.machine
    put: Callable = lambda layer, machine: layer.assign(machine)
    data: Callable = lambda layer, pixels, seed: layer.scaled(pixels)
    base: Callable = lambda layer: layer.numbers["base"]
    changes: dict | None = None


class Boltzmann(Generation):
    """A machine whose log Z is one of its numbers, so that each file gives log-likelihoods."""

    scores = (
        Score("log_likelihood", tolerance=0.2),
        Score("reconstruction_mse", "lower", tolerance=0.05, relative=True),
    )
    page = "boltzmann.md"
    files = ("saved_model", "float32", "float16", "dynamic")  # int8 has to be asked for
    _judged = ("log_likelihood",)  # outputs that are counted; the first one judges files

    def _latent(self, config):
        """Units of the second layer."""
        return 0

    def _is_gaussian(self, config):
        return False

    def _parts(self, config):
        """What the phases train, in order."""
        return [Part("train", config.epochs)]

    def resolve(self, config, data):
        """The pictures' size and threshold. Raises PipelineError if binary units get pixels with
        shades, or Gaussian ones get pixels without."""
        config = super().resolve(config, data)
        if config.threshold < 0:
            config = config.replace(threshold=0.0 if self._is_gaussian(config) else 0.5)
        if self._is_gaussian(config) and config.threshold:
            raise PipelineError(
                f"visible=gaussian keeps all shades; got threshold={config.threshold:g}. Leave"
                " threshold out, or set visible=bernoulli."
            )
        if not self._is_gaussian(config) and not config.threshold:
            raise PipelineError(
                "binary units need pixels that are 0 or 1, and threshold=0 keeps all shades. Set"
                " threshold=0.5, or train `rbm` with visible=gaussian."
            )
        return config

    def floor(self, part, config):
        """What pixels that do not depend on each other reach, if their means are the part's own."""
        mean, own = _moments(part)
        if self._is_gaussian(config):
            deviation = np.maximum(own, LEAST)
            far = (own / deviation) ** 2
            return float(-np.sum(0.5 * np.log(2 * np.pi) + np.log(deviation) + 0.5 * far))
        odds = np.clip(mean, 1e-12, 1 - 1e-12)
        return float(np.sum(odds * np.log(odds) + (1 - odds) * np.log(1 - odds)))

    def model(self, config):
        """{"image": uint8 (B, S, S, C)} -> what `boltzmann.Boltzmann` says of it."""
        shape = generation.shape(config)
        image = keras.Input(shape, dtype="uint8", name="image")
        pixels = keras.layers.Flatten(name="flat")(
            keras.layers.Rescaling(1 / 255.0, name="scaled")(image)
        )
        found = dict(self._layer(config)(pixels))
        made = keras.layers.Reshape(shape, name="picture")(found.pop("pixels"))
        net = joint.Joint({"image": image}, {**found, "image": made}, name=self.name)
        net.compile(optimizer="sgd", loss=losses.SquaredError(), jit_compile=False)
        return net

    def _layer(self, config):
        more = {"latent": self._latent(config), "is_gaussian": self._is_gaussian(config)}
        return boltzmann.Boltzmann(config.hidden, **more, name=NAME)

    def phases(self, config):
        """Contrastive divergence, one part of the machine after the other."""
        found, begin = [], 0
        for part in self._parts(config):
            is_last = begin + part.epochs == config.epochs
            own = config.replace(epochs=part.epochs, **({} if is_last else {"monitor": ""}))
            found.append(self._phase(part, own, begin * config.steps_per_epoch))
            begin += part.epochs
        return found

    def _phase(self, part, config, first):
        """first: the step that it begins with."""
        learners = []

        def begin(net):
            layer = net.get_layer(NAME)
            shape = tuple(part.of(layer).weights.shape)
            rule = self._rule(config, **(part.changes or {}))
            learners[:] = [contrastive.Learner(shape, rule)]

        def steps(net, source, first_step):
            layer, (learner,) = net.get_layer(NAME), learners
            if first_step == 0:
                layer.begin(*_spread(source), config.seed)
            if first_step == first:
                learner.begin(part.of(layer), np.asarray(part.base(layer)), config.seed + first)
            batches = source.train(first_step, net).as_numpy_iterator()
            rates, size = _rates(config), config.steps_per_epoch
            for step in itertools.count(first_step):
                pixels = _flat(next(batches)[1]["image"])
                data = part.data(layer, pixels, (config.seed, step, 1))
                error = learner.step(data, rates[step - first], config.seed, step, step - first)
                if (step + 1) % size == 0:
                    part.put(layer, learner.average)
                    layer.estimate(*QUICK, config.seed, QUICK_SUMS)
                    if config.monitor:
                        error = math.inf if _is_lost(layer, pixels) else error
                yield {"loss": error}

        def memory():
            return learners[0].memory

        return Phase(part.name, config, begin=begin, steps=steps, memory=memory)

    def _rule(self, config, **changes):
        given = {
            "gibbs_steps": config.gibbs_steps,
            "chains": config.chains,
            "persists": config.chain == "persistent",
            "is_gaussian": self._is_gaussian(config),
            "is_centred": config.centred == "on",
            "momentum": config.momentum,
            "weight_decay": config.weight_decay,
            "average": config.average,
            "latent": self._latent(config),
        }
        return contrastive.Rule(**{**given, **changes})

    def calibrate(self, model, answers, config):
        """log Z of the weights that are kept, with its 95 % interval if it is an estimate."""
        found = model.get_layer(NAME).estimate(config.ais_steps, config.ais_chains, config.seed)
        if found.low == found.high:
            return {"log_z": found.value}
        return {"log_z": found.value, "log_z_low": found.low, "log_z_high": found.high}

    def programs(self, model, config, inputs):
        """encode: {"image"} -> {"latent"}; decode: {"latent"} -> {"image"}; likelihood: {"image"}
        -> nats; sample: random numbers -> {"image"}."""
        layer = model.get_layer(NAME)
        shape, maker = generation.shape(config), self._maker(config)
        latents = layer.encode(_flat(inputs["image"] / np.float32(255)))

        def pixels(values):
            return ops.reshape(
                ops.cast(values["image"], "float32") / 255.0, (-1, generation.size(config))
            )

        def picture(values):
            return {"image": ops.reshape(values, (-1, *shape))}

        def sample(values):
            return picture(layer.sample(rules.Noise(values["hidden"], values["visible"])))

        numbers = draws.batch(maker.draws, config.seed, min(len(inputs["image"]), DRAWN))
        return {
            "encode": Program(lambda values: {"latent": layer.encode(pixels(values))}, inputs),
            "decode": Program(
                lambda values: picture(layer.decode(values["latent"])),
                {"latent": ops.convert_to_numpy(latents)},
            ),
            "likelihood": Program(lambda values: layer.judge(pixels(values)), inputs),
            maker.program: Program(sample, numbers),
        }

    def answer(self, run, inputs, config):
        """The picture by way of its hidden units, and how likely it is: three programs."""
        latent = run(inputs, "encode")["latent"]
        made = run({"latent": latent}, "decode")["image"]
        return {"latent": latent, "image": made, **run(inputs, "likelihood")}

    def attachments(self, model, config):
        """filters.png: each hidden unit's weights as a picture; grey is none, light is more."""

        def write(path):
            weights = np.asarray(model.get_layer(NAME).machine.weights)[: generation.size(config)]
            path.write_bytes(canvas.png(filters(weights, generation.shape(config))))

        return {"filters.png": write}

    def metrics(self, config):
        """Nats, the first of which judges a file, and the error of pictures made anew."""
        shades = math.log(256) if self._is_gaussian(config) else 0.0
        return [likelihood.Likelihood(self._judged, shades), reconstruction.Reconstruction()]

    def _maker(self, config):
        visible = generation.size(config) + self._latent(config)
        law = "normal" if self._is_gaussian(config) else "uniform"
        steps = config.sample_steps
        noise = {
            "hidden": Draw((steps, config.hidden), "uniform"),
            "visible": Draw((steps, visible), law),
        }
        return Maker("sample", noise)


def filters(weights, shape):
    """(D, H) -> uint8 (H', W', 3), a grid of pictures of a shape, each on a scale of its own."""
    units = weights.T.reshape(-1, *shape)
    most = np.abs(units).max((1, 2, 3), keepdims=True)
    shown = [generation.bytes_of(unit) for unit in 0.5 + 0.5 * units / np.maximum(most, 1e-12)]
    return canvas.grid(shown, math.ceil(math.sqrt(len(shown))))


def _flat(pictures):
    """(B, S, S, C) -> (B, D)."""
    return pictures.reshape(-1, math.prod(pictures.shape[1:]))


def _spread(source):
    """(mean, deviation) (D,) of the pixels of all training pictures; a deviation is LEAST or more."""
    mean, deviation = _moments(source.held_out("train"))
    return mean, np.maximum(deviation, LEAST)


def _moments(part):
    """(mean, deviation) (D,) of the pixels of a part, of which one batch at a time is held."""
    count, total, squares = 0, 0.0, 0.0
    for _, targets in part.batches().as_numpy_iterator():
        flat = targets["image"].reshape(len(targets["image"]), -1).astype(np.float64)
        count, total = count + len(flat), total + flat.sum(0)
        squares = squares + (flat**2).sum(0)
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - mean**2, 0))


def _rates(config):
    """The learning rates of the steps of a phase."""
    total = config.epochs * config.steps_per_epoch
    kind = {"kind": config.schedule, "peak": config.learning_rate, "warmup_steps": 0}
    rest = {"decay_rate": 1.0, "decay_steps": max(1.0, total / 2), "final_share": 0.0}
    schedule = optimization.Schedule(total_steps=total, **kind, **rest)
    return np.asarray(schedule(np.arange(total))).tolist()


def _is_lost(layer, pixels):
    """Whether pictures are less likely than by independent pixels, by a nat for each pixel."""
    pixels = ops.convert_to_tensor(pixels)
    found = next(iter(layer.judge(pixels).values()))
    x, base = layer.scaled(pixels), layer.numbers["base"][: layer.size]
    if layer.is_gaussian:
        own = -0.5 * (x**2 + math.log(2 * math.pi)) - ops.log(layer.numbers["deviation"])
    else:
        own = x * base - ops.softplus(base)
    gap = ops.mean(found) - ops.mean(ops.sum(own, -1))
    return not float(gap) > -layer.size
