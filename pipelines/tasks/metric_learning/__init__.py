"""Metric learning: a point for each picture, near to those of the same person, product or kind."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import duration, fine_tuning, identities, mirroring
from pipelines.models import sources
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.families import identity_batches
    from pipelines.metrics import verification
    from pipelines.models import backbones, embedding
    from pipelines.ops import images

READ, READ_TUNED = 24_000, 8_000  # pictures, again and again: from scratch, on a pretrained net
SMALL, SIDE = 48, 112  # px: pretrained nets were made for larger pictures; the side they are shown
COLLAPSED = 0.05  # of the sphere's radius: others lie no further apart
UNFREEZE = dict(unfreeze=("all",), backbone_rate=0.2)


@dataclass(frozen=True, kw_only=True)
class Config(mirroring.Config, fine_tuning.Config):
    """The shared settings, those of fine-tuning, and those of every embedding."""

    epochs: int = setting(
        0,
        "passes over the training split; 0 reads about 8,000 pictures on a pretrained net, 24,000"
        " without one",
        "epochs",
        low=0,
    )
    batch_size: int = setting(60, "examples per step", "examples", low=4)
    of_each: int = setting(4, "pictures of each class in a batch", "examples", low=2, high=1000)
    learning_rate: float = setting(1e-3, "peak learning rate", low=0.0, high=10.0)
    monitor: str = setting(
        "val_eer", "what decides which epoch is best: val_ and the name of a score"
    )
    keep: str = setting(
        "last",
        "weights kept at the end: of the best epoch by `monitor`, or of the last",
        choices=("best", "last"),
    )
    image_size: int = setting(
        0,
        "side of the square picture the model sees; 0 takes 112 on a pretrained net, and else"
        " follows the data, 16 to 112",
        "px",
        low=0,
        high=2048,
    )
    backbone: str = setting(
        "auto",
        "compact[_WIDTH], or any backbone of classification; auto is efficientnet_lite0 if its"
        " weights are installed and pictures have 48 px or more",
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    embedding_size: int = setting(128, "numbers of a point", "numbers", low=2, high=4096)
    pairs: str = setting(
        "",
        "file of the pairs that the test is judged on, in the form of LFW; empty takes pairs.txt in"
        " the data's folder, or draws pairs",
    )
    shift: float = setting(0.05, "largest random move, as a share of the side", low=0.0, high=0.5)
    zoom: float = setting(0.1, "largest random change of size", low=0.0, high=0.9)
    rotate: float = setting(10.0, "largest random rotation", "degrees", low=0.0, high=180.0)
    colour: float = setting(
        0.2, "largest random change of brightness, contrast and saturation", low=0.0, high=1.0
    )

    def __post_init__(self):
        super().__post_init__()
        if self.batch_size % self.of_each or self.batch_size < 2 * self.of_each:
            raise PipelineError(
                f"batch_size must be a multiple of of_each={self.of_each}, twice it or more; got"
                f" {self.batch_size}. Try {15 * self.of_each}."
            )


class MetricLearning(Method):
    """What every method shares: identities, batches of pairs, and how pairs are judged."""

    data = "drawn_faces"
    features = {
        "image": Feature("picture"),
        "label": Feature("label"),
        identities.COLUMN: Feature("key", optional=True),
    }
    scores = (
        Score("verification_accuracy", tolerance=0.01),
        Score("eer", "lower", tolerance=0.01),
        Score("tar_at_far", tolerance=0.05),
        Score("recall_at_1", tolerance=0.02),
    )
    page = "metric_learning.md"
    decode_in_float = True

    def adapt(self, data, config):
        """Classes as identities; see `families.identities`."""
        return identities.adapted(data, config.pairs)

    def resolve(self, config, data):
        """Settings that follow from the data: the backbone, the picture's size, and how long."""
        changes = mirroring.chosen(config, identities.has_sides(data.problems))
        if config.backbone == "auto":
            is_tuned = sources.EFFICIENTNET_LITE0.installed() and data.median_side >= SMALL
            name = sources.EFFICIENTNET_LITE0.name if is_tuned else "compact"
            more = UNFREEZE if is_tuned else {}
            config = fine_tuning.begun(config, **more).replace(backbone=name)
        if not config.image_size:
            own = min(SIDE, max(16, round(data.median_side / 16) * 16))
            changes["image_size"] = SIDE if config.unfreeze else own
        read = READ_TUNED if config.unfreeze else READ
        changes |= duration.found(config, data.counts["train"], read)
        return config.replace(**changes)

    def learns(self, config):
        """That weights are random for want of a pretrained net."""
        return sources.wanting(sources.EFFICIENTNET_LITE0) if not config.unfreeze else ""

    def floor(self, part, config):
        """Half of the pairs are of one kind."""
        return 0.5

    def drawn(self, examples, config):
        """A few classes for each step, and several pictures of each."""
        labels = np.asarray(examples.columns[identities.COLUMN])
        return identity_batches.drawn(labels, config.batch_size, config.of_each, config.seed)

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3), "identity": id} -> ({"image": uint8 (S, S, 3)}, int32 ())."""
        image = images.resize(example["image"], config.image_size)
        return {"image": image}, tf.cast(example[identities.COLUMN], tf.int32)

    def augment(self, inputs, targets, seed, progress, config):
        """Random change of a batch; see `ops.images`."""
        seeds = images.split_seed(seed, 2)
        moves = {name: getattr(config, name) for name in ("shift", "zoom", "rotate")}
        image = images.random_affine(inputs["image"], seeds[0], flip=config.flip == "on", **moves)
        return {"image": images.random_colour(image, seeds[1], config.colour)}, targets

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> what `embedding.embedded` gives, compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        x = backbones.features(config.backbone, inputs, config.backbone_arguments)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        outputs = embedding.embedded(x, config.embedding_size)
        net = keras.Model({"image": inputs}, outputs, name="metric_learning")
        self._compile(net, config)
        return net

    def phases(self, config):
        """Those of `fine_tuning`: one, unless `unfreeze` names more."""
        return fine_tuning.phases(config, self._compile)

    def _compile(self, net, config, rates=(), pull=0.0):
        optimization.compile(net, config, rates, pull, loss=self._loss(config))

    def _loss(self, config):
        raise NotImplementedError

    def decode(self, outputs, config):
        """-> {"embedding": (B, D), "threshold": (B,)}, the distance up to which two are the
        same."""
        points, thresholds = embedding.parted(outputs)
        return {"embedding": points, "threshold": thresholds}

    def calibrate(self, model, answers, config):
        """The threshold by which pairs of the validation split are told best."""
        found = [(embedding.parted(outputs)[0], labels) for outputs, labels in answers]
        points, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
        try:
            pairs = verification.drawn(labels)
        except ValueError:
            return {}
        apart = verification.distances(points, pairs)
        value = verification.best_threshold(apart, pairs.is_same)
        embedding.set_threshold(model, value)
        return {"threshold": value}

    def evaluate(self, answer, part, config):
        """How well pairs are told, in the protocol of LFW; see `metrics.verification`."""
        points, labels, threshold = [], [], 1.0
        for inputs, targets in part.batches().as_numpy_iterator():
            found = answer(inputs)
            points.append(np.asarray(found["embedding"]))
            labels.append(np.asarray(targets))
            threshold = float(np.asarray(found["threshold"])[0])
        points, labels = np.concatenate(points), np.concatenate(labels)
        try:
            pairs = _given(part) or verification.drawn(labels)
        except ValueError as error:
            raise PipelineError(
                f"the split cannot be judged: {error}. Give it two classes and a class of two"
                " pictures."
            ) from error
        return dict(verification.scores(points, labels, pairs, threshold))

    def doubts(self, result, config):
        """Whether all pictures have become one point."""
        if result.get("distance_others", 1.0) >= COLLAPSED:
            return []
        return [
            f"The embeddings have collapsed: pictures of two classes lie {result['distance_others']:.3f}"
            " apart on a sphere of radius 1, so that the loss is the margin. Try mining=semi_hard or"
            " mining=batch_all, a lower learning rate, or a pretrained net."
        ]

    def device(self, config):
        """A picture is squeezed into the square."""
        return {"fit": "stretch"}

    def draw(self, inputs, decoded, config, targets=None):
        """One picture (S, S, 3), with the first numbers of its point."""
        numbers = " ".join(f"{value:+.2f}" for value in np.asarray(decoded["embedding"])[:3])
        return canvas.captioned(inputs["image"], [f"{numbers} …"])


def _given(part):
    """The pairs of a file of which both pictures are in this part; None if there are none."""
    table = part.examples.tables.get("pairs")
    if not table:
        return None
    rows = {name: i for i, name in enumerate(part.names)}
    lines = zip(table["left"], table["right"], table["is_same"], table["fold"], strict=True)
    found = [
        (rows[a], rows[b], same, fold) for a, b, same, fold in lines if a in rows and b in rows
    ]
    if len({row[2] for row in found}) < 2:
        return None
    left, right, is_same, fold = map(np.array, zip(*found, strict=True))
    return verification.Pairs(left, right, is_same, fold)
