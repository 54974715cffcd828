"""An anchor-free single-shot detector of the YOLO family, trained from random or pretrained
weights."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import pyramids
from pipelines.tasks import detection

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import tensorflow as tf

    from pipelines import optimization
    from pipelines.losses import detection as losses
    from pipelines.models import detector, joint
    from pipelines.ops import boxes as box_ops


@dataclass(frozen=True, kw_only=True)
class _Config(pyramids.Config, detection.Config):
    """The settings of every detector, and those of this one."""

    focal: float = setting(
        0.0, "focal exponent of the class loss; 0 is plain cross-entropy", low=0.0, high=5.0
    )


class Yolo(detection.Detection):
    """Boxes from the cells of a pyramid of features, without anchors."""

    Config = _Config
    paper = "Redmon et al. 2016; Li et al. 2020 (distribution focal loss)"

    def resolve(self, config, data):
        """Besides, the backbone, what of it is trained, the net's size, and how long."""
        return pyramids.resolved(super().resolve(config, data), data)

    def learns(self, config):
        """That weights are random for want of a pretrained net."""
        return pyramids.learns(config)

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"classes": (B, A, C) logits, "sides": (B, A, 4 R)
        logits}, compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        outputs = detector.detector(
            *(
                inputs,
                len(config.labels),
                config.size,
                config.strides,
                config.backbone,
                config.backbone_arguments,
            )
        )
        net = joint.Joint({"image": inputs}, outputs, name="detection")
        self._compile(net, config)
        return net

    def _compile(self, net, config, rates=(), pull=0.0):
        optimization.compile(
            net,
            config,
            rates,
            pull,
            loss=losses.DetectionLoss(config.image_size, config.strides, config.focal),
        )

    def _boxes(self, outputs, config):
        """Logits -> boxes (B, A, 4) yxyx in [0, 1] of the letterbox, scores (B, A, C) in [0, 1]."""
        points, steps = box_ops.anchor_points(config.image_size, config.strides)
        classes, sides = (tf.convert_to_tensor(outputs[name]) for name in ("classes", "sides"))
        shares = tf.nn.softmax(tf.reshape(sides, (-1, len(points), 4, sides.shape[-1] // 4)))
        distances = (
            tf.reduce_sum(shares * tf.range(shares.shape[-1], dtype=tf.float32), -1)
            * steps[:, None]
        )
        boxes = (
            tf.concat([points - distances[..., :2], points + distances[..., 2:]], -1)
            / config.image_size
        )
        return tf.clip_by_value(boxes, 0.0, 1.0), tf.sigmoid(classes)

    def _count(self, config):
        return sum((config.image_size // stride) ** 2 for stride in config.strides)
