"""U-Net, in the original's shape or padded, with a pretrained encoder if one is named."""

import math
from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import duration, fine_tuning, labelled, mediapipe, mirroring
from pipelines.models import sources
from pipelines.tasks import segmentation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import tensorflow as tf

    from pipelines import optimization
    from pipelines.losses import segmentation as losses
    from pipelines.models import backbones, unet, views

LARGEST = 512  # px of a tile that follows the data; a larger one shows such a net nothing new
AUTO = "auto"  # of the encoder
PATCHED_FROM = 256  # px of a tile from which on cells are of 2
CROP = 256  # px that training looks at of tiles of twice as much: more of them fit into a batch
READ = 8_000  # tiles or parts of them, again and again


@dataclass(frozen=True, kw_only=True)
class _Config(segmentation.Config):
    """The settings of every method of segmentation, and those of U-Net."""

    depth: int = setting(4, "halvings of the picture", low=1, high=6)
    patch: int = setting(
        0,
        "side of the square that the net works on as one cell; 2 or 4 is several times faster; 0"
        " takes 2 for tiles of 256 or more if image_size, crop and depth allow it, else 1, as an"
        " unpadded net does",
        "px",
        choices=(0, 1, 2, 4),
    )
    width: int = setting(
        16, "channels at full size; they double with each halving", "channels", low=1, high=256
    )
    unpadded: bool = setting(
        False, "unpadded convolutions and cropping, as in the original, on a mirrored margin"
    )
    deep_supervision: bool = setting(
        True, "coarser levels learn the mask as well; padded convolutions only"
    )
    encoder: str = setting(
        AUTO,
        "contracting path: empty is U-Net's own; a keras.applications or KerasHub name, or"
        " hub:PRESET with its weights; auto is efficientnet_lite0, fine-tuned, if its weights are"
        " installed and tiles have 160 px or more",
    )
    encoder_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    dropout: float = setting(0.1, "share of features dropped at the bottom", low=0.0, high=0.95)
    cross_entropy: float = setting(1.0, "factor of softmax cross-entropy in the loss", low=0.0)
    dice: float = setting(1.0, "factor of soft Dice in the loss", low=0.0)
    jaccard: float = setting(0.0, "factor of soft Jaccard in the loss", low=0.0)
    focal: float = setting(0.0, "factor of focal loss in the loss", low=0.0)
    focal_gamma: float = setting(
        2.0, "how much less easy pixels count in focal loss", low=0.0, high=10.0
    )
    views: int = setting(
        1,
        "mirrored and turned views whose answers are averaged, in every file: as many times slower",
        choices=(1, 2, 4, 8),
    )

    def __post_init__(self):
        super().__post_init__()
        self._check_size()
        self._check_encoder()
        self._check_crop()
        if not any((self.cross_entropy, self.dice, self.jaccard, self.focal)):
            raise PipelineError(
                "one of cross_entropy, dice, jaccard and focal must be above 0: together they are"
                " the loss."
            )

    def _check_size(self):
        step, size = _step(self), self.image_size
        least = _smallest(self)
        if size and (size % step or size < least):
            near = sorted({max(least, size // step * step), max(least, -(-size // step) * step)})
            raise PipelineError(
                f"image_size must be a multiple of {step} (2 to the depth, by patch) and at least"
                f" {least}; got {size}. Try {' or '.join(map(str, near))}."
            )

    def _check_encoder(self):
        if not _is_own(self) and self.unpadded:
            raise PipelineError(
                "unpadded convolutions are U-Net's own: leave encoder empty, or unpadded false."
            )
        if not _is_own(self) and self.patch >= 2**self.depth:
            raise PipelineError(
                f"patch must be smaller than the bottom's cell, {2**self.depth} px; got"
                f" {self.patch}."
            )

    def _check_crop(self):
        step, size = _step(self), self.image_size
        if self.crop and (self.crop % step or size and self.crop > size):
            raise PipelineError(
                f"crop must be a multiple of {step} and at most image_size; got {self.crop}."
            )
        if self.crop and self.unpadded:
            raise PipelineError(
                "crop is for padded convolutions, which take every size: leave it 0."
            )


class UNet(segmentation.Segmentation):
    """A contracting and an expanding path with connections between them."""

    Config = _Config
    paper = "Ronneberger et al. 2015"

    def resolve(self, config, data):
        """Settings that follow from the data: the encoder and its cells, the tile's size, what
        training looks at and for how long, mirroring, and the weights of uneven classes."""
        side = config.image_size or min(LARGEST, data.median_side)
        config = _with_encoder(config, side)
        config = config.replace(patch=config.patch or _cell(config, side))
        changes = labelled.weighed(config, data.pixel_counts) | mirroring.chosen(config)
        step = _step(config)
        side = config.image_size or -(-max(_smallest(config), side) // step) * step
        if not config.crop and side >= 2 * CROP and not config.unpadded and _takes_crops(config):
            changes["crop"] = CROP
        tiles = data.counts["train"] * _tiles(data, side, config.fit)
        changes |= duration.found(config, tiles, READ)
        return config.replace(image_size=side, **changes)

    def learns(self, config):
        """That weights are random for want of a pretrained net."""
        return "" if config.encoder else sources.wanting(sources.EFFICIENTNET_LITE0)

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"logits": (B, S, S, C)} and logits of coarser levels,
        compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="centred")(inputs)
        patch = _patch(config)
        if not _is_own(config):
            strides = [2 << level for level in range(config.depth)]
            levels = backbones.pyramid(config.encoder, inputs, strides, config.encoder_arguments)
            if config.crop and not backbones.takes_every_size(inputs, levels):
                raise PipelineError(
                    "crop needs an encoder that takes every size, such as efficientnet_lite0;"
                    f" {config.encoder} is made for {config.image_size} px alone. Leave crop 0."
                )
            found = unet.on_pyramid(x, levels, config.width, patch, config.dropout, config.seed)
        else:
            if patch > 1:
                x = unet.patches(x, config.width, patch)
            found = unet.unet(
                x, config.width, config.depth, config.unpadded, config.dropout, config.seed
            )
        outputs = {"logits": unet.logits(found[0], len(config.labels), patch)}
        if config.deep_supervision:
            for i, x in enumerate(found[1:], 1):
                outputs[f"level{i}"] = unet.logits(x, len(config.labels), name=f"level{i}")
        net = views.Views({"image": inputs}, outputs, name="segmentation")
        net.count = config.views
        if config.crop:
            net.input_spec = {
                "image": keras.InputSpec(shape=(None, None, None, 3))
            }  # one input, two sizes
        _compile(net, config)
        return net

    def phases(self, config):
        """Those of `fine_tuning`: one, unless `unfreeze` names more."""
        return fine_tuning.phases(config, _compile)

    def device(self, config):
        """How pictures become tiles: their grid, and how much of a border another tile knows
        better."""
        cell = _patch(config) * 2**config.depth
        return {"fit": config.fit, "margin": _margin(config), "step": cell}

    def decode(self, outputs, config):
        """Logits (B, S, S, C) -> the same as ids and as probabilities.

        {"mask": int32 (B, S, S), "confidence": (B, S, S), "probabilities": (B, S, S, C)}.
        """
        logits = outputs["logits"]
        probabilities = keras.ops.softmax(logits)
        if keras.backend.backend() == "tensorflow":
            mask = tf.argmax(
                logits, -1, output_type=tf.int32
            )  # keras.ops.argmax does not run in plain LiteRT
        else:
            mask = keras.ops.argmax(logits, -1)
        return {
            "mask": mask,
            "confidence": keras.ops.max(probabilities, -1),
            "probabilities": probabilities,
        }

    def programs(self, model, config, inputs):
        """The answer, and a file for MediaPipe's ImageSegmenter, which takes one output."""

        def probabilities(values):
            logits = model(values, training=False)["logits"]
            return {"probabilities": keras.ops.softmax(logits)}

        serve = super().programs(model, config, inputs)
        return {**serve, **mediapipe.program(probabilities, inputs)}


def _tiles(data, side, fit):
    """How many tiles of `side` px a picture has, roughly."""
    if fit != "tile" or not data.picture_sizes:
        return 1
    return math.prod(math.ceil(size["median"] / side) for size in data.picture_sizes.values())


def _with_encoder(config, side):
    """`config` with an encoder in place of `auto`, for tiles of `side` px."""
    if config.encoder != AUTO:
        return config
    if config.unpadded or not fine_tuning.worth(side):
        return config.replace(encoder="")
    name = sources.EFFICIENTNET_LITE0.name
    return fine_tuning.begun(config, encoder=name, unfreeze=("all",), backbone_rate=0.2)


def _cell(config, side):
    """`patch` for tiles of `side` px: 2 if they are large and nothing that was chosen forbids it,
    else 1."""
    if side < PATCHED_FROM or config.unpadded:
        return 1
    if not _is_own(config):
        return 2 if config.depth > 1 else 1
    step = 2 * _step(config)
    return 1 if config.image_size % step or config.crop % step else 2


def _is_own(config):
    """Whether the contracting path is U-Net's own, or may be."""
    return config.encoder in ("", AUTO)


def _takes_crops(config):
    """Whether the net takes pictures of another side than the tile's."""
    return config.encoder in ("", sources.EFFICIENTNET_LITE0.name)


def _patch(config):
    """Pixels of the side of a cell: 1 until data has decided."""
    return max(1, config.patch)


def _step(config):
    """Pixels that a side must be a multiple of. An encoder's strides count from the picture, ours
    from the patch."""
    return 2**config.depth * (_patch(config) if _is_own(config) else 1)


def _smallest(config):
    """Least side of a picture, in pixels."""
    if config.unpadded:
        return _patch(config) * unet.smallest(config.depth)
    return _step(config)


def _margin(config):
    """Pixels: as far as the net sees, or a quarter of a tile; how far an encoder sees is
    unknown."""
    quarter = config.image_size // 4
    if not _is_own(config):
        return quarter
    # The patch adds the other pixels of the cell that a pixel lies in.
    sees = _patch(config) * (unet.context(config.depth) + 1) - 1
    return min(sees, quarter)


def _compile(net, config, rates=(), pull=0.0):
    weights = {term: getattr(config, term) for term in losses.TERMS}
    optimization.compile(
        net,
        config,
        rates,
        pull,
        loss=losses.SegmentationLoss(weights, config.class_weight_values, config.focal_gamma),
    )
