"""Transfer learning: a pretrained net, frozen or fine-tuned in phases, and a head for your own
classes."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import frozen_features, labelled, mirroring
from pipelines.tasks.classification import Classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines.models import backbones

SIDE = 224  # px, what most nets were trained on ImageNet with
READ = 16_000  # pictures that fine-tuning reads, again and again, if epochs follow the data
FEWEST, MOST = 4, 10  # epochs of that
HEAD_RATE, WHOLE_RATE = 3e-3, 4e-4  # of a head alone, and of the net as well


@dataclass(frozen=True, kw_only=True)
class _Config(labelled.PictureConfig, frozen_features.Config):
    """The shared settings, those of fine-tuning, heads and labelled pictures, and transfer's
    own."""

    image_size: int = setting(
        0, "side of the square picture the model sees; 0 takes 224", "px", low=0, high=2048
    )
    backbone: str = setting(
        "efficientnet_lite0",
        "pretrained net, see `pipelines backbones`: efficientnet_lite0, imagenet:NAME of"
        " keras.applications, or hub:PRESET of KerasHub, by name or saved folder",
    )
    epochs: int = setting(
        0,
        "passes over the training split; 0 is one for the head and 4 to 10 for the whole net, so"
        " that about 16,000 pictures are read",
        "epochs",
        low=0,
    )
    learning_rate: float = setting(
        0.0,
        "peak learning rate; 0 takes 4e-4, or 3e-3 if the head alone is trained",
        low=0.0,
        high=10.0,
    )
    keep: str = setting(
        "last",
        "weights kept at the end: of the best epoch by `monitor`, or of the last",
        choices=("best", "last"),
    )
    unfreeze: tuple[str, ...] = setting(
        ("auto",),
        "what each phase trains of the pretrained net: none, all, or how many of its blocks from"
        " the top; auto is none for an epoch and all for the others",
    )
    block_rate: float = setting(
        0.9,
        "factor of the learning rate from one block of the pretrained net to the next lower one",
        low=0.0,
        high=1.0,
    )
    head: str = setting(
        "auto",
        "what reads the features; the last two are found by scikit-learn instead of by steps, in a"
        " phase of `none`; auto is logistic_regression if there is one, else linear",
        choices=("auto", "linear", "mlp", "logistic_regression", "svm"),
    )
    zoom: float = setting(0.2, "largest random change of size", low=0.0, high=0.9)
    colour: float = setting(
        0.2, "largest random change of brightness, contrast and saturation", low=0.0, high=1.0
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    augment_frozen: bool = setting(
        False,
        "augment in phases of `none` too, where features are then computed anew in every epoch",
    )


class Transfer(Classification):
    """A pretrained net and a head for your own classes."""

    Config = _Config
    paper = "Yosinski et al. 2014"
    page = "transfer.md"

    def resolve(self, config, data):
        """Settings that follow from the data: epochs, learning rate, the picture's size, whether
        it may be mirrored, and the weights of uneven classes."""
        changes = labelled.weighed(config, data.class_counts)
        changes |= mirroring.chosen(config, bool(config.angles))
        if not config.epochs:
            changes["epochs"] = _epochs(config, data.counts["train"])
        if not config.learning_rate:
            changes["learning_rate"] = _rate(config)
        return config.replace(image_size=config.image_size or SIDE, **changes)

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> outputs of `labelled.ended`, compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        x = backbones.features(config.backbone, inputs, config.backbone_arguments)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        return frozen_features.model({"image": inputs}, x, config, "transfer")

    def phases(self, config):
        """Those of `frozen_features`: frozen features are computed once, unless pictures are
        augmented then, too."""
        return frozen_features.phases(config, config.augment_frozen)


def _epochs(config, examples):
    """Of a run with so many training examples."""
    whole = min(MOST, max(FEWEST, round(READ / max(1, examples))))
    return 1 + whole if config.unfreeze == ("auto",) else whole


def _rate(config):
    is_head = config.unfreeze == ("none",) or (config.unfreeze == ("auto",) and config.epochs == 1)
    return HEAD_RATE if is_head else WHOLE_RATE
