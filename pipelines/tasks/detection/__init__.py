"""Object detection: a box and a class for each object in a picture."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import box_files, detecting, fine_tuning, mirroring, scene_changes

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.ops import suppression


@dataclass(frozen=True, kw_only=True)
class Config(scene_changes.Config, detecting.Config, fine_tuning.Config):
    """The shared settings, those of fine-tuning, and those of every detector."""

    epochs: int = setting(
        0,
        "passes over the training split; 0 reads about 8,000 pictures on a pretrained net, 16,000"
        " without one",
        "epochs",
        low=0,
    )
    batch_size: int = setting(8, "examples per step", "examples", low=1)
    learning_rate: float = setting(2e-3, "peak learning rate", low=0.0, high=10.0)
    clip_norm: float = setting(10.0, "clip the global gradient norm; 0 is off", low=0.0)
    weight_decay: float = setting(
        5e-3, "decoupled weight decay of matrices and kernels", low=0.0, high=1.0
    )
    ema: float = setting(
        0.995,
        "decay of the moving average of the weights, which then is what is kept; 0 is off",
        low=0.0,
        high=0.99999,
    )
    keep: str = setting(
        "last",
        "weights kept at the end: of the best epoch by `monitor`, or of the last",
        choices=("best", "last"),
    )


class Detection(detecting.Boxes):
    """What every detector shares: its data, and how pictures are changed in training."""

    data = "digit_scenes"
    page = "detection.md"

    def default(self, read, settings):
        """A detector of the YOLO family, which is as good as any and the fastest."""
        return "yolo", ""

    def resolve(self, config, data):
        """Besides, whether pictures are mirrored."""
        return super().resolve(config, data).replace(**mirroring.chosen(config))

    def augment(self, inputs, targets, seed, progress, config):
        """Random change of a batch; see `ops.scenes`."""
        return scene_changes.changed(inputs, targets, seed, progress, config)

    def phases(self, config):
        """Those of `fine_tuning`: one, unless `unfreeze` names more."""
        return fine_tuning.phases(config, self._compile)

    def decode(self, outputs, config):
        """Raw outputs -> {"boxes": (B, N, 4) yxyx in [0, 1] of the letterbox, "scores", "classes":
        (B, N), "count": (B,)}.

        N = max_detections, the best first, zeros behind the last. It is TensorFlow whatever trains
        the model, as non-maximum suppression has to be what runs in the exported files.
        """
        boxes, scores = self._boxes(outputs, config)
        return suppression.suppress(
            *(boxes, scores),
            count=config.max_detections,
            iou=config.nms_iou,
            least_score=config.least_score,
            candidates=self._candidates(config),
        )

    def programs(self, model, config, inputs):
        """The answer, and a file for MediaPipe's ObjectDetector, which suppresses by itself."""
        serve = super().programs(model, config, inputs)
        count = self._count(config)
        return {**serve, **box_files.program(self._boxes, count, model, config, inputs)}

    def _compile(self, net, config, rates=(), pull=0.0):
        """Compiles a net with the loss of the method; see `optimization.optimizer`."""
        raise NotImplementedError

    def _boxes(self, outputs, config):
        """Raw outputs -> boxes (B, A, 4) yxyx in [0, 1] of the letterbox, scores (B, A, C)."""
        raise NotImplementedError

    def _count(self, config):
        """A, the boxes of a picture before suppression."""
        raise NotImplementedError

    def _candidates(self, config):
        """Best boxes that take part in suppression."""
        return 10 * config.max_detections
