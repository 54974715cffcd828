"""A generator that learns from a critic which tells its pictures from real ones (DCGAN, WGAN-GP)."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.edge import draws
from pipelines.errors import PipelineError
from pipelines.task import Program, Score
from pipelines.tasks import generation
from pipelines.tasks.generation import Generation, Maker, PictureConfig

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines import optimization
    from pipelines.families import adversarial_pairs
    from pipelines.losses import adversarial as losses
    from pipelines.models import adversarial, dcgan
    from pipelines.tasks.generation import _judging

PENALTY = 10.0  # Gulrajani et al. 2017, arXiv:1704.00028, section 4


@dataclass(frozen=True, kw_only=True)
class _Config(PictureConfig, settings.Config):
    """The settings of the pictures, the shared ones, and those of the two nets."""

    epochs: int = setting(200, "passes over the training split", "epochs", low=1)
    batch_size: int = setting(64, "examples per step", "examples", low=1)
    optimizer: str = setting(
        "adam", "update rule", choices=("adamw", "adam", "sgd", "rmsprop", "lion")
    )
    learning_rate: float = setting(2e-4, "peak learning rate", low=0.0, high=10.0)
    beta: float = setting(0.5, "decay of the mean gradient in adam and adamw", low=0.0, high=0.9999)
    schedule: str = setting(
        "constant",
        "learning rate after the warm-up; linear is constant and then falls straight",
        choices=("constant", "step", "exponential", "cosine", "linear"),
    )
    warmup_epochs: float = setting(0.0, "linear rise from zero to the peak", "epochs", low=0.0)
    ema: float = setting(
        0.999,
        "decay of the moving average of the weights, which is what is kept; 0 is off",
        low=0.0,
        high=0.99999,
    )
    monitor: str = setting(
        "val_frechet_distance",
        "what decides which epoch is kept: val_loss, which does not tell, or val_ and a metric's name",
    )
    features: str = setting(
        "auto",
        "features of the Frechet distance; auto takes those of a small classifier if there are"
        " classes, else those of the pretrained net if it is installed",
        choices=("auto", "classes", "efficientnet_lite0", "pixels"),
    )
    latent_size: int = setting(
        64, "random numbers that become a picture", "numbers", low=1, high=4096
    )
    width: int = setting(32, "channels of the generator at full size", "channels", low=1, high=512)
    critic_width: int = setting(
        32, "channels of the critic at full size", "channels", low=1, high=512
    )
    adversarial: str = setting(
        "plain",
        "what generator and critic play for",
        choices=("plain", "relativistic", "least_squares", "hinge", "wasserstein"),
    )
    critic_norm: str = setting(
        "auto",
        "what keeps the critic's layers in bounds; auto is none with adversarial=wasserstein, whose"
        " penalty does it, else spectral",
        choices=("auto", "spectral", "none"),
    )
    gradient_penalty: float = setting(
        -1.0,
        "factor of the penalty on slopes of the critic that are not 1; -1 takes 10 with"
        " adversarial=wasserstein, else 0",
        low=-1.0,
        high=1000.0,
    )
    critic_rate: float = setting(
        1.0, "learning rate of the critic, as a multiple of the generator's", low=0.01, high=100.0
    )
    conditional: bool = setting(False, "whether pictures are made of a class that is asked for")


class GAN(Generation):
    """One program, `decode`: random numbers, and a class if wanted, become a picture."""

    Config = _Config
    paper = "Goodfellow et al. 2014; Radford et al. 2015"
    page = "gan.md"
    # int8 loses most in a trained generator (docs/gan.md): on request.
    files = ("saved_model", "float32", "float16", "dynamic")
    scores = (
        Score("frechet_distance", "lower", tolerance=0.05, relative=True),
        Score("precision"),
        Score("recall"),
        Score("spread"),
        Score("rarest_class"),
    )
    _takes_pictures = False

    def _noise(self, config):
        return {"latent": draws.Draw((config.latent_size,))}

    def _maker(self, config):
        return Maker("decode", self._noise(config), config.conditional)

    def _is_conditional(self, config):
        return config.conditional

    def resolve(self, config, data):
        """The pictures' size, and what keeps the critic in bounds, which goes with the loss.

        Raises PipelineError if `beta` is set and the optimizer has none.
        """
        if config.beta != _Config.beta and "adam" not in config.optimizer:
            raise PipelineError(
                f"beta is of adam and adamw; got optimizer={config.optimizer}. Leave beta out, or set"
                " optimizer=adam."
            )
        slopes = config.adversarial == "wasserstein"
        penalty, norm = (PENALTY, "none") if slopes else (0.0, "spectral")
        penalty = penalty if config.gradient_penalty < 0 else config.gradient_penalty
        norm = norm if config.critic_norm == "auto" else config.critic_norm
        resolved = super().resolve(config, data)
        return resolved.replace(gradient_penalty=penalty, critic_norm=norm)

    def learn(self, examples, config):
        """What the base learns, the features that pictures are judged on, and the training pixels."""
        found = dict(super().learn(examples, config))
        if config.conditional and len(found.get("classes", ())) < 2:
            raise PipelineError(
                "conditional=true needs pictures of two classes or more, with labels. Leave it out."
            )
        return found | _judging.learned(examples, config.having(found))

    def floor(self, part, config):
        """The distance of pictures whose pixels are drawn each for itself."""
        return _judging.floor(part, config)

    def metrics(self, config):
        """The Frechet distance, which files are judged by, and what it does not tell."""
        return [_judging.metric(config)]

    def doubts(self, result, config):
        """Mode collapse, and copies."""
        return _judging.doubts(result)

    def model(self, config):
        """{"latent": (B, N), maybe "label"} -> {"made": (B, S, S, C) in [-1, 1]}, compiled."""
        shape, classes = generation.shape(config), _classes(config)
        generator = dcgan.generator(shape, config.latent_size, config.width, classes)
        inputs = {name: _again(tensor) for name, tensor in generator.input.items()}
        net = adversarial.Adversarial(inputs, {"made": generator(inputs)}, name="gan")
        spectral = config.critic_norm == "spectral"
        critic = dcgan.critic(shape, config.critic_width, spectral, classes)
        net.attach({"critic": critic})
        net.rule = lambda net, x, y, made, training: _loss(config, net, y, x, made, training)
        more = {"beta_1": config.beta} if "adam" in config.optimizer else {}
        rates = [(v, config.critic_rate) for v in critic.trainable_variables]
        rates = rates if config.critic_rate != 1 else ()
        optimization.compile(net, config, optimizer=optimization.optimizer(config, rates, **more))
        return net

    def decode(self, outputs, config):
        """-> {"made": (B, S, S, C) in [0, 1]}."""
        return {"made": _shades(outputs["made"])}

    def programs(self, model, config, inputs):
        """decode: {"latent", maybe "label"} -> {"image"}."""
        generator = model.get_layer("generator")

        def decode(values):
            return {"image": _shades(generator(values, training=False))}

        return {"decode": Program(decode, inputs)}

    def answer(self, run, inputs, config):
        """What the generator makes of the random numbers."""
        return {"made": run(inputs, "decode")["image"]}


def _classes(config) -> int:
    return len(config.learned["classes"]) if config.conditional else 0


def _again(tensor):
    return keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)


def _shades(made):
    return keras.ops.clip((made + 1) / 2, 0.0, 1.0)


def _loss(config, net, targets, inputs, outputs, training):
    """Both players' losses, and the penalty on the critic's slopes."""
    own = {"label": targets["label"]} if config.conditional else {}

    def shown(pictures):
        return {"picture": pictures, **own}

    critic = adversarial.Asked(net.partners["critic"])
    fake, real = outputs["made"], targets["image"] * 2 - 1
    loss = sum(adversarial_pairs.losses_of(config.adversarial, critic, shown(fake), shown(real)))
    if config.gradient_penalty:
        between = _between(keras.ops.stop_gradient(fake), real, inputs["latent"])
        steep = adversarial.slopes(lambda pictures: critic(shown(pictures)), between)
        loss += config.gradient_penalty * losses.slope_penalty(steep)
    if training:
        critic.settle()
    return loss


def _between(fake, real, latent):
    """A point on the line from each fake to a real picture (Gulrajani et al. 2017, algorithm 1).

    Its place is uniform: the normal distribution function of a number of another picture's noise.
    """
    other = keras.ops.roll(latent[:, :1], 1, axis=0)
    place = (1 + keras.ops.erf(other / np.sqrt(2.0))) / 2
    place = keras.ops.reshape(place, (-1, 1, 1, 1))
    return real * place + fake * (1 - place)
