"""Two generators and two critics, kept together by the way there and back (CycleGAN)."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import Program
from pipelines.tasks import picture_translation
from pipelines.tasks.picture_translation import OTHER

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines import optimization
    from pipelines.families import adversarial_pairs
    from pipelines.metrics import picture_translation as metric
    from pipelines.models import adversarial, critics, picture_features, pool, redrawing

DIRECTIONS = ("a_to_b", "b_to_a")


@dataclass(frozen=True, kw_only=True)
class _Config(picture_translation.Config):
    """The settings of picture translation, and those of CycleGAN."""

    epochs: int = setting(200, "passes over the larger training domain", "epochs", low=1)
    batch_size: int = setting(1, "pictures of each domain per step", "examples", low=1)
    optimizer: str = setting(
        "adam", "update rule", choices=("adamw", "adam", "sgd", "rmsprop", "lion")
    )
    learning_rate: float = setting(2e-4, "peak learning rate", low=0.0, high=10.0)
    schedule: str = setting(
        "linear",
        "learning rate after the warm-up; linear is constant and then falls straight",
        choices=("constant", "step", "exponential", "cosine", "linear"),
    )
    warmup_epochs: float = setting(0.0, "linear rise from zero to the peak", "epochs", low=0.0)
    beta: float = setting(0.5, "decay of the mean gradient in adam and adamw", low=0.0, high=0.9999)
    monitor: str = setting(
        "val_frechet_distance",
        "what decides which epoch is kept: val_loss or val_ and a metric's name",
    )
    width: int = setting(64, "channels of the generators' first layer", "channels", low=1, high=256)
    blocks: int = setting(
        0,
        "residual blocks of a generator; 0 takes 6 up to an image_size of 128, and 9 above",
        "blocks",
        low=0,
        high=32,
    )
    critic_width: int = setting(
        64, "channels of the critics' first layer", "channels", low=1, high=256
    )
    adversarial: str = setting(
        "least_squares",
        "what generators and critics play for",
        choices=("plain", "relativistic", "least_squares"),
    )
    cycle_weight: float = setting(10.0, "factor of the cycle loss", low=0.0)
    identity_weight: float = setting(
        0.5,
        "factor of the identity loss, as a share of cycle_weight; 0 leaves it out, which saves a"
        " third",
        low=0.0,
    )
    pool: int = setting(
        50, "past fakes that critics see half of the time; 0 is none", "pictures", low=0, high=1000
    )

    def __post_init__(self):
        super().__post_init__()
        if 0 < self.pool < self.batch_size:
            raise PipelineError(f"pool must hold a batch of {self.batch_size}; got {self.pool}.")


class CycleGAN(picture_translation.PictureTranslation):
    """A generator for each direction, in one model and in one file."""

    Config = _Config
    paper = "Zhu et al. 2017"
    # int8 loses most in instance norm: on request.
    files = ("saved_model", "float32", "float16", "dynamic")

    def resolve(self, config, data):
        """`features` as found on this machine; `patch` and `blocks` that follow from the size."""
        config = config.replace(
            patch=config.patch or max(32, config.image_size * 7 // 32 * 4),
            blocks=config.blocks or _blocks(config),
        )
        if config.features != "auto":
            return config
        return config.replace(features=picture_features.best())

    def model(self, config):
        """{"a", "b": uint8 (B, S, S, 3)} -> {"to_b", "to_a", "back_a", "back_b": (B, S, S, 3) in
        [-1, 1]}, compiled.

        S: any multiple of 4. The layers `a_to_b` and `b_to_a` are the generators.
        """
        side = config.image_size
        inputs = {
            name: keras.Input((side, side, 3), dtype="uint8", name=name) for name in ("a", "b")
        }
        blocks = config.blocks or _blocks(config)
        there, back = (
            redrawing.generator(config.width, blocks, name=name) for name in ("a_to_b", "b_to_a")
        )
        scale = keras.layers.Rescaling(1 / 127.5, -1, name="scaled")
        to_b, to_a = there(scale(inputs["a"])), back(scale(inputs["b"]))
        outputs = {"to_b": to_b, "to_a": to_a, "back_a": back(to_b), "back_b": there(to_a)}
        net = adversarial.Adversarial(inputs, outputs, name="cyclegan")
        net.input_spec = {
            name: keras.InputSpec(shape=(None, None, None, 3)) for name in inputs
        }  # patches, or all of it
        partners = {
            f"critic_{d}": critics.patch_critic(config.critic_width, name=f"critic_{d}")
            for d in OTHER
        }
        if config.pool:
            patch = config.patch or side
            partners |= {
                f"pool_{d}": pool.Pool(config.pool, patch, config.seed, name=f"pool_{d}")
                for d in OTHER
            }
        net.attach(partners)
        net.rule = lambda net, x, y, outputs, training: _loss(config, net, x, outputs, training)
        more = {"beta_1": config.beta} if "adam" in config.optimizer else {}
        optimization.compile(net, config, optimizer=optimization.optimizer(config, **more))
        return net

    def decode(self, outputs, config):
        """-> the same names, (B, S, S, 3) in [0, 1]."""
        return {name: keras.ops.clip((x + 1) / 2, 0.0, 1.0) for name, x in outputs.items()}

    def programs(self, model, config, inputs):
        """One for each direction: {"image": uint8 (1, S, S, 3)} -> {"to_b"} or {"to_a"}."""
        return {
            name: Program(_redrawn(model, name), {"image": inputs[name[0]]}) for name in DIRECTIONS
        }

    def answer(self, run, inputs, config):
        """Both directions, and back from what a picture file would hold."""
        found = {}
        for there, back in (DIRECTIONS, DIRECTIONS[::-1]):
            domain, other = there[0], there[-1]
            made = run({"image": inputs[domain]}, there)[f"to_{other}"]
            found[f"to_{other}"] = made
            returned = run({"image": metric.bytes_of(made)}, back)
            found[f"back_{domain}"] = returned[f"to_{domain}"]
        return found


def _redrawn(model, direction):
    """Pictures -> pictures in the other domain, by one generator."""
    generator, scale = model.get_layer(direction), model.get_layer("scaled")

    def call(values):
        x = generator(scale(values["image"]), training=False)
        return {f"to_{direction[-1]}": keras.ops.clip((x + 1) / 2, 0.0, 1.0)}

    return call


def _blocks(config):
    return 6 if config.image_size <= 128 else 9


def _loss(config, net, inputs, outputs, training):
    """Zhu et al. 2017, eqs. 1 to 3, with the losses of section 4, and the identity loss of section
    5.2."""
    total = 0.0
    real = {d: keras.ops.cast(inputs[d], "float32") / 127.5 - 1 for d in OTHER}
    for domain, other in OTHER.items():
        critic, fake = adversarial.Asked(net.partners[f"critic_{domain}"]), outputs[f"to_{domain}"]
        shown = keras.ops.stop_gradient(fake)
        if config.pool and training:
            shown = net.partners[f"pool_{domain}"](shown)
        total += sum(
            adversarial_pairs.losses_of(config.adversarial, critic, fake, real[domain], shown)
        )
        total += config.cycle_weight * _apart(outputs[f"back_{domain}"], real[domain])
        if config.identity_weight:
            same = net.get_layer(f"{other}_to_{domain}")(real[domain], training=training)
            total += config.identity_weight * config.cycle_weight * _apart(same, real[domain])
    return total


def _apart(x, y):
    return keras.ops.mean(keras.ops.abs(x - y))
