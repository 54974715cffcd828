"""Scores of items by the vector of a user, of which training looks at a few items at a time.

A softmax over all items is expensive if there are many. In a step some are drawn, each no more than
once, the frequent ones more often. From a score the logarithm of how often its item is drawn is
taken away, so that the sum over those drawn is nearly the sum over all in the mean (Bengio &
Senecal 2008; Yi et al. 2019, section 3, "logQ correction").
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor, unseen


class SampledItems(layers.Layer):
    """User vectors (B, D) -> scores of the items (B, I); in training LOWEST for those not drawn.

    sampled: how many are drawn, all if there are no more. counts: interactions of each item, (I,);
    an item is drawn by its square root, so that rare ones are seen as well.
    """

    def __init__(self, items: int, sampled: int, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.items, self.sampled, self.seed = items, min(items, sampled), seed
        self.chance = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple) -> None:
        own: dict[str, Any] = {"initializer": "zeros", "trainable": False}
        self.log_share = self.add_weight((self.items,), name="log_share", **own)
        self.built = True

    def vectors(self, ids: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """((N, D), biases (N,)) of some items, or of all."""
        raise NotImplementedError

    def call(self, users: Tensor, training: bool = False) -> Tensor:
        if not training or self.sampled == self.items:
            vectors, biases = self.vectors()
            return ops.matmul(users, ops.transpose(vectors)) + biases
        noise = keras.random.uniform((self.items,), 1e-6, 1.0, seed=self.chance)
        _, ids = ops.top_k(self.log_share - ops.log(-ops.log(noise)), self.sampled)
        vectors, biases = self.vectors(ids)
        often = ops.minimum(ops.take(self.log_share, ids) + float(np.log(self.sampled)), 0.0)
        scores = ops.matmul(users, ops.transpose(vectors)) + biases - often
        return self._spread(ids, scores)

    def _spread(self, ids: Tensor, scores: Tensor) -> Tensor:
        """Scores of the drawn items (B, S) -> of all (B, I)."""
        places = ids[:, None]
        is_drawn = ops.scatter(places, ops.ones_like(scores[0]), (self.items,))
        shape = (self.items, ops.shape(scores)[0])
        found = ops.transpose(ops.scatter(places, ops.transpose(scores), shape))
        return ops.where(is_drawn > 0, found, ops.full_like(found, unseen.LOWEST))

    def draw_by(self, counts: np.ndarray) -> None:
        """Lets items be drawn by how often they occur."""
        shares = np.sqrt(np.maximum(counts, 1.0))
        self.log_share.assign(np.log(shares / shares.sum()))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.items)

    def get_config(self) -> dict:
        own = {"items": self.items, "sampled": self.sampled, "seed": self.seed}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(REGISTERED)
class ItemVectors(SampledItems):
    """A vector and a bias for each item."""

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        self.table = self.add_weight((self.items, input_shape[-1]), "glorot_uniform", name="table")
        self.biases = self.add_weight((self.items,), "zeros", name="biases")

    def vectors(self, ids: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return _taken(self.table, ids), _taken(self.biases, ids)


@keras.saving.register_keras_serializable(REGISTERED)
class ItemTower(ItemVectors):
    """The same, to which the features of an item are added through a layer of their own.

    `features`, (I, F), are not trained, so an item that nobody has rated has a place by its texts.
    """

    def __init__(self, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.width = width

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        self.features = self.add_weight(
            (self.items, self.width), "zeros", trainable=False, name="features"
        )
        self.between = self.add_weight(
            (self.width, input_shape[-1]), "glorot_uniform", name="between"
        )

    def vectors(self, ids: Tensor | None = None) -> tuple[Tensor, Tensor]:
        own, biases = super().vectors(ids)
        return own + ops.tanh(ops.matmul(_taken(self.features, ids), self.between)), biases

    def get_config(self) -> dict:
        return {**super().get_config(), "width": self.width}


def _taken(table: Tensor, ids: Tensor | None) -> Tensor:
    """Rows of a table, or all."""
    table = ops.convert_to_tensor(table)
    return table if ids is None else ops.take(table, ids, axis=0)
