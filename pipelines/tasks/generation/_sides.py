"""Sides of pictures that convolutions can halve."""

from typing import Any

from pipelines.errors import PipelineError
from pipelines.models import coders
from pipelines.tasks import generation


def halved(config: Any) -> int:
    """How often convolutions halve the side of a picture."""
    return coders.Plan(generation.shape(config), "convolutional").halvings


def check(config: Any) -> None:
    """Raises PipelineError if a net of convolutions would have none."""
    if config.net != "convolutional" or halved(config):
        return
    rounded = -(-config.image_size // 4) * 4
    raise PipelineError(
        "net=convolutional halves the side of a picture, so image_size must be even and at least"
        f" {2 * coders.LEAST}; got {config.image_size}. Set image_size={max(8, rounded)}, or"
        " net=dense."
    )
