"""Sliding windows: a classifier looks at every window of a picture, in many sizes at once."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import box_sizes, duration, pyramids
from pipelines.tasks import detection

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines import optimization
    from pipelines.losses import matched
    from pipelines.models import joint, window_classifier
    from pipelines.ops import windows

# IoU from which a window shows an object, and below which it shows background: the first is that
# by which boxes are judged, the second that of Girshick et al. 2014, arXiv:1311.2524, section 2.3.
SHOWN, BACKGROUND = 0.5, 0.3


@dataclass(frozen=True, kw_only=True)
class _Config(box_sizes.Config, detection.Config):
    """The settings of every detector, and those of windows."""

    width: int = setting(
        16,
        "channels after the first halving; later ones have 2 and 4 times as many",
        low=1,
        high=512,
    )
    nms_iou: float = setting(
        0.4, "IoU above which the lower scored of two boxes of a class is dropped", low=0, high=1
    )


class SlidingWindow(detection.Detection):
    """A class, or background, for each window of a pyramid of pictures."""

    Config = _Config
    paper = "Sermanet et al. 2014"

    def resolve(self, config, data):
        """Besides, the sizes of windows, and how long is trained."""
        config = box_sizes.resolved(super().resolve(config, data), data)
        found = duration.found(config, data.counts["train"], pyramids.READ)
        return config.replace(**found)

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"classes": (B, A, C + 1) logits of windows, the first
        is background}, compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        classes = len(config.labels) + 1
        found = window_classifier.logits(inputs, _pyramid(config), config.width, classes)
        made = joint.Joint({"image": inputs}, {"classes": found}, name="detection")
        self._compile(made, config)
        return made

    def _compile(self, net, config, rates=(), pull=0.0):
        rule = matched.Rule(positive=SHOWN, negative=BACKGROUND)
        loss = matched.DefaultBoxLoss(windows.boxes(_pyramid(config)), rule)
        optimization.compile(net, config, rates, pull, loss=loss)

    def _boxes(self, outputs, config):
        """Raw outputs -> boxes (B, A, 4) yxyx in [0, 1] of the letterbox, scores (B, A, C)."""
        scores = keras.ops.softmax(outputs["classes"], -1)[..., 1:]
        places = windows.boxes(_pyramid(config))
        return keras.ops.zeros_like(scores[..., :1]) + places, scores

    def _count(self, config):
        return len(windows.boxes(_pyramid(config)))


def _pyramid(config):
    return windows.sides(config.image_size, config.smallest_box, config.largest_box)
