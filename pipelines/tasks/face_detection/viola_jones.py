"""A cascade of boosted rectangle features, found without gradients; reads OpenCV's cascades, too."""

from dataclasses import dataclass
from typing import ClassVar

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.task import Phase
from pipelines.tasks import face_detection

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    from keras import ops

    from pipelines.edge import pictures
    from pipelines.losses import missed_boxes
    from pipelines.models import haar, haar_boosting, haar_net, haar_xml, joint
    from pipelines.ops import suppression
    from pipelines.tasks.face_detection import _windows

LAYER = "cascade"


@dataclass(frozen=True, kw_only=True)
class _Config(face_detection.Config, settings.FittedConfig):
    """The shared settings, and those of the cascade."""

    batch_size: ClassVar[int] = 4  # pictures that are judged at a time

    shown_score: float = setting(
        0.5,
        "score below which nothing is shown, n / (n + 3) for n windows that agree",
        low=0.0,
        high=1.0,
    )
    weights: str = setting(
        "", "OpenCV's XML of a cascade, which is taken as it is; empty: it is learned"
    )
    negatives: str = setting(
        "", "folder of pictures without faces, besides what training's pictures show around theirs"
    )
    window: int = setting(24, "side of the window that faces are scaled to", "px", low=12, high=64)
    window_step: float = setting(
        1.2, "factor of size from one window to the next", low=1.05, high=2.0
    )
    box_scale: float = setting(
        1.0,
        "factor of the boxes that are found; more than 1 if the crops of training cut faces closer",
        low=0.5,
        high=3.0,
    )
    stages: int = setting(16, "most stages of the cascade", "stages", low=1, high=50)
    stumps: int = setting(60, "most stumps of a stage", "stumps", low=1, high=500)
    stage_detection: float = setting(
        0.995, "share of the faces that a stage lets through", low=0.5, high=1.0
    )
    stage_false: float = setting(
        0.4, "share of the other windows that a stage lets through", low=0.01, high=0.95
    )
    features: int = setting(
        2000, "random features that a stage can choose from", "features", low=10, high=20_000
    )
    tried: int = setting(
        500, "features that are tried for a stump", "features", low=10, high=20_000
    )
    windows: int = setting(
        4000, "windows without a face that a stage learns from", "windows", low=50, high=50_000
    )


class ViolaJones(face_detection.FaceDetection):
    """Windows of all places and sizes, nearly all of them rejected by a few sums of pixels."""

    Config = _Config
    paper = "Viola & Jones 2001, 2004"

    def learn(self, examples, config):
        """The cascade: that of the XML, or one of the faces and the rest of training."""
        if config.weights:
            return haar_xml.read(config.weights).arrays()
        random = np.random.default_rng(config.seed)
        source = _windows.Source(examples, config.negatives, config.window)
        faces, shape = source.faces()
        faces = np.concatenate([faces, faces[:, :, ::-1]])
        plan = haar_boosting.Plan(
            *(config.stage_detection, config.stage_false, config.stages, config.stumps),
            *(config.features, config.tried, config.windows),
        )

        def more(cascade, count):
            return source.passing(cascade, count, random)

        others = source.others(config.windows, random)
        return haar_boosting.found(faces, others, more, plan, shape, config.seed).arrays()

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"boxes": (B, K, 4), "scores": (B, K)}."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        cascade = haar.of_arrays(config.learned)
        sizes = haar_net.sizes(cascade)
        sizes["shape"] = [config.box_scale * side for side in sizes["shape"]]
        red, green, blue = pictures.GREY
        weighed = ops.cast(inputs, "float32") * np.float32([red, green, blue])
        grey = ops.floor(ops.sum(weighed, -1, keepdims=True) / (1 << pictures.GREY_BITS) + 0.5)
        found = haar_net.HaarCascade(sizes, config.window_step, name=LAYER)(grey)
        net = joint.Joint({"image": inputs}, found, name="viola_jones")
        net.compile(optimizer="sgd", loss=missed_boxes.MissedBoxes(), jit_compile=False)
        return net

    def phases(self, config):
        """One: the net takes the arrays of the cascade."""

        def fill(net, source):
            cascade = haar.of_arrays(config.learned)
            net.get_layer(LAYER).fill(cascade)
            return f"{len(cascade.limits)} stages, {len(cascade.thresholds)} comparisons"

        return [Phase("fill", config, solve=fill)]

    def decode(self, outputs, config):
        """Boxes and scores -> {"boxes": (B, N, 4), "scores", "classes": (B, N), "count": (B,)}."""
        return suppression.suppress(
            *(outputs["boxes"], outputs["scores"][..., None]),
            count=config.max_detections,
            iou=config.nms_iou,
            least_score=config.least_score,
            candidates=haar_net.LEFT,
        )
