"""An autoencoder whose pairs of layers may be trained one after the other.

Bengio et al. 2007, "Greedy layer-wise training of deep networks", section 2.3; Hinton &
Salakhutdinov 2006 train each pair as a restricted Boltzmann machine instead.
"""

import keras

from pipelines.models import REGISTERED, Tensor, joint


@keras.saving.register_keras_serializable(REGISTERED)
class Layerwise(joint.Joint):
    """A joint model of the layers `encoder` and `decoder`, dense ones of `coders`.

    level: the pair of layers that is trained alone, the outermost is 1; 0 is all.
    """

    level = 0

    def only(self, level: int) -> None:
        """Trains the pair `level` alone, through those outside of it, which stay; 0 trains all."""
        self.level = level
        for i, pair in enumerate(self._pairs(), 1):
            for layer in pair:
                layer.trainable = level in (0, i)

    def _pairs(self) -> list[tuple[keras.Layer, keras.Layer]]:
        """(of the encoder, of the decoder), the outermost first."""
        encoder, decoder = self.get_layer("encoder"), self.get_layer("decoder")
        inwards = [own for own in encoder.layers if isinstance(own, keras.layers.Dense)]
        outwards = [own for own in decoder.layers if isinstance(own, keras.layers.Dense)]
        return list(zip(inwards, reversed(outwards), strict=True))

    def judged(self, x: Tensor, y: Tensor, y_pred: Tensor) -> Tensor:
        """The outputs, or what the pairs down to `level` make of the picture by themselves."""
        if not self.level:
            return y_pred
        flat = keras.ops.cast(x["image"], "float32") / 255.0
        code = keras.ops.reshape(flat, (keras.ops.shape(flat)[0], -1))
        taken = self._pairs()[: self.level]
        for inwards, _ in taken:
            code = inwards(code)
        pixels = code
        for _, outwards in reversed(taken):
            pixels = outwards(pixels)
        made = keras.ops.reshape(keras.ops.sigmoid(pixels), keras.ops.shape(y["image"]))
        return {"image": made, "latent": code}
