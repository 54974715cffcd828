"""A generator trained by pixel loss and then against a critic (SRGAN)."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import Phase
from pipelines.tasks import super_resolution
from pipelines.tasks.super_resolution import begin_pixels, compiled, enlarger, pixel_loss

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines.families import adversarial_pairs
    from pipelines.models import adversarial, critics, perceptual

SHARE = 5  # adversarial_epochs=0 takes one epoch in so many


@dataclass(frozen=True, kw_only=True)
class _Config(super_resolution.Config):
    """The settings of super-resolution, and those of the phase against a critic."""

    generator: str = setting("fast", "net that enlarges", choices=("fast", "srcnn", "srresnet"))
    width: int = setting(32, "channels (SRResNet: 64)", "channels", low=1, high=512)
    depth: int = setting(
        10, "convolutions of fast, residual blocks of srresnet (16)", "layers", low=1, high=64
    )
    adversarial_epochs: int = setting(
        0,
        "epochs of the second phase, against a critic; 0 takes a fifth of all",
        "epochs",
        low=0,
    )
    adversarial_rate: float = setting(
        1e-4, "peak learning rate of the second phase", low=0.0, high=10.0
    )
    adversarial: str = setting(
        "plain",
        "what generator and critic play for",
        choices=("plain", "relativistic", "least_squares"),
    )
    pixel_weight: float = setting(1.0, "factor of the pixel loss in the second phase", low=0.0)
    content_weight: float = setting(1.0, "factor of the content loss in the second phase", low=0.0)
    adversarial_weight: float = setting(
        5e-3, "factor of the adversarial loss in the second phase", low=0.0
    )
    critic_width: int = setting(
        32, "channels of the critic's first layer (PatchGAN: 64)", "channels", low=1, high=512
    )

    def __post_init__(self):
        super().__post_init__()
        if self.adversarial_epochs >= self.epochs:
            raise PipelineError(
                f"adversarial_epochs must be below epochs={self.epochs}, which counts both phases;"
                f" got {self.adversarial_epochs}."
            )


class SRGAN(super_resolution.SuperResolution):
    """A generator and its critic, one after the other's loss, in one step."""

    Config = _Config
    paper = "Ledig et al. 2017"

    def model(self, config):
        """{"image": uint8 (B, T, T, 3)} -> {"image": (B, s * T, s * T, 3)}, compiled."""
        net = enlarger(config, config.generator)
        begin_pixels(net.attach({"critic": critics.patch_critic(config.critic_width)}), config)
        return net

    def phases(self, config):
        """Pixel loss, and then against the critic, whose last epoch is kept."""
        if config.epochs < 2:
            raise PipelineError("srgan has two phases: epochs must be at least 2; got 1.")
        against = config.adversarial_epochs or max(1, config.epochs // SHARE)
        first = config.replace(epochs=config.epochs - against, adversarial_epochs=0)
        second = config.replace(
            epochs=against,
            adversarial_epochs=0,
            learning_rate=config.adversarial_rate,
            keep="last",
        )
        return [
            Phase("pixels", first, lambda net: begin_pixels(net, first)),
            Phase("adversarial", second, lambda net: _begin_adversarial(net, second)),
        ]

    def _net(self, config):
        return config.generator


def _begin_adversarial(net, config):
    for critic in net.partners.values():
        critic.trainable = True
    content = (
        perceptual.features(config.features)
        if config.content_weight and config.features != "none"
        else None
    )

    def rule(model, x, y, outputs, training):
        fake, real = outputs["image"], keras.ops.cast(y["image"], "float32") / 255.0
        critic = adversarial.Asked(model.partners["critic"])
        wanted, judged = adversarial_pairs.losses_of(config.adversarial, critic, fake, real)
        loss = config.pixel_weight * pixel_loss(config, y, outputs)
        loss += config.adversarial_weight * wanted + judged
        if content is not None:
            loss += config.content_weight * keras.ops.mean(perceptual.distance(content, fake, real))
        return loss

    net.rule = rule
    compiled(net, config)
