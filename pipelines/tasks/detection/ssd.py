"""SSD: each default box of a pyramid of features says what it holds and how it is off."""

from dataclasses import dataclass

from etils import epy

from pipelines.families import anchored, pyramids
from pipelines.tasks import detection

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines import optimization
    from pipelines.losses import matched
    from pipelines.models import default_box_heads, detector, joint
    from pipelines.ops import default_boxes, offsets

MATCHED = 0.5  # IoU from which a box is an object's: Liu et al. 2016, section 2.2


@dataclass(frozen=True, kw_only=True)
class _Config(anchored.Config, detection.Config):
    """The settings of every detector, and those of default boxes."""


class SSD(detection.Detection):
    """A class and four offsets for each default box, in one pass."""

    Config = _Config
    paper = "Liu et al. 2016"

    def resolve(self, config, data):
        """Besides, the default boxes, the backbone, what of it is trained, and how long."""
        return anchored.resolved(super().resolve(config, data), data)

    def learns(self, config):
        """That weights are random for want of a pretrained net."""
        return pyramids.learns(config)

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"classes": (B, A, C + 1) logits, the first is
        background, "offsets": (B, A, 4)}, compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        net = (config.size, config.strides, config.backbone, config.backbone_arguments)
        outputs = default_box_heads.heads(
            *(detector.features(inputs, *net), config.strides, detector.SIZES[config.size][2]),
            *(default_boxes.A_CELL, len(config.labels) + 1),
        )
        made = joint.Joint({"image": inputs}, outputs, name="detection")
        self._compile(made, config)
        return made

    def _compile(self, net, config, rates=(), pull=0.0):
        rule = matched.Rule(positive=MATCHED, negative=MATCHED)
        loss = matched.DefaultBoxLoss(anchored.boxes(config), rule)
        optimization.compile(net, config, rates, pull, loss=loss)

    def _boxes(self, outputs, config):
        """Raw outputs -> boxes (B, A, 4) yxyx in [0, 1] of the letterbox, scores (B, A, C)."""
        scores = keras.ops.softmax(outputs["classes"], -1)[..., 1:]
        found = offsets.decode(outputs["offsets"], anchored.boxes(config))
        return keras.ops.clip(found, 0.0, 1.0), scores

    def _count(self, config):
        return len(anchored.boxes(config))
