"""An autoencoder: a picture through a few numbers and back."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.task import Program
from pipelines.tasks.generation import Generation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines import optimization
    from pipelines.losses import reconstruction
    from pipelines.models import autoencoder, joint


@dataclass(frozen=True, kw_only=True)
class _Config(settings.Config):
    """The shared settings, and those of the net."""

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    learning_rate: float = setting(3e-3, "peak learning rate", low=0.0, high=10.0)
    image_size: int = setting(
        0, "side of the square picture; 0 follows the data, 8 to 64", "px", low=0, high=256
    )
    code_size: int = setting(32, "numbers that a picture becomes", "numbers", low=1, high=4096)
    width: int = setting(256, "units of the hidden layers", "units", low=1, high=8192)


class Autoencoder(Generation):
    """Two programs: `encode`, a picture to its code, and `decode`, a code to a picture."""

    Config = _Config
    paper = "Hinton & Salakhutdinov 2006"

    def resolve(self, config, data):
        """The pictures' size, if it is not set."""
        side = min(64, max(8, round(data.median_side / 8) * 8))
        return config.replace(image_size=config.image_size or side)

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"code": (B, N), "image": (B, S, S, 3) in [0, 1]}, compiled."""
        shape = (config.image_size, config.image_size, 3)
        inputs = keras.Input(shape, dtype="uint8", name="image")
        code = autoencoder.encoder(shape, config.code_size, config.width)(inputs)
        made = autoencoder.decoder(shape, config.code_size, config.width)(code)
        net = joint.Joint({"image": inputs}, {"code": code, "image": made}, name="autoencoder")
        optimization.compile(net, config, loss=reconstruction.SquaredError())
        return net

    def programs(self, model, config, inputs):
        """encode: {"image"} -> {"code"}; decode: {"code"} -> {"image"}."""
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        codes = keras.ops.convert_to_numpy(encoder(np.asarray(inputs["image"]), training=False))

        def encode(values):
            return {"code": encoder(values["image"], training=False)}

        def decode(values):
            return {"image": decoder(values["code"], training=False)}

        return {"encode": Program(encode, inputs), "decode": Program(decode, {"code": codes})}

    def answer(self, run, inputs, config):
        """The picture by way of its code: both programs."""
        code = run(inputs, "encode")["code"]
        return {"code": code, "image": run({"code": code}, "decode")["image"]}
