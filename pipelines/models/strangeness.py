"""How strange a picture is: its reconstruction error over a threshold."""

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor


@keras.saving.register_keras_serializable(REGISTERED)
class Strangeness(layers.Layer):
    """A picture, uint8 (B, H, W, C), and the one made anew, in [0, 1] -> (B,); above 1 is strange.

    threshold: (), a mean squared error, not trained; 1 until it is chosen on held-out pictures. So
    each exported file carries the threshold that belongs to its weights.
    """

    def build(self, *shapes: tuple) -> None:
        self.threshold = self.add_weight((), "ones", "float32", trainable=False, name="threshold")
        self.built = True

    def call(self, image: Tensor, made: Tensor) -> Tensor:
        picture = ops.cast(image, "float32") / 255.0
        return ops.mean(ops.square(picture - made), (1, 2, 3)) / self.threshold

    def compute_output_shape(self, image_shape: tuple, made_shape: tuple) -> tuple:
        return image_shape[:1]
