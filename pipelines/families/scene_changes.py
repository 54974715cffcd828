"""Random change of pictures with boxes, for detectors that train on whole pictures."""

from dataclasses import dataclass
from typing import Any

from etils import epy

from pipelines.config import setting
from pipelines.families import mirroring

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import tensorflow as tf

    from pipelines.ops import images, scenes


@dataclass(frozen=True, kw_only=True)
class Config(mirroring.Config):
    """How much pictures are changed."""

    mosaic: float = setting(
        0.5, "share of the pictures that are put together of four", low=0.0, high=1.0
    )
    plain_end: float = setting(
        0.2, "share of the run, at its end, without mosaic and MixUp", low=0.0, high=1.0
    )
    scale: float = setting(0.3, "largest random change of size", low=0.0, high=0.9)
    least_visible: float = setting(
        0.25, "share of a box below which it is dropped when cut", low=0.0, high=1.0
    )
    flip_vertical: bool = setting(False, "mirror pictures top to bottom at random")
    colour: float = setting(
        0.2, "largest random change of brightness, contrast and saturation", low=0.0, high=1.0
    )
    mixup: float = setting(
        0.0, "share of the pictures that are blended with another", low=0.0, high=1.0
    )


def changed(inputs: Any, targets: Any, seed: Any, progress: Any, config: Any) -> tuple[Any, Any]:
    """Random change of a batch; see `ops.scenes`. Boxes that are cut away make room for those
    of a mosaic."""
    seeds, late = images.split_seed(seed, 5), progress >= 1 - config.plain_end
    image, boxes = inputs["image"], targets["boxes"]
    extra = tf.stack([targets["labels"], targets["crowd"]], -1)
    # A mosaic shows about one picture's worth of four; twice the room holds it even if all
    # four are crowded.
    capacity = config.max_boxes * (2 if config.mosaic else 1)
    if config.mosaic or config.scale:
        image, boxes, extra = scenes.mosaic(
            *(image, boxes, extra, targets["content"], seeds[0]),
            share=tf.where(late, 0.0, config.mosaic),
            scale=config.scale,
            least_visible=config.least_visible,
            capacity=capacity,
        )
    if config.flip == "on":
        image, boxes = scenes.flip(image, boxes, seeds[1], axis=2)
    if config.flip_vertical:
        image, boxes = scenes.flip(image, boxes, seeds[2], axis=1)
    image = images.random_colour(image, seeds[3], config.colour)
    if config.mixup:
        share = tf.where(late, 0.0, config.mixup)
        image, boxes, extra = scenes.mixup(image, boxes, extra, seeds[4], share, 2 * capacity)
    is_box = tf.reduce_all(boxes[..., 2:] > boxes[..., :2], -1)
    moved = {
        "boxes": boxes,
        "labels": tf.where(is_box, extra[..., 0], -1),
        "crowd": extra[..., 1],
    }
    return {"image": image}, {**targets, **moved}
