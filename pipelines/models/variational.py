"""What makes an autoencoder variational: Kingma & Welling 2014, arXiv:1312.6114."""

import math

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor

LEAST, MOST = -12.0, 8.0  # of a logarithm of a variance: beyond, float32 has nothing to gain
FINEST = -math.log(256)  # of the logarithm of a deviation: pictures have 256 shades


@keras.saving.register_keras_serializable(REGISTERED)
class Sampled(layers.Layer):
    """Mean, log variance, noise, all (B, N) -> mean + deviation * noise, and divergence by unit.

    Kingma & Welling 2014, section 2.4: what is random is an input, so that the gradient is not.
    """

    def call(self, mean: Tensor, log_variance: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        sampled = mean + ops.exp(0.5 * log_variance) * noise
        return sampled, divergence(mean, log_variance)

    def compute_output_shape(
        self, mean_shape: tuple, log_variance_shape: tuple, noise_shape: tuple
    ) -> tuple:
        return noise_shape, noise_shape


@keras.saving.register_keras_serializable(REGISTERED)
class Bounded(layers.Layer):
    """Logarithms of variances, kept where float32 can tell them apart."""

    def call(self, inputs: Tensor) -> Tensor:
        return ops.clip(inputs, LEAST, MOST)


@keras.saving.register_keras_serializable(REGISTERED)
class Decoded(layers.Layer):
    """One decoder for three kinds of numbers: sampled, their mean, and pure noise.

    All (B, N) -> (B, H, W, C) each. In training, where only the sampled ones count, the others are
    not computed, and are the same.
    """

    def __init__(self, decoder: keras.Model, **more):
        super().__init__(**more)
        self.decoder = decoder

    def call(self, sampled, mean, noise, label=None, training=None):
        def decoded(latent):
            given = {"latent": latent} if label is None else {"latent": latent, "label": label}
            return self.decoder(given, training=training)

        made = decoded(sampled)
        return (made, made, made) if training else (made, decoded(mean), decoded(noise))

    def compute_output_shape(self, sampled_shape, mean_shape, noise_shape, label_shape=None):
        return (self.decoder.output_shape,) * 3

    def get_config(self):
        decoder = keras.saving.serialize_keras_object(self.decoder)
        return {**super().get_config(), "decoder": decoder}

    @classmethod
    def from_config(cls, config):
        decoder = keras.saving.deserialize_keras_object(config.pop("decoder"))
        return cls(decoder, **config)


@keras.saving.register_keras_serializable(REGISTERED)
class Likelihood(layers.Layer):
    """A picture, uint8, and the pixels of a decoder, any real numbers -> log p(picture), nats (B,).

    likelihood: "bernoulli", or "gaussian", whose deviation, one for all pixels, is learned: Rybkin
    et al. 2021, arXiv:2006.13202, section 4.1. The mean is the sigmoid of the pixels in both.
    """

    def __init__(self, likelihood: str, **more):
        super().__init__(**more)
        self.likelihood = likelihood

    def build(self, *shapes: tuple) -> None:
        if self.likelihood == "gaussian":
            first = keras.initializers.Constant(math.log(0.2))
            self.log_deviation = self.add_weight((1,), first, "float32", name="log_deviation")
        self.built = True

    @property
    def deviation(self) -> Tensor:
        """(1,), of the Gaussian."""
        return ops.exp(ops.maximum(self.log_deviation, FINEST))

    def call(self, image: Tensor, pixels: Tensor) -> Tensor:
        picture = ops.cast(image, "float32") / 255.0
        if self.likelihood == "bernoulli":
            each = picture * pixels - ops.softplus(pixels)
        else:
            distance = (picture - ops.sigmoid(pixels)) / self.deviation
            each = -0.5 * distance**2 - ops.log(self.deviation) - 0.5 * math.log(2 * math.pi)
        return ops.sum(each, (1, 2, 3))

    def compute_output_shape(self, image_shape: tuple, pixels_shape: tuple) -> tuple:
        return image_shape[:1]

    def get_config(self) -> dict:
        return {**super().get_config(), "likelihood": self.likelihood}


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) of each unit, nats: Kingma & Welling 2014, appendix B."""
    return 0.5 * (ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance)
