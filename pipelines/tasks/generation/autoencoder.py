"""An autoencoder: a picture through a few numbers and back, and how strange a picture is."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import IN_FLOAT, Phase, Program
from pipelines.tasks import generation
from pipelines.tasks.generation import Generation, PictureConfig

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines import optimization
    from pipelines.losses import reconstruction as losses
    from pipelines.metrics import alarms, latent_map
    from pipelines.models import coders, layerwise, strangeness
    from pipelines.ops import noise
    from pipelines.tasks.generation import _pictures, _sides

CORRUPTED = 22  # keeps the corruption of a picture apart from other uses of its hash


@dataclass(frozen=True, kw_only=True)
class _Config(PictureConfig, settings.Config):
    """The settings of the pictures, the shared ones, and those of the net and its training."""

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    learning_rate: float = setting(3e-3, "peak learning rate", low=0.0, high=10.0)
    latent_size: int = setting(32, "numbers that a picture becomes", "numbers", low=1, high=4096)
    net: str = setting(
        "dense",
        "dense layers, a linear map each way (as PCA), or convolutions and then dense layers",
        choices=("dense", "linear", "convolutional"),
    )
    width: int = setting(256, "units of the hidden layers", "units", low=1, high=8192)
    depth: int = setting(1, "hidden layers of each half", "layers", low=1, high=16)
    corruption: float = setting(
        0.0,
        "deviation of the noise that is to be taken out again, as a share of white; 0 adds none",
        low=0.0,
        high=10.0,
    )
    sparsity: float = setting(
        0.0,
        "weight of the mean size of a code, whose numbers then are never negative and often 0",
        low=0.0,
    )
    layer_epochs: int = setting(
        0,
        "epochs, of all, in which each layer is trained alone, from the picture inwards; 0 trains"
        " all at once",
        "epochs",
        low=0,
    )
    alarm_share: float = setting(
        0.05, "share of the validation pictures that the threshold calls strange", low=0.0, high=1.0
    )

    def __post_init__(self):
        super().__post_init__()
        if self.layer_epochs and self.net != "dense":
            raise PipelineError(
                f"layer_epochs is for net=dense; got net={self.net}. Leave layer_epochs=0."
            )
        alone = self.layer_epochs * (self.depth + 1)
        if alone >= self.epochs and self.layer_epochs:
            raise PipelineError(
                f"epochs counts those of all {self.depth + 1} layers and of the whole net: it must"
                f" be above {alone}; got {self.epochs}."
            )


class Autoencoder(Generation):
    """Three programs: `encode`, a picture to its code, `decode`, and `reconstruct`, both."""

    Config = _Config
    paper = "Hinton & Salakhutdinov 2006"

    def check(self, examples, config):
        """Raises PipelineError if a code is larger than a picture, which then could be copied, or
        if convolutions cannot halve a side."""
        _sides.check(config)
        most = generation.size(config)
        is_free = not (config.corruption or config.sparsity)
        if is_free and config.latent_size > most:
            raise PipelineError(
                f"latent_size must be at most {most}, the numbers of a picture; got"
                f" {config.latent_size}. Try {max(1, most // 2)}, or set corruption or sparsity."
            )

    def parse(self, example, config):
        """As of every method; a picture to be mended is corrupted, always in the same way.

        "clean" then is the picture as it was: strangeness is judged on pictures as they come.
        """
        inputs, targets = super().parse(example, config)
        if config.corruption:
            image = inputs["image"]
            mended = noise.corrupted(image, config.corruption, noise.hashed(image, CORRUPTED))
            inputs = {**inputs, "image": mended, "clean": image}
        return inputs, targets

    def augment(self, inputs, targets, seed, progress, config):
        """New noise for each step, if there is any."""
        if config.corruption:
            corrupted = noise.corrupted(inputs["clean"], config.corruption, seed)
            inputs = {**inputs, "image": corrupted}
        return inputs, targets

    def model(self, config):
        """{"image": uint8 (B, S, S, C), maybe "clean"} -> {"latent", "image", "strangeness"}.

        latent: (B, N); image: (B, S, S, C); strangeness: (B,), of the clean picture if there is
        one. Compiled.
        """
        shape = generation.shape(config)
        plan = coders.Plan(shape, config.net, config.width, config.depth)
        names = ("image", "clean") if config.corruption else ("image",)
        inputs = {name: keras.Input(shape, dtype="uint8", name=name) for name in names}
        encoder = coders.encoder(plan, config.latent_size, law="relu" if config.sparsity else None)
        decoder = coders.decoder(plan, config.latent_size)
        law = "linear" if config.net == "linear" else "sigmoid"
        ended = keras.layers.Activation(law, dtype="float32", name="made")
        codes = [encoder({"image": image})["latent"] for image in inputs.values()]
        made = [ended(decoder({"latent": code})) for code in codes]
        judged = strangeness.Strangeness(dtype="float32", name="strangeness")
        strange = judged(inputs[names[-1]], made[-1])
        outputs = {"latent": codes[0], "image": made[0], "strangeness": strange}
        net = layerwise.Layerwise(inputs, outputs, name="autoencoder")
        optimization.compile(net, config, loss=losses.SquaredError(config.sparsity))
        return net

    def phases(self, config):
        """Each layer alone, if that is asked for, and then all of them."""
        if not config.layer_epochs:
            return super().phases(config)
        levels = config.depth + 1
        alone = config.replace(epochs=config.layer_epochs, layer_epochs=0)
        whole = config.replace(epochs=config.epochs - levels * config.layer_epochs, layer_epochs=0)
        stages = [
            Phase(f"layer {level}", alone, _beginning(alone, level))
            for level in range(1, levels + 1)
        ]
        return [*stages, Phase("all layers", whole, _beginning(whole, 0))]

    def calibrate(self, model, answers, config):
        """The threshold above which a picture is strange, by those of the validation split whose
        class training had, or that have none."""
        found = np.concatenate([_familiar(*pair) for pair in answers])
        layer = model.get_layer("strangeness")
        threshold = float(np.quantile(found, 1 - config.alarm_share)) if len(found) else 0.0
        if not (np.isfinite(threshold) and threshold > 0):
            return {}
        layer.threshold.assign(layer.threshold * threshold)
        return {"threshold": float(keras.ops.convert_to_numpy(layer.threshold))}

    def decode(self, outputs, config):
        """As of the net; numbers of a linear one beyond black and white become black and white."""
        if config.net != "linear":
            return outputs
        return {**outputs, "image": keras.ops.clip(outputs["image"], 0.0, 1.0)}

    def programs(self, model, config, inputs):
        """encode: {"image"} -> {"latent"}; decode: {"latent"} -> {"image"}.

        reconstruct: {"image"} -> {"image", "strangeness": (1,)}.
        """
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        ended, strange = model.get_layer("made"), model.get_layer("strangeness")
        given = {"image": np.asarray(inputs["image"])}
        latents = keras.ops.convert_to_numpy(encoder(given, training=False)["latent"])

        def encode(values):
            return dict(encoder(values, training=False))

        def decode(values):
            pixels = decoder(values, training=False)
            with keras.name_scope(IN_FLOAT):
                return self.decode({"image": ended(pixels)}, config)

        def reconstruct(values):
            pixels = decoder(encode(values), training=False)
            with keras.name_scope(IN_FLOAT):
                made = ended(pixels)
                found = {"image": made, "strangeness": strange(values["image"], made)}
                return self.decode(found, config)

        return {
            "encode": Program(encode, given),
            "decode": Program(decode, {"latent": latents}),
            "reconstruct": Program(reconstruct, given),
        }

    def answer(self, run, inputs, config):
        """The picture by way of its code, and how strange the clean one is: all programs."""
        latent = run({"image": inputs["image"]}, "encode")["latent"]
        clean = {"image": inputs.get("clean", inputs["image"])}
        strange = run(clean, "reconstruct")["strangeness"]
        image = run({"latent": latent}, "decode")["image"]
        return {"latent": latent, "image": image, "strangeness": strange}

    def metrics(self, config):
        """As of every method, and how many are strange; the AUC if there are unknown classes."""
        return [*super().metrics(config), alarms.Alarms(_pictures.STRANGE)]

    def explain(self, answer, part, config):
        """A map of the codes."""
        return {"curves": {"latent space": latent_map.of_part(answer, part, config)}}


def _familiar(outputs, targets):
    """The strangeness of the pictures of a batch whose class training had, or that have none."""
    strange = np.asarray(outputs["strangeness"])
    labels = np.asarray(targets.get("label", np.zeros(len(strange))))
    return strange[labels != _pictures.STRANGE]


def _beginning(config, level):
    """What a phase begins with: one level alone, or all of them if it is 0."""

    def begin(net):
        net.only(level)
        optimization.compile(net, config, loss=losses.SquaredError(config.sparsity))

    return begin
