"""What detectors share whose net is a backbone and a pyramid of features above it."""

from dataclasses import dataclass

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError
from pipelines.families import duration, fine_tuning
from pipelines.models import sources

READ, READ_TUNED = 16_000, 8_000  # pictures, again and again: from scratch, on a pretrained net
# The two finest levels of EfficientNet-Lite0 stay as they are: edges and blobs need no training,
# and cost the most of it.
TUNED = dict(unfreeze=("14",), backbone_rate=0.2)


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """The settings of the backbone and the pyramid."""

    size: str = setting(
        "auto",
        "size of the model; auto is pico on a pretrained net, which brings most of it, else nano",
        choices=("auto", "pico", "nano", "small", "medium"),
    )
    backbone: str = setting(
        "auto",
        "csp, or any backbone of classification: a keras.applications or KerasHub name, or"
        " hub:PRESET; auto is efficientnet_lite0, fine-tuned, if its weights are installed and"
        " pictures have 160 px or more, else csp",
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    strides: tuple[int, ...] = setting(
        (8, 16, 32), "levels of the pyramid; 4,8,16,32 is for small objects", "px"
    )

    def __post_init__(self):
        super().__post_init__()
        if not self.strides or any(s not in (4, 8, 16, 32) for s in self.strides):
            raise PipelineError(
                f"strides must be out of 4, 8, 16, 32; got {', '.join(map(str, self.strides))}."
            )
        if list(self.strides) != sorted({2**i * self.strides[0] for i in range(len(self.strides))}):
            raise PipelineError(
                "strides must double from one to the next; got"
                f" {', '.join(map(str, self.strides))}."
            )


def resolved(config, data):
    """`config` with the backbone, what of it is trained, the net's size, and how long."""
    if config.backbone == "auto":
        config = _begun(config)
    is_tuned = bool(config.unfreeze)
    if config.size == "auto":
        config = config.replace(size="pico" if is_tuned else "nano")
    read = READ_TUNED if is_tuned else READ
    return config.replace(**duration.found(config, data.counts["train"], read))


def learns(config):
    """That weights are random for want of a pretrained net, or ""."""
    return sources.wanting(sources.EFFICIENTNET_LITE0) if config.backbone == "csp" else ""


def _begun(config):
    """`config` with a backbone in place of `auto`."""
    if not fine_tuning.worth(config.image_size):
        return config.replace(backbone="csp")
    return fine_tuning.begun(config, backbone=sources.EFFICIENTNET_LITE0.name, **TUNED)
