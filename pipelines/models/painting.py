"""A picture as the only weights of a net: what Gatys et al. 2016 optimise."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor

NAME = "painting"  # of the layer


@keras.saving.register_keras_serializable(REGISTERED)
class Painting(layers.Layer):
    """uint8 pictures (B, H, W, 3) -> {"image": its own, (B, H, W, 3) in [0, 1], "apart": (B,)}.

    It gives the same picture whatever comes in; `apart` is how far the picture that comes in lies
    from `content`, the one that was painted: the mean absolute difference in [0, 1].
    """

    def __init__(self, height: int, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = (height, width)
        shape = (height, width, 3)
        self.picture = self.add_weight(shape=shape, initializer="zeros", name="picture")
        self.content = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, name="content"
        )

    def begin(self, content: np.ndarray, noise: float, seed: int) -> None:
        """Takes a picture, uint8 (H, W, 3), with Gaussian noise of this deviation, in [0, 1]."""
        pixels = content.astype(np.float32) / 255
        random = np.random.default_rng(seed)
        self.content.assign(pixels)
        self.picture.assign(pixels + noise * random.normal(size=pixels.shape).astype(np.float32))

    def call(self, pictures: Tensor) -> dict[str, Tensor]:
        given = ops.cast(pictures, "float32") / 255
        own = ops.clip(self.picture, 0.0, 1.0)
        apart = ops.mean(ops.abs(given - self.content), (1, 2, 3))
        return {"image": ops.zeros_like(given) + own, "apart": apart}

    def get_config(self) -> dict:
        height, width = self.size
        return {**super().get_config(), "height": height, "width": width}


def model(height: int, width: int) -> keras.Model:
    """{"image": uint8 (B, H, W, 3)} -> what `Painting` gives."""
    given = keras.Input((height, width, 3), dtype="uint8", name="image")
    return keras.Model({"image": given}, Painting(height, width, name=NAME)(given), name="gatys")
