"""Semantic segmentation with U-Net: one class a pixel, on pictures of any size."""

from dataclasses import dataclass, replace

from etils import epy

from pipelines import fine_tuning, labelled
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import IGNORE

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.edge import overlay, pictures, tiles
    from pipelines.losses import segmentation as losses
    from pipelines.metrics import boundary, threshold
    from pipelines.metrics import segmentation as metric
    from pipelines.models import backbones, unet, views
    from pipelines.ops import border, images, warp

DATA = "digit_scenes"
LABELS = "segmentation_mask"
DRAWN = 240  # pixels that a drawn picture is enlarged to
LARGEST = 512  # px of a tile that follows the data; larger ones cost memory and show a net of this depth nothing new


@dataclass(frozen=True, kw_only=True)
class Config(fine_tuning.Config):
    """The shared settings, those of fine-tuning, and segmentation's own."""

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    batch_size: int = setting(8, "examples per step", "examples", low=1)
    learning_rate: float = setting(2e-3, "peak learning rate", low=0.0, high=10.0)
    monitor: str = setting(
        "val_mean_iou", "what decides which epoch is kept: val_loss or val_ and a metric's name"
    )
    image_size: int = setting(
        0,
        "side of the square that the model sees; 0 follows the data, up to 512",
        "px",
        low=0,
        high=4096,
    )
    fit: str = setting(
        "tile",
        "pictures of another size: cut into tiles at their own scale, or resized",
        choices=("tile", "stretch"),
    )
    depth: int = setting(4, "halvings of the picture", low=1, high=6)
    patch: int = setting(
        1,
        "side of the square that the net works on as one cell; 2 or 4 is several times faster",
        "px",
        choices=(1, 2, 4),
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
        "",
        "contracting path: empty is U-Net's own; a keras.applications or KerasHub name, or"
        " hub:PRESET with its weights",
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
    class_weights: str = setting(
        "none", "balanced weighs rare classes up", choices=("none", "balanced")
    )
    class_weight_values: tuple[float, ...] = setting(
        (), "weight of each class; empty takes class_weights' word", low=0.0
    )
    border_weight: float = setting(
        0.0, "extra weight of pixels between touching objects (U-Net: 10); 0 is off", low=0.0
    )
    border_sigma: float = setting(5.0, "reach of that weight", "px", low=0.1)
    views: int = setting(
        1,
        "mirrored and turned views whose answers are averaged, in every file: as many times slower",
        choices=(1, 2, 4, 8),
    )
    crop: int = setting(
        0,
        "side of the random part of each tile that training looks at; 0 is all of it",
        "px",
        low=0,
        high=4096,
    )
    flip: bool = setting(False, "mirror pictures left to right at random")
    turn: bool = setting(False, "turn pictures by 90, 180 or 270 degrees at random")
    shift: float = setting(0.1, "largest random move, as a share of the side", low=0.0, high=0.5)
    zoom: float = setting(0.2, "largest random change of size", low=0.0, high=0.9)
    rotate: float = setting(10.0, "largest random rotation", "degrees", low=0.0, high=180.0)
    elastic: float = setting(
        0.0, "standard deviation of a random bend on a 3 x 3 grid (U-Net: 10)", "px", low=0.0
    )
    colour: float = setting(
        0.2, "largest random change of brightness, contrast and saturation", low=0.0, high=1.0
    )

    def __post_init__(self):
        super().__post_init__()
        step, size = _step(self), self.image_size
        least = _smallest(self)
        if size and (size % step or size < least):
            near = sorted({max(least, size // step * step), max(least, -(-size // step) * step)})
            raise PipelineError(
                f"image_size must be a multiple of {step} (2 to the depth, by patch) and at least"
                f" {least}; got {size}. Try {' or '.join(map(str, near))}."
            )
        if self.encoder and self.unpadded:
            raise PipelineError(
                "unpadded convolutions are U-Net's own: leave encoder empty, or unpadded false."
            )
        if self.encoder and self.patch >= 2**self.depth:
            raise PipelineError(
                f"patch must be smaller than the bottom's cell, {2**self.depth} px; got"
                f" {self.patch}."
            )
        if self.crop and (self.crop % step or size and self.crop > size):
            raise PipelineError(
                f"crop must be a multiple of {step} and at most image_size; got {self.crop}."
            )
        if self.crop and self.unpadded:
            raise PipelineError(
                "crop is for padded convolutions, which take every size: leave it 0."
            )
        if not any((self.cross_entropy, self.dice, self.jaccard, self.focal)):
            raise PipelineError(
                "one of cross_entropy, dice, jaccard and focal must be above 0: together they are"
                " the loss."
            )


def _step(config):
    """Pixels that a side must be a multiple of. An encoder's strides count from the picture, ours from the patch."""
    return 2**config.depth * (1 if config.encoder else config.patch)


def _smallest(config):
    """Least side of a picture, in pixels."""
    return config.patch * unet.smallest(config.depth) if config.unpadded else _step(config)


def resolve(config, data):
    """Settings that follow from the data: the tile's size and the weights of uneven classes."""
    changes = labelled.weighed(config, data.pixel_counts)
    if not config.image_size:
        step = _step(config)
        side = min(LARGEST, max(_smallest(config), data.median_side))
        changes["image_size"] = -(-side // step) * step
    return config.replace(**changes)


def expand(examples, config):
    """Examples -> one for each tile of each picture. Column `tile`: top, left, first row and column of its own."""
    if config.fit != "tile":
        return examples
    side, rows, names, places = config.image_size, [], [], []
    for i, source in enumerate(examples.columns["image"]):
        height, width = pictures.size(source)
        found = [
            (top, left, *own)
            for top, *own_top in tiles.grid(height, side)
            for left, *own_left in tiles.grid(width, side)
            for own in [(*own_top, *own_left)]
        ]
        rows += [i] * len(found)
        places += [list(place) for place in found]
        names += [
            f"{examples.names[i]} at {p[0]}, {p[1]}" if len(found) > 1 else examples.names[i]
            for p in found
        ]
    cut = examples.take(rows)
    return replace(cut, names=names, columns={**cut.columns, "tile": places})


def parse(example, config):
    """{"image": uint8 (H, W, 3), "segmentation_mask": uint8 (H, W, 1)} -> ({"image": (S, S, 3)},
    ids uint8 (S, S)).

    255 marks pixels that count nowhere: those that the data ignores, lie outside, or belong to
    another tile. With a border weight, targets are float32 (S, S, 2): ids, and the weight of each
    pixel.
    """
    side, image, mask = config.image_size, example["image"], example[LABELS]
    if config.fit == "stretch":
        image = images.resize(image, side)
        mask = tf.image.resize(mask, (side, side), "nearest")
    else:
        place = tf.cast(example.get("tile", (0, 0, 0, 0)), tf.int32)
        image, mask = _tile(image, mask, place, side)
    mask = tf.ensure_shape(mask[:, :, 0], (side, side))
    if config.border_weight:

        def weigh(m):
            return border.border_weights(m, config.border_weight, config.border_sigma)

        weights = tf.ensure_shape(
            tf.numpy_function(weigh, [mask], tf.float32, stateful=False), (side, side)
        )
        mask = tf.stack([tf.cast(mask, tf.float32), weights], -1)
    return {"image": tf.ensure_shape(image, (side, side, 3))}, mask


def _tile(image, mask, place, side):
    """The square at `place` of a picture, mirrored where the picture ends, and its mask, ignored there."""
    taken, counts = [], []
    for axis in (0, 1):
        length = tf.shape(image)[axis]
        index = place[axis] + tf.range(side)
        counts.append((index < length) & (tf.range(side) >= place[2 + axis]))
        index = index % (2 * length)
        taken.append(tf.where(index < length, index, 2 * length - 1 - index))

    def cut(picture):
        return tf.gather(tf.gather(picture, taken[0]), taken[1], axis=1)

    own = counts[0][:, None, None] & counts[1][None, :, None]
    return cut(image), tf.where(own, cut(mask), tf.constant(IGNORE, mask.dtype))


def augment(inputs, targets, seed, progress, config):
    """Random change of a batch, of pictures and masks alike; see `ops.warp`. seed: int (2,); progress in [0, 1)."""
    image, seeds = inputs["image"], images.split_seed(seed, 2)
    moves = {
        name: getattr(config, name)
        for name in ("flip", "turn", "shift", "zoom", "rotate", "elastic")
    }
    if config.crop or any(moves.values()):
        side = config.crop or config.image_size
        places = warp.places(tf.shape(image)[0], side, seeds[0], within=config.image_size, **moves)
        image = warp.take(image, places)
        channels = targets if config.border_weight else targets[..., None]
        channels = warp.take(channels, places, nearest=True)
        targets = channels if config.border_weight else channels[..., 0]
        targets = tf.ensure_shape(targets, (image.shape[0], side, side, *targets.shape[3:]))
    return {"image": images.random_colour(image, seeds[1], config.colour)}, targets


def model(config):
    """{"image": uint8 (B, S, S, 3)} -> {"logits": (B, S, S, C)} and logits of coarser levels, compiled."""
    inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="centred")(inputs)
    if config.encoder:
        strides = [2 << level for level in range(config.depth)]
        levels = backbones.pyramid(config.encoder, inputs, strides, config.encoder_arguments)
        if config.crop and not backbones.takes_every_size(inputs, levels):
            raise PipelineError(
                "crop needs an encoder that takes every size, such as efficientnet_lite0;"
                f" {config.encoder} is made for {config.image_size} px alone. Leave crop 0."
            )
        found = unet.on_pyramid(x, levels, config.width, config.patch, config.dropout, config.seed)
    else:
        if config.patch > 1:
            x = unet.patches(x, config.width, config.patch)
        found = unet.unet(
            x, config.width, config.depth, config.unpadded, config.dropout, config.seed
        )
    outputs = {"logits": unet.logits(found[0], len(config.labels), config.patch)}
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


def phases(config):
    """Those of `fine_tuning`: one, unless `unfreeze` names more."""
    return fine_tuning.phases(config, _compile)


def _compile(net, config, rates=(), pull=0.0):
    weights = {term: getattr(config, term) for term in losses.TERMS}
    net.compile(
        optimizer=optimization.optimizer(config, rates, pull),
        loss=losses.SegmentationLoss(weights, config.class_weight_values, config.focal_gamma),
        jit_compile={"auto": "auto", "on": True, "off": False}[config.jit_compile],
    )


def decode(outputs, config):
    """Logits (B, S, S, C) -> {"mask": int32 ids (B, S, S), "confidence": (B, S, S), "probabilities": (B, S, S, C)}."""
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


def mediapipe(outputs, config):
    """What MediaPipe's ImageSegmenter takes: one output, the probability of each class (B, S, S, C)."""
    return {"probabilities": keras.ops.softmax(outputs["logits"])}


def metrics(config):
    """The first one named, mean_iou, is what an exported file is judged by."""
    classes = len(config.labels)
    extra = [threshold.ThresholdCurve()] if classes == 2 else []
    return [metric.Segmentation(classes), boundary.BoundaryF1(classes), *extra]


def draw(inputs, decoded, config, targets=None):
    """One picture with the predicted mask over it, and beside it the true one where given, uint8
    (H, W, 3).

    A line below has the shares of the classes, or the mean IoU; a second one the three classes with
    the least.
    """
    image, lines = inputs["image"], []
    shown = [overlay.overlay(image, decoded["mask"])]
    if targets is not None:
        judge = metric.Segmentation(len(config.labels))
        judge.update_state(targets[None], {"mask": decoded["mask"][None]})
        found = judge.result()
        iou = found["per_class"]["mean_iou"]
        least = sorted(np.flatnonzero(judge.support), key=lambda i: iou[i])[:3]
        lines.append(f"predicted, true: mean IoU {found['mean_iou']:.2f}")
        lines.append("least: " + ", ".join(f"{config.labels[i]} {iou[i]:.2f}" for i in least))
        shown.append(overlay.overlay(image, metric.ids(targets[None])[0]))
    else:
        counts = (
            np.bincount(decoded["mask"].reshape(-1), minlength=len(config.labels))
            / decoded["mask"].size
        )
        lines = [
            f"{label} {share:.1%}"
            for label, share in zip(config.labels, counts, strict=True)
            if share >= 0.0005
        ]
    factor = max(1, -(-DRAWN // config.image_size))
    shown = [picture.repeat(factor, 0).repeat(factor, 1) for picture in shown]
    return canvas.captioned(canvas.grid(shown, 2), lines[:6])
