"""What detectors share that begin with default boxes on a pyramid of features."""

from dataclasses import dataclass

from etils import epy

from pipelines.families import box_sizes, pyramids

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.ops import default_boxes


@dataclass(frozen=True, kw_only=True)
class Config(box_sizes.Config, pyramids.Config):
    """The settings of default boxes."""


def resolved(config, data):
    """`config` with the sizes of default boxes, and what `pyramids.resolved` finds."""
    return pyramids.resolved(box_sizes.resolved(config, data), data)


def boxes(config):
    """The default boxes of a resolved config, NumPy (A, 4)."""
    return default_boxes.default_boxes(
        config.image_size, config.strides, config.smallest_box, config.largest_box
    )
