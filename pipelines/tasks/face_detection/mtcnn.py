"""Three small nets in a row: one proposes boxes all over a picture, two look at them more closely."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import duration, mirroring, scene_changes
from pipelines.models import sources
from pipelines.task import Phase
from pipelines.tasks import face_detection

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines import optimization
    from pipelines.losses import face_crops
    from pipelines.models import mtcnn
    from pipelines.ops import suppression

AUTO, INSTALLED, NONE = "auto", "installed", "none"
READ = 12_000  # pictures, again and again, from random weights


@dataclass(frozen=True, kw_only=True)
class _Config(scene_changes.Config, face_detection.Config, settings.Config):
    """The shared settings, and those of the three nets."""

    epochs: int = setting(
        0,
        "passes over the training split; 0 reads about 12,000 pictures, or none on published weights",
        "epochs",
        low=0,
    )
    batch_size: int = setting(8, "examples per step", "examples", low=1)
    weights: str = setting(
        AUTO,
        "where the nets begin: installed takes those of the package facenet-pytorch, none begins at"
        " random; auto takes them if they are installed",
        choices=(AUTO, INSTALLED, NONE),
    )
    smallest: int = setting(20, "side of the smallest face that is found", "px", low=12, high=500)
    shown_score: float = setting(
        0.7, "score below which nothing is shown, in pictures and answers", low=0.0, high=1.0
    )
    keep: str = setting(
        "last",
        "weights kept at the end: of the best epoch by `monitor`, or of the last",
        choices=("best", "last"),
    )


class MTCNN(face_detection.FaceDetection):
    """Proposals by a net of 12 px windows at all sizes, refined by one of 24 px and one of 48."""

    Config = _Config
    paper = "Zhang et al. 2016"

    def resolve(self, config, data):
        """Besides, whether pictures are mirrored, where the nets begin, and how long they learn."""
        config = super().resolve(config, data).replace(**mirroring.chosen(config))
        if config.weights == AUTO:
            found = INSTALLED if sources.MTCNN.installed() else NONE
            config = config.replace(weights=found)
        if config.weights == INSTALLED and not sources.MTCNN.installed():
            raise PipelineError(f"weights=installed needs {sources.MTCNN.install}.")
        if config.epochs:
            return config
        if config.weights == INSTALLED:
            return config.replace(epochs=1, steps_per_epoch=1, learning_rate=0.0)
        return config.replace(**duration.found(config, data.counts["train"], READ))

    def learns(self, config):
        """That weights are random for want of published ones."""
        return sources.wanting(sources.MTCNN) if config.weights == NONE else ""

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"boxes", "scores", "proposals"}, compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        cascade = mtcnn.Cascade(config.smallest, name=mtcnn.LAYER)
        net = mtcnn.Faces({"image": inputs}, cascade(inputs), name="mtcnn")
        if config.weights == INSTALLED and sources.MTCNN.installed():
            mtcnn.assign(cascade.nets, mtcnn.installed)
        optimization.compile(net, config, loss=face_crops.FaceCrops())
        return net

    def phases(self, config):
        """One: the nets train, or stay as they were published."""

        def stay(net, source):
            return f"the weights of {sources.MTCNN.package}, as they are"

        is_kept = config.learning_rate == 0
        return [Phase("train", config, solve=stay if is_kept else None)]

    def augment(self, inputs, targets, seed, progress, config):
        """Random change of a batch; see `ops.scenes`."""
        return scene_changes.changed(inputs, targets, seed, progress, config)

    def decode(self, outputs, config):
        """Boxes and scores -> {"boxes": (B, N, 4), "scores", "classes": (B, N), "count": (B,)}."""
        return suppression.suppress(
            *(outputs["boxes"], outputs["scores"][..., None]),
            count=config.max_detections,
            iou=config.nms_iou,
            least_score=config.least_score,
            candidates=mtcnn.REFINED,
        )
