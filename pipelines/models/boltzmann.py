"""A Boltzmann machine of one or two hidden layers, as a layer."""

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.ops import boltzmann, partition
from pipelines.ops.boltzmann import Machine, Noise
from pipelines.parts import IN_FLOAT

SUMMED = 14  # units of the first layer up to which all its states are gone through for a picture
UNLIKELY = 0.01  # least share of ones, and of zeros, that a pixel is given at first


@keras.saving.register_keras_serializable(REGISTERED)
class Boltzmann(layers.Layer):
    """Pixels (B, D) in [0, 1] -> what the hidden units say of them, and their log-likelihood.

    hidden: units of the first layer. latent: units of the second layer; 0 is a restricted machine.
    is_gaussian: whether pixels are Gaussian, brought to mean 0 and deviation 1, or else binary.
    turns: of mean field. Besides the machine it holds log Z with its interval, the independent
    pixels that training began with, and mean and deviation of each pixel.
    """

    def __init__(
        self,
        hidden: int,
        latent: int = 0,
        is_gaussian: bool = False,
        turns: int = 10,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.hidden, self.latent = hidden, latent
        self.is_gaussian, self.turns = is_gaussian, turns

    def build(self, input_shape: tuple) -> None:
        size = input_shape[-1]
        visible = size + self.latent
        own = {
            "weights": ((visible, self.hidden), "zeros"),
            "visible_bias": ((visible,), "zeros"),
            "hidden_bias": ((self.hidden,), "zeros"),
            "log_z": ((3,), "zeros"),  # the value, and its 95 % interval
            "base": ((visible,), "zeros"),
            "mean": ((size,), "zeros"),
            "deviation": ((size,), "ones"),
        }
        self.numbers = {
            name: self.add_weight(shape, start, "float32", trainable=False, name=name)
            for name, (shape, start) in own.items()
        }
        self.built = True

    @property
    def size(self) -> int:
        """How many pixels there are."""
        return self.numbers["mean"].shape[0]

    @property
    def machine(self) -> Machine:
        """The numbers as they are used now, tensors."""
        names = ("weights", "visible_bias", "hidden_bias")
        return Machine(*(ops.convert_to_tensor(self.numbers[name]) for name in names))

    def assign(self, own: Machine) -> None:
        """Gives it other weights and biases; log Z is then that of the old ones."""
        for name, values in zip(("weights", "visible_bias", "hidden_bias"), own, strict=True):
            self.numbers[name].assign(values)

    def begin(self, mean: np.ndarray, deviation: np.ndarray, seed: int) -> None:
        """Starts from independent pixels and small random weights; Hinton 2012, section 8.

        mean, deviation: (D,), of the pixels in [0, 1] of all training pictures.
        """
        shape, random = self.numbers["weights"].shape, np.random.default_rng(seed)
        odds = np.zeros(shape[0])
        if self.is_gaussian:
            self.numbers["mean"].assign(mean)
            self.numbers["deviation"].assign(deviation)
        else:
            share = np.clip(mean, UNLIKELY, 1 - UNLIKELY)
            odds[: self.size] = np.log(share / (1 - share))
        self.numbers["base"].assign(odds)
        self.assign(Machine(random.normal(0, 0.01, shape), odds, np.zeros(shape[1])))

    def estimate(
        self, steps: int, chains: int, seed: int, most: float = math.inf
    ) -> partition.Estimate:
        """log Z of the machine, exactly if that takes at most `most` terms, else by annealing; kept
        as `log_z`."""
        own = Machine(*(np.asarray(values) for values in self.machine))
        if partition.is_exact(own.weights, self.is_gaussian, most):
            value = partition.exact(own, self.is_gaussian)
            found = partition.Estimate(value, value, value)
        else:
            base = np.asarray(self.numbers["base"])
            found = partition.annealed(own, base, steps, chains, seed, self.is_gaussian)
        self.numbers["log_z"].assign(found)
        return found

    def scaled(self, pixels: Tensor) -> Tensor:
        """Pixels in [0, 1] as the machine has them."""
        return (pixels - self.numbers["mean"]) / self.numbers["deviation"]

    def call(self, pixels: Tensor) -> dict[str, Tensor]:
        """{"latent": (B, H + latent) in [0, 1], "pixels": made anew (B, D), and nats (B,), as
        `judge` has them}.

        With two layers there is "log_likelihood", too, up to SUMMED units of the first one.
        """
        latent = self.encode(pixels)
        found = {"latent": latent, "pixels": self.decode(latent), **self.judge(pixels)}
        if self.latent and self.hidden <= SUMMED:
            total = boltzmann.summed(self.scaled(pixels), self.machine, self.latent)
            found["log_likelihood"] = total - self.numbers["log_z"][0]
        return found

    def encode(self, pixels: Tensor) -> Tensor:
        """(B, D) -> (B, H + latent): how likely each hidden unit is 1."""
        x = self.scaled(pixels)
        if not self.latent:
            return boltzmann.hidden_probability(x, self.machine)
        return ops.concatenate(self._fields(x), -1)

    def decode(self, latent: Tensor) -> Tensor:
        """(B, H + latent) -> pixels (B, D) in [0, 1], the mean of what the first layer says."""
        given = boltzmann.visible_input(latent[:, : self.hidden], self.machine)
        return self._pixels(given[:, : self.size])

    def judge(self, pixels: Tensor) -> dict[str, Tensor]:
        """{"log_likelihood", "free_energy": (B,), nats}; {"elbo"} if there are two hidden layers.

        Of Gaussian pixels it is a density, of values in [0, 1].
        """
        x, log_z = self.scaled(pixels), self.numbers["log_z"][0]
        if self.latent:
            bound = boltzmann.bound(x, *self._fields(x), self.machine)
            with keras.name_scope(IN_FLOAT):
                return {"elbo": bound - log_z}
        energy = boltzmann.free_energy(x, self.machine, self.is_gaussian)
        with keras.name_scope(IN_FLOAT):
            scale = ops.sum(ops.log(self.numbers["deviation"]))
            return {"log_likelihood": -energy - log_z - scale, "free_energy": energy}

    def sample(self, noise: Noise) -> Tensor:
        """Pixels (B, D) in [0, 1] after K Gibbs steps from independent pixels, as means."""
        start = ops.convert_to_tensor(self.numbers["base"]) + ops.zeros_like(noise.visible[:, 0])
        first = start if self.is_gaussian else ops.cast(start > 0, "float32")
        _, given = boltzmann.gibbs(first, self.machine, noise, self.is_gaussian)
        pixels = given[:, : self.size]
        return self._pixels(pixels) if self.is_gaussian else pixels

    def _fields(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return boltzmann.mean_field(x, self.machine, self.latent, self.turns)

    def _pixels(self, given: Tensor) -> Tensor:
        """What pixels get from the hidden units -> their means, in [0, 1]."""
        if not self.is_gaussian:
            return ops.sigmoid(given)
        return ops.clip(self.numbers["mean"] + self.numbers["deviation"] * given, 0.0, 1.0)

    def get_config(self) -> dict:
        own = {"hidden": self.hidden, "latent": self.latent}
        more = {"is_gaussian": self.is_gaussian, "turns": self.turns}
        return {**super().get_config(), **own, **more}
