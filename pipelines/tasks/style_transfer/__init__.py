"""Style transfer: what one picture shows, painted as another one is."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.formats.examples import Data
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines import canvas
    from pipelines.metrics import super_resolution as shown_as
    from pipelines.tasks.style_transfer import _judging, _pictures

SAMPLE = 32  # pictures at most on which it is looked up what doing nothing reaches


@dataclass(frozen=True, kw_only=True)
class StyleConfig:
    """Settings of the style: a base of each method's Config, before the shared settings."""

    style: str = setting(
        "mosaic",
        "picture of the style: a file, or one of the patterns mosaic, waves, hatching, dots",
    )
    style_size: int = setting(
        256,
        "side of the square that has the area of the style's picture: what is larger is reduced",
        "px",
        low=32,
        high=1024,
    )
    loss_net: str = setting(
        "efficientnet_lite0",
        "net on whose features the losses are: those of imagenet: are downloaded once, random has"
        " random filters",
        choices=("efficientnet_lite0", "imagenet:VGG16", "imagenet:VGG19", "random"),
    )
    content_weight: float = setting(1.0, "factor of the content loss", low=0.0)
    style_weight: float = setting(10.0, "factor of the style loss", low=0.0)
    variation_weight: float = setting(
        1.0, "factor of the mean difference of neighbouring pixels", low=0.0
    )


class StyleTransfer(Method):
    """What every method shares: the style, the losses that judge, drawing.

    A method decodes to {"image": (B, H, W, 3) in [0, 1]}, and its targets are {"image": uint8}, what
    the picture shows.
    """

    data = "photos"
    features = {"image": Feature("picture")}
    scores = (
        Score("style_loss", "lower", tolerance=0.05, relative=True),
        Score("content_loss", "lower", tolerance=0.05, relative=True),
    )
    page = "style_transfer.md"
    _judged = (None, None)  # what the losses of `_judge` follow from, and they

    def _judge(self, config):
        """The losses of a style, made once, as a net has to be loaded for them."""
        key = (config.loss_net, _pictures.style(config).tobytes())
        if self._judged[0] != key:
            self._judged = (key, _judging.Judge(config))
        return self._judged[1]

    def source(self, data, config):
        """A single picture is no data set: it is told apart here, and `gatys` reads it."""
        is_one = config is None and not isinstance(data, Data) and _pictures.is_picture(data)
        return _One() if is_one else None

    def default(self, read, settings):
        """A net for the style; a single picture is optimised itself."""
        return ("fast_style", "") if isinstance(read, Data) else ("gatys", "it is one picture")

    def learn(self, examples, config):
        """The picture of the style, so that a run does not need its file again."""
        return {"style": _pictures.style(config)}

    def learns(self, config):
        """`the style of waves`."""
        return f"the style of {config.style}"

    def floor(self, part, config):
        """The style loss of pictures that stay as they are."""
        _, targets = part.sample(SAMPLE)
        shown = np.asarray(targets["image"], np.float32) / 255
        judge = self._judge(config)
        found = [judge(picture[None], picture[None])["style_loss"] for picture in shown]
        return float(np.mean(found))

    def draw(self, inputs, decoded, config, targets=None):
        """The picture, what became of it, and the style."""
        shown = [np.asarray(inputs["image"])]
        shown += [shown_as.bytes_of(decoded["image"])] if "image" in decoded else []
        shown.append(_pictures.style(config))
        names = ["picture", "painted", "style"] if len(shown) == 3 else ["picture", "style"]
        return canvas.captioned(canvas.grid(shown, len(shown)), [", ".join(names)])

    def truth(self, targets, config):
        """There is none: the picture is shown with the style."""
        return {}


class _One:
    """What says that data is one picture; never read."""
