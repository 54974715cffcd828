"""The sizes of the boxes that a detector begins with, which follow the data."""

from dataclasses import dataclass

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError

MARGIN = 1.1  # the ends of the sizes lie so far outside those of the data
# Without data, as shares of the picture: SSD's scales, Liu et al. 2016, section 2.2.
ENDS = (0.2, 0.9)


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """The sides of the boxes."""

    smallest_box: float = setting(
        0.0,
        "side of the smallest boxes as a share of the picture; 0 follows the data",
        low=0.0,
        high=1.0,
    )
    largest_box: float = setting(
        0.0,
        "side of the largest boxes as a share of the picture; 0 follows the data",
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
    """`config` with the sides of the smallest and the largest boxes."""
    low, high = _ends(data.side_range)
    smallest = config.smallest_box or min(low, config.largest_box or low)
    largest = config.largest_box or max(high, smallest)
    return config.replace(smallest_box=round(smallest, 4), largest_box=round(largest, 4))


def _ends(side_range):
    """Sides of the smallest and the largest boxes for objects of these sides."""
    low, high = side_range if any(side_range) else ENDS
    return max(low / MARGIN, 0.001), min(high * MARGIN, 1.0)
