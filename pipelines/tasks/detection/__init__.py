"""Object detection: a box and a class for each object in a picture."""

from dataclasses import dataclass

from pipelines.config import setting
from pipelines.families import detecting, fine_tuning, mirroring, scene_changes


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
