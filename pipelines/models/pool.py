"""A pool of past fakes, of which a critic is shown some instead of the newest.

Shrivastava et al. 2017 (arXiv:1612.07828, section 2.3), as CycleGAN has it (Zhu et al. 2017,
arXiv:1703.10593, section 4): half of the time the critic sees a picture out of the pool, whose
place the new one takes.
"""

from typing import Any

import keras
from keras import ops

from pipelines.models import REGISTERED, Tensor


@keras.saving.register_keras_serializable(REGISTERED)
class Pool(keras.layers.Layer):
    """Float pictures (B, S, S, 3) in [-1, 1] -> as many, each the same or an older one.

    B is at most `size`. The first `size` pictures fill the pool and come back as they are. Pictures
    are kept as bytes in weights that are not trained, and chance comes from a seed that counts on:
    both are part of a checkpoint.
    """

    def __init__(self, size: int, side: int, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.size, self.side, self.seed = size, side, seed
        shape, fixed = (size, side, side, 3), {"trainable": False, "autocast": False}
        self.kept = self.add_weight(shape, "zeros", "uint8", name="kept", **fixed)
        self.count = self.add_weight((), "zeros", "int32", name="count", **fixed)
        self.chance = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, pictures: Tensor) -> Tensor:
        number = ops.shape(pictures)[0]
        order = ops.argsort(keras.random.uniform((self.size,), seed=self.chance))
        swap = keras.random.uniform((self.size,), seed=self.chance)[:number] < 0.5
        full = self.count >= self.size
        # Filled in order, and by as many at once as a batch has: the last ones may take the place
        # of the first.
        place = ops.where(full, order[:number], (self.count + ops.arange(number)) % self.size)
        old = ops.take(self.kept, place, axis=0)
        new = ops.cast(ops.round((pictures + 1) * 127.5), "uint8")
        swap = ops.reshape(swap & full, (-1, 1, 1, 1))
        stays = ops.reshape(full, (1, 1, 1, 1)) & ops.logical_not(swap)
        self.kept.assign(ops.scatter_update(self.kept, place[:, None], ops.where(stays, old, new)))
        self.count.assign(ops.minimum(self.count + number, self.size))
        return ops.where(swap, ops.cast(old, pictures.dtype) / 127.5 - 1, pictures)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size, "side": self.side, "seed": self.seed}
