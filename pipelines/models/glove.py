"""GloVe: vectors whose products are the logarithms of how often two words are near each other.

Pennington et al. 2014, "GloVe: Global Vectors for Word Representation", sections 3 and 4.2.
"""

from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.word_windows import CONTEXTS, VECTORS

BIASES = {VECTORS: "vector_biases", CONTEXTS: "context_biases"}


@keras.saving.register_keras_serializable(REGISTERED)
class GloVe(keras.Model):
    """{"words": (B, P)} -> {"vectors", "contexts": (B, P, D + 1)}, of which the last is the bias.

    The targets are {"near": (B, P), the other word of each pair, "count": (B, P), how often they
    are near, 0 behind the last}. most, power: x_max and alpha of equation 9.
    """

    most, power = 100.0, 0.75

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        own, count = y_pred[VECTORS], ops.cast(y["count"], "float32")
        other = ops.take(self.get_layer(CONTEXTS).embeddings, y["near"], axis=0)
        bias = ops.take(self.get_layer(BIASES[CONTEXTS]).embeddings, y["near"], axis=0)
        score = ops.sum(own[..., :-1] * other, -1) + own[..., -1] + bias[..., 0]
        weight = ops.minimum(count / self.most, 1.0) ** self.power
        gap = score - ops.log(ops.maximum(count, 1e-9))
        return ops.sum(weight * ops.square(gap)) / ops.maximum(ops.sum(weight), 1e-9)


def net(size: int, width: int, seed: int, most: float, power: float) -> keras.Model:
    """The model for `size` words, D = `width`."""
    words = keras.Input((None,), dtype="int32", name="words")
    ids = ops.clip(words, 0, size - 1)  # a file may be asked for anything
    outputs = {}
    for i, name in enumerate((VECTORS, CONTEXTS)):
        parts = []
        for kind, columns in ((name, width), (BIASES[name], 1)):
            start: Any = keras.initializers.RandomUniform(-0.5 / width, 0.5 / width, seed=seed + i)
            table = layers.Embedding(size, columns, embeddings_initializer=start, name=kind)
            parts.append(table(ids))
        outputs[name] = layers.Concatenate(name=f"{name}_with_bias")(parts)
    made = GloVe({"words": words}, outputs)
    made.most, made.power = most, power
    return made
