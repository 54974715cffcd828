"""What pictures in a style are judged by, in training and afterwards: one net, one style."""

from etils import epy

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines.losses import style as losses
    from pipelines.models import style_features
    from pipelines.tasks.style_transfer import _pictures


class Judge:
    """(pictures, what they show), both (B, H, W, 3) in [0, 1] -> {"style_loss", "content_loss": (B,)}.

    Raises PipelineError if the net of the losses or the style cannot be had.
    """

    def __init__(self, config):
        self._features = style_features.Features(config.loss_net)
        wanted = _pictures.style(config)[None].astype(np.float32) / 255
        grams = map(losses.gram, self._features(wanted)["style"])
        self._grams = list(map(keras.ops.convert_to_numpy, grams))

    def __call__(self, pictures, shown):
        found, wanted = self._features(pictures), self._features(shown)
        return {
            "style_loss": losses.style(found["style"], self._grams),
            "content_loss": losses.content(found["content"], wanted["content"]),
        }

    def loss(self, pictures, shown, config):
        """The weighted sum that training lowers, the mean over pictures."""
        found = self(pictures, shown)
        total = config.content_weight * found["content_loss"]
        total = total + config.style_weight * found["style_loss"]
        total = total + config.variation_weight * losses.variation(pictures)
        return keras.ops.mean(total)
