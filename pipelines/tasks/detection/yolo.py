"""An anchor-free single-shot detector of the YOLO family, trained from random or pretrained
weights."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import duration, fine_tuning, mediapipe
from pipelines.models import sources
from pipelines.tasks import detection

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import tensorflow as tf

    from pipelines import optimization
    from pipelines.losses import detection as losses
    from pipelines.models import detector, joint
    from pipelines.ops import boxes as box_ops
    from pipelines.ops import mediapipe_detector, suppression


READ, READ_TUNED = 16_000, 8_000  # pictures, again and again: from scratch, on a pretrained net
# The two finest levels of EfficientNet-Lite0 stay as they are: edges and blobs need no training,
# and cost the most of it.
TUNED = dict(unfreeze=("14",), backbone_rate=0.2)


@dataclass(frozen=True, kw_only=True)
class _Config(detection.Config):
    """The settings of every detector, and those of this one."""

    size: str = setting(
        "auto",
        "size of the model; auto is pico on a pretrained net, which brings most of it, else nano",
        choices=("auto", "pico", "nano", "small", "medium"),
    )
    backbone: str = setting(
        "auto",
        "csp, or any backbone of classification: a keras.applications or KerasHub name, or"
        " hub:PRESET; auto is efficientnet_lite0, fine-tuned, if its weights are installed and"
        " pictures have 160 px or more, else csp",
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    strides: tuple[int, ...] = setting(
        (8, 16, 32), "levels of the pyramid; 4,8,16,32 is for small objects", "px"
    )
    focal: float = setting(
        0.0, "focal exponent of the class loss; 0 is plain cross-entropy", low=0.0, high=5.0
    )

    def __post_init__(self):
        super().__post_init__()
        if not self.strides or any(s not in (4, 8, 16, 32) for s in self.strides):
            raise PipelineError(
                f"strides must be out of 4, 8, 16, 32; got {', '.join(map(str, self.strides))}."
            )
        if list(self.strides) != sorted({2**i * self.strides[0] for i in range(len(self.strides))}):
            raise PipelineError(
                "strides must double from one to the next; got"
                f" {', '.join(map(str, self.strides))}."
            )


class Yolo(detection.Detection):
    """Boxes from the cells of a pyramid of features, without anchors."""

    Config = _Config
    paper = "Redmon et al. 2016; Li et al. 2020 (distribution focal loss)"

    def resolve(self, config, data):
        """Besides, the backbone, what of it is trained, the net's size, and how long."""
        config = super().resolve(config, data)
        if config.backbone == "auto":
            config = _begun(config)
        is_tuned = bool(config.unfreeze)
        if config.size == "auto":
            config = config.replace(size="pico" if is_tuned else "nano")
        read = READ_TUNED if is_tuned else READ
        return config.replace(**duration.found(config, data.counts["train"], read))

    def learns(self, config):
        """That weights are random for want of a pretrained net."""
        return sources.wanting(sources.EFFICIENTNET_LITE0) if config.backbone == "csp" else ""

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
        _compile(net, config)
        return net

    def phases(self, config):
        """Those of `fine_tuning`: one, unless `unfreeze` names more."""
        return fine_tuning.phases(config, _compile)

    def decode(self, outputs, config):
        """Logits -> {"boxes": (B, N, 4) yxyx in [0, 1] of the letterbox, "scores", "classes": (B,
        N), "count": (B,)}.

        N = max_detections, the best first, zeros behind the last. It is TensorFlow whatever trains
        the model, as non-maximum suppression has to be what runs in the exported files.
        """
        boxes, scores = _boxes(outputs, config)
        return suppression.suppress(
            *(boxes, scores),
            count=config.max_detections,
            iou=config.nms_iou,
            least_score=config.least_score,
            candidates=10 * config.max_detections,
        )

    def programs(self, model, config, inputs):
        """The answer, and a file for MediaPipe's ObjectDetector, which suppresses by itself."""

        def cells(values):
            return _cells(model(values, training=False), config)

        serve = super().programs(model, config, inputs)
        return {**serve, **mediapipe.program(cells, inputs, _reading(config))}


def _begun(config):
    """`config` with a backbone in place of `auto`."""
    if not fine_tuning.worth(config.image_size):
        return config.replace(backbone="csp")
    return fine_tuning.begun(config, backbone=sources.EFFICIENTNET_LITE0.name, **TUNED)


def _compile(net, config, rates=(), pull=0.0):
    optimization.compile(
        net,
        config,
        rates,
        pull,
        loss=losses.DetectionLoss(config.image_size, config.strides, config.focal),
    )


def _boxes(outputs, config):
    """Logits -> boxes (B, A, 4) yxyx in [0, 1] of the letterbox, scores (B, A, C) in [0, 1]."""
    points, steps = box_ops.anchor_points(config.image_size, config.strides)
    classes, sides = (tf.convert_to_tensor(outputs[name]) for name in ("classes", "sides"))
    shares = tf.nn.softmax(tf.reshape(sides, (-1, len(points), 4, sides.shape[-1] // 4)))
    distances = (
        tf.reduce_sum(shares * tf.range(shares.shape[-1], dtype=tf.float32), -1) * steps[:, None]
    )
    boxes = (
        tf.concat([points - distances[..., :2], points + distances[..., 2:]], -1)
        / config.image_size
    )
    return tf.clip_by_value(boxes, 0.0, 1.0), tf.sigmoid(classes)


def _cells(outputs, config):
    """What MediaPipe takes: centre and size of each cell's box as shares of the picture, and
    scores.

    {"location": (B, A, 4) yxhw, "score": (B, A, C)}.
    """
    boxes, scores = _boxes(outputs, config)
    low, high = boxes[..., :2], boxes[..., 2:]
    return {"location": tf.concat([(low + high) / 2, high - low], -1), "score": scores}


def _reading(config):
    """How MediaPipe is to read these: arguments of `tflite_file.attach_metadata`."""
    cells = sum((config.image_size // stride) ** 2 for stride in config.strides)
    options = mediapipe_detector.options(cells, len(config.labels))
    return {"custom": (mediapipe_detector.NAME, options), "boxes": ("location",)}
