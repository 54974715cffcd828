"""A model that trains on two domains at once, each of them normalised by itself."""

import keras
from keras import ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.joint import Joint


@keras.saving.register_keras_serializable(REGISTERED)
class Paired(Joint):
    """As Joint; in training one half of a batch is the source's, the second the target's.

    Each half passes by itself, so that batch normalisation takes the statistics of one domain,
    never of a mixture. What is kept for inference are the target's (Li et al. 2017,
    arXiv:1603.04779; French et al. 2018, arXiv:1706.05208, section 3.1).
    """

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor = None) -> Tensor:
        if not training:
            return super().call(inputs, training=training, mask=mask)
        half = ops.shape(keras.tree.flatten(inputs)[0])[0] // 2
        first = keras.tree.map_structure(lambda x: x[:half], inputs)
        second = keras.tree.map_structure(lambda x: x[half:], inputs)
        kept = [(v, ops.copy(v)) for v in self._statistics()]
        source = super().call(first, training=True)
        for variable, value in kept:
            variable.assign(value)
        target = super().call(second, training=True)
        return keras.tree.map_structure(lambda *both: ops.concatenate(both, 0), source, target)

    def _statistics(self) -> list[keras.Variable]:
        """The variables that batch normalisation keeps."""
        found = []
        for layer in self._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                found += [layer.moving_mean, layer.moving_variance]
        return found
