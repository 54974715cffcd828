"""An autoencoder: a picture through a few numbers and back."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.task import Program
from pipelines.tasks import generation
from pipelines.tasks.generation import Generation, PictureConfig

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines import optimization
    from pipelines.losses import reconstruction
    from pipelines.models import autoencoder, joint


@dataclass(frozen=True, kw_only=True)
class _Config(PictureConfig, settings.Config):
    """The settings of the pictures, the shared ones, and those of the net."""

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    learning_rate: float = setting(3e-3, "peak learning rate", low=0.0, high=10.0)
    latent_size: int = setting(32, "numbers that a picture becomes", "numbers", low=1, high=4096)
    width: int = setting(256, "units of the hidden layers", "units", low=1, high=8192)


class Autoencoder(Generation):
    """Two programs: `encode`, a picture to its code, and `decode`, a code to a picture."""

    Config = _Config
    paper = "Hinton & Salakhutdinov 2006"

    def model(self, config):
        """{"image": uint8 (B, S, S, C)} -> {"latent": (B, N), "image": (B, S, S, C) in [0, 1]}, compiled."""
        shape = generation.shape(config)
        inputs = keras.Input(shape, dtype="uint8", name="image")
        latent = autoencoder.encoder(shape, config.latent_size, config.width)(inputs)
        made = autoencoder.decoder(shape, config.latent_size, config.width)(latent)
        net = joint.Joint({"image": inputs}, {"latent": latent, "image": made}, name="autoencoder")
        optimization.compile(net, config, loss=reconstruction.SquaredError())
        return net

    def programs(self, model, config, inputs):
        """encode: {"image"} -> {"latent"}; decode: {"latent"} -> {"image"}."""
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        latents = keras.ops.convert_to_numpy(encoder(np.asarray(inputs["image"]), training=False))

        def encode(values):
            return {"latent": encoder(values["image"], training=False)}

        def decode(values):
            return {"image": decoder(values["latent"], training=False)}

        return {"encode": Program(encode, inputs), "decode": Program(decode, {"latent": latents})}

    def answer(self, run, inputs, config):
        """The picture by way of its code: both programs."""
        latent = run(inputs, "encode")["latent"]
        return {"latent": latent, "image": run({"latent": latent}, "decode")["image"]}
