"""Generation: pictures made anew from a few numbers, and what these numbers are for a picture."""

import dataclasses

from etils import epy

from pipelines.errors import PipelineError
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.metrics import reconstruction
    from pipelines.ops import images


class Generation(Method):
    """What every method shares: pictures, how well they come back, drawing.

    A method decodes to {"image": (B, S, S, 3) in [0, 1]}, and maybe more.
    """

    data = "digits"
    features = {"image": Feature("picture")}
    scores = (Score("reconstruction_mse", "lower", tolerance=0.05, relative=True), Score("psnr"))
    page = "generation.md"

    def floor(self, part, config):
        """The error of the best constant answer, the mean picture of the part."""
        pictures = np.concatenate([inputs["image"] for inputs, _ in part.batches()]) / 255.0
        return float(np.mean((pictures - pictures.mean(0)) ** 2))

    def adapt(self, data, config):
        """Data with pictures alone. Raises PipelineError if there are none."""
        splits = {}
        for split, examples in data.splits.items():
            if "image" not in examples.columns:
                raise PipelineError(f"{data.source} has no pictures. Choose other data.")
            columns = {"image": examples.columns["image"]}
            splits[split] = dataclasses.replace(
                examples, columns=columns, pictures=("image",), masks={}
            )
        return dataclasses.replace(data, splits=splits, labels={})

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3)} -> ({"image": uint8 (S, S, 3)}, the same in [0, 1])."""
        image = images.resize(example["image"], config.image_size)
        return {"image": image}, {"image": tf.cast(image, tf.float32) / 255.0}

    def device(self, config):
        """A picture is squeezed into the square."""
        return {"fit": "stretch"}

    def metrics(self, config):
        """The mean squared error, the first one named, is what an exported file is judged by."""
        return [reconstruction.Reconstruction()]

    def draw(self, inputs, decoded, config, targets=None):
        """The picture, and what became of it."""
        made = np.clip(np.round(np.asarray(decoded["image"]) * 255), 0, 255).astype(np.uint8)
        error = float(np.mean((np.asarray(inputs["image"]) / 255.0 - decoded["image"]) ** 2))
        shown = canvas.grid([np.asarray(inputs["image"]), made], 2)
        return canvas.captioned(shown, ["picture, made anew", f"error {error:.4f}"])
