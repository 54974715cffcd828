"""What detectors share that begin with default boxes: the sizes of these, which follow the data."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import pyramids

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.ops import default_boxes

MARGIN = 1.1  # the ends of the sizes lie so far outside those of the data
# Without data, as shares of the picture: SSD's scales, Liu et al. 2016, section 2.2.
ENDS = (0.2, 0.9)


@dataclass(frozen=True, kw_only=True)
class Config(pyramids.Config):
    """The settings of default boxes."""

    smallest_box: float = setting(
        0.0,
        "side of the smallest default boxes as a share of the picture; 0 follows the data",
        low=0.0,
        high=1.0,
    )
    largest_box: float = setting(
        0.0,
        "side of the largest default boxes as a share of the picture; 0 follows the data",
        low=0.0,
        high=1.0,
    )

    def __post_init__(self):
        super().__post_init__()
        if self.largest_box and self.smallest_box > self.largest_box:
            raise PipelineError(
                f"smallest_box must not be above largest_box; got {self.smallest_box} and"
                f" {self.largest_box}."
            )


def resolved(config, data):
    """`config` with the sizes of default boxes, and what `pyramids.resolved` finds."""
    low, high = _ends(data.side_range)
    smallest = config.smallest_box or min(low, config.largest_box or low)
    largest = config.largest_box or max(high, smallest)
    sized = config.replace(smallest_box=round(smallest, 4), largest_box=round(largest, 4))
    return pyramids.resolved(sized, data)


def _ends(side_range):
    """Sides of the smallest and the largest default boxes for objects of these sides."""
    low, high = side_range if any(side_range) else ENDS
    return max(low / MARGIN, 0.001), min(high * MARGIN, 1.0)


def boxes(config):
    """The default boxes of a resolved config, NumPy (A, 4)."""
    return default_boxes.default_boxes(
        config.image_size, config.strides, config.smallest_box, config.largest_box
    )
