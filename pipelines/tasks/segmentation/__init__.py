"""Semantic segmentation: one class a pixel, on pictures of any size."""

from dataclasses import dataclass, replace

from etils import epy

from pipelines.config import setting
from pipelines.families import fine_tuning, mirroring
from pipelines.formats.examples import IGNORE
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.edge import overlay, pictures, tiles
    from pipelines.metrics import boundary, threshold
    from pipelines.metrics import segmentation as metric
    from pipelines.ops import border, images, warp

DRAWN = 240  # pixels that a drawn picture is enlarged to


@dataclass(frozen=True, kw_only=True)
class Config(mirroring.Config, fine_tuning.Config):
    """The shared settings, those of fine-tuning, and those of every method of segmentation."""

    epochs: int = setting(
        0,
        "passes over the training split; 0 reads about 8,000 tiles, or parts of them",
        "epochs",
        low=0,
    )
    batch_size: int = setting(8, "examples per step", "examples", low=1)
    learning_rate: float = setting(2e-3, "peak learning rate", low=0.0, high=10.0)
    ema: float = setting(
        0.98,
        "decay of the moving average of the weights, which then is what is kept; 0 is off",
        low=0.0,
        high=0.99999,
    )
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
    crop: int = setting(
        0,
        "side of the random part of each tile that training looks at; 0 takes 256 of tiles of 512"
        " or more",
        "px",
        low=0,
        high=4096,
    )
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


class Segmentation(Method):
    """What every method of segmentation shares: tiles, masks, augmentation, scores, drawing."""

    data = "digit_scenes"
    features = {"image": Feature("picture"), "segmentation_mask": Feature("mask")}
    target = "segmentation_mask"
    scores = (
        Score("mean_iou"),
        Score("dice"),
        Score("pixel_accuracy"),
        Score("boundary_f1"),
        Score("best_threshold_iou"),
    )
    page = "segmentation.md"

    def floor(self, part, config):
        """Mean IoU of the best constant answer: one class everywhere."""
        pixels = np.zeros(len(config.labels), np.int64)
        for _, targets in part.batches():
            ids = np.asarray(metric.ids(np.asarray(targets))).reshape(-1)
            pixels += np.bincount(ids[ids < len(pixels)], minlength=len(pixels))[: len(pixels)]
        return (
            float(pixels.max() / pixels.sum() / np.count_nonzero(pixels)) if pixels.sum() else None
        )

    def expand(self, examples, config):
        """Examples -> one for each tile of each picture. Column `tile`: top, left, first row and
        column of its own."""
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

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3), "segmentation_mask": uint8 (H, W, 1)} -> ({"image": (S, S,
        3)}, ids uint8 (S, S)).

        255 marks pixels that count nowhere: those that the data ignores, lie outside, or belong to
        another tile. With a border weight, targets are float32 (S, S, 2): ids, and the weight of
        each pixel.
        """
        side, image, mask = config.image_size, example["image"], example["segmentation_mask"]
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

    def augment(self, inputs, targets, seed, progress, config):
        """Random change of a batch, of pictures and masks alike; see `ops.warp`. seed: int (2,);
        progress in [0, 1)."""
        image, seeds = inputs["image"], images.split_seed(seed, 2)
        moves = {
            name: getattr(config, name) for name in ("turn", "shift", "zoom", "rotate", "elastic")
        }
        moves["flip"] = config.flip == "on"
        if config.crop or any(moves.values()):
            side = config.crop or config.image_size
            places = warp.places(
                tf.shape(image)[0], side, seeds[0], within=config.image_size, **moves
            )
            image = warp.take(image, places)
            channels = targets if config.border_weight else targets[..., None]
            channels = warp.take(channels, places, nearest=True)
            targets = channels if config.border_weight else channels[..., 0]
            targets = tf.ensure_shape(targets, (image.shape[0], side, side, *targets.shape[3:]))
        return {"image": images.random_colour(image, seeds[1], config.colour)}, targets

    def metrics(self, config):
        """The first one named, mean_iou, is what an exported file is judged by."""
        classes = len(config.labels)
        extra = [threshold.ThresholdCurve()] if classes == 2 else []
        return [metric.Segmentation(classes), boundary.BoundaryF1(classes), *extra]

    def truth(self, targets, config):
        """Ids (S, S), maybe with weights (S, S, 2) -> {"mask": (S, S)}."""
        return {"mask": np.asarray(metric.ids(targets[None]))[0]}

    def draw(self, inputs, decoded, config, targets=None):
        """One picture with the predicted mask over it, and beside it the true one if given,
        uint8 (H, W, 3).

        A line below has the shares of the classes, or the mean IoU; a second one the three classes
        with the least.
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


def _tile(image, mask, place, side):
    """The square at `place` of a picture, mirrored where the picture ends, and its mask, ignored
    there."""
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
