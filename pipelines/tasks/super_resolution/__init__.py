"""Super-resolution: pictures 2, 3 or 4 times as large."""

from dataclasses import dataclass, replace

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import Problem
from pipelines.task import Feature, Method, Phase, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.edge import pictures, tiles
    from pipelines.metrics import super_resolution as metric
    from pipelines.models import adversarial, perceptual, pretrained, super_resolution
    from pipelines.ops import bicubic, images

TITLE = 64  # bytes of a picture's name that go with its tiles, for the table by picture
LEAST = 32  # px of an enlarged picture: less holds no window of SSIM within its cut border


@dataclass(frozen=True, kw_only=True)
class Config(settings.Config):
    """The shared settings, and those of every method of super-resolution."""

    epochs: int = setting(
        100, "passes over the training split, of both phases together", "epochs", low=1
    )
    batch_size: int = setting(16, "patches per step", "examples", low=1)
    optimizer: str = setting(
        "adam", "update rule", choices=("adamw", "adam", "sgd", "rmsprop", "lion")
    )
    monitor: str = setting(
        "val_psnr_y", "what decides which epoch is kept: val_loss or val_ and a metric's name"
    )
    scale: int = setting(4, "how many times as large pictures become", choices=(2, 3, 4))
    image_size: int = setting(
        128, "side of the low-resolution tile that an exported file takes", "px", low=16, high=1024
    )
    patch: int = setting(
        48, "side of the random low-resolution patch that training looks at", "px", low=8, high=1024
    )
    flip: bool = setting(True, "mirror patches left to right at random")
    turn: bool = setting(True, "turn patches by 90, 180 or 270 degrees at random")
    pixel_loss: str = setting(
        "l1", "pixel loss of both phases: mean absolute or squared error", choices=("l1", "l2")
    )
    features: str = setting(
        "auto",
        "pretrained net of content loss and perceptual distance; auto takes it if it is installed",
        choices=("auto", "efficientnet_lite0", "none"),
    )

    def __post_init__(self):
        super().__post_init__()
        if self.patch > self.image_size:
            raise PipelineError(
                f"patch must be at most image_size {self.image_size}; got {self.patch}."
            )


class SuperResolution(Method):
    """What every method shares: tiles, patches, pixel loss, the field's scores, drawing.

    A method names its net of `models.super_resolution.NETS` in `_generator`.
    """

    Config = Config
    data = "photos"
    features = {"image": Feature("picture")}
    scores = (
        Score("ssim_y"),
        Score("psnr_y", tolerance=0.1),
        Score("perceptual_distance", "lower"),
    )
    page = "srgan.md"
    _generator = "fast"

    def adapt(self, data, config):
        """Data with `image` and, if low resolution is given, `low`; a Problem for each picture
        that does not fit."""
        splits, problems = {}, []
        for split, examples in data.splits.items():
            columns = dict(examples.columns)
            if {"lr", "hr"} <= columns.keys():  # as TFDS calls them
                columns["image"], columns["low"] = columns.pop("hr"), columns.pop("lr")
            own = [name for name in ("image", "low") if name in columns]
            splits[split] = replace(
                examples, columns={n: columns[n] for n in own}, pictures=tuple(own), masks={}
            )
            for i, source in enumerate(columns.get("image", ())):
                low = columns["low"][i] if "low" in columns else None
                problems += _fits(source, low, config.scale, examples.where[i], examples.names[i])
        known = {(p.kind, p.where) for p in data.problems}
        problems = [p for p in problems if (p.kind, p.where) not in known]
        return replace(data, splits=splits, labels={}, problems=[*data.problems, *problems])

    def resolve(self, config, data):
        """`features` as found on this machine."""
        if config.features != "auto":
            return config
        source = pretrained.EFFICIENTNET_LITE0
        return config.replace(features=source.name if source.installed() else "none")

    def expand(self, examples, config):
        """Examples -> one for each tile of each picture.

        Columns: `tile`, see `_tiles`; `title`, the picture's name in bytes, filled up with zeros.
        """
        rows, names, places, titles = [], [], [], []
        for i, source in enumerate(examples.columns["image"]):
            size = [length // config.scale for length in pictures.size(source)]
            found = _tiles(size, config.image_size, self._margin(config))
            title = examples.names[i].encode("utf-8", "replace")[-TITLE:]
            rows += [i] * len(found)
            places += [[i, *place] for place in found]
            titles += [list(title.ljust(TITLE, b"\0"))] * len(found)
            name = examples.names[i]
            names += [f"{name} at {p[0]}, {p[1]}" if len(found) > 1 else name for p in found]
        cut = examples.take(rows)
        return replace(cut, names=names, columns={**cut.columns, "tile": places, "title": titles})

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3), maybe "low"} -> ({"image": uint8 (T, T, 3)}, targets), s the
        scale.

        targets: `image` uint8 (s * T, s * T, 3), `low` as the input, `tile` int32 (9,), the
        picture's number and the edges of what the tile owns and of the picture, and `title` uint8
        (64,). What lies beyond the picture is mirrored. Low resolution is the antialiased bicubic
        reduction of the whole picture, not of the tile.
        """
        s, side, image = config.scale, config.image_size, example["image"]
        size = tf.shape(image)[:2] // s
        image = image[: size[0] * s, : size[1] * s]
        place = tf.cast(
            example.get("tile", [0, 0, 0, 0, 0, side, side, 0, 0, side, side]), tf.int32
        )
        top, left = place[1], place[2]
        margin = 2 * s  # as far as the reduction looks beyond a tile
        high = images.mirrored(image, top * s - margin, left * s - margin, side * s + 2 * margin)
        if "low" in example:
            low = images.mirrored(example["low"], top, left, side)
        else:
            weights = tf.constant(bicubic.matrix(side * s + 2 * margin, side + 4)[2:-2])
            low = tf.einsum("ih,hwc,jw->ijc", weights, tf.cast(high, tf.float32), weights)
            low = tf.cast(tf.clip_by_value(tf.round(low), 0, 255), tf.uint8)
        low = tf.ensure_shape(low, (side, side, 3))
        high = tf.ensure_shape(high[margin:-margin, margin:-margin], (side * s, side * s, 3))
        title = tf.cast(example.get("title", [0] * TITLE), tf.uint8)
        tile = tf.concat([place[:1], place[3:]], 0)
        return {"image": low}, {"image": high, "low": low, "tile": tile, "title": title}

    def augment(self, inputs, targets, seed, progress, config):
        """Random patches at both resolutions, mirrored and turned alike. seed: int (2,); progress
        in [0, 1)."""
        s, patch, low, high = config.scale, config.patch, inputs["image"], targets["image"]
        count, seeds = low.shape[0], images.split_seed(seed, 3)
        edges = targets["tile"][:, 5:]  # of the picture in the tile
        first = tf.clip_by_value(edges[:, :2], 0, config.image_size - patch)
        last = tf.maximum(first, tf.minimum(edges[:, 2:], config.image_size) - patch)
        u = tf.random.stateless_uniform((count, 2), seeds[0])
        begin = first + tf.cast(u * tf.cast(last - first + 1, tf.float32), tf.int32)
        low, high = images.cut(low, begin, patch), images.cut(high, begin * s, patch * s)
        if config.flip:
            low, high = (images.random_flip(x, seeds[1]) for x in (low, high))
        if config.turn:
            low, high = (images.random_turn(x, seeds[2]) for x in (low, high))
        return {"image": low}, {**targets, "image": high, "low": low}

    def model(self, config):
        """{"image": uint8 (B, T, T, 3)} -> {"image": (B, s * T, s * T, 3)}, compiled.

        The answer is in [0, 1] where it is right.
        """
        net = enlarger(config, self._net(config))
        begin_pixels(net.attach({}), config)
        return net

    def phases(self, config):
        """One, by pixel loss."""
        return [Phase("pixels", config)]

    def decode(self, outputs, config):
        """-> {"image": (B, s * T, s * T, 3) in [0, 1]}."""
        return {"image": keras.ops.clip(outputs["image"], 0.0, 1.0)}

    def device(self, config):
        """The scale, and how many pixels along a tile's border another tile knows better."""
        return {"scale": config.scale, "margin": self._margin(config)}

    def metrics(self, config):
        """The first one named, ssim_y, is what an exported file is judged by."""
        found = [metric.Fidelity(config.scale)]
        if config.features == "efficientnet_lite0":
            net = perceptual.features(config.features)
            found.append(metric.PerceptualDistance(lambda a, b: perceptual.distance(net, a, b)))
        return found

    def draw(self, inputs, decoded, config, targets=None):
        """One tile: bicubic, enlarged, and if given the true one, with luma PSNR."""
        side = decoded["image"].shape[0]
        simple = np.clip(np.round(bicubic.resize(inputs["image"], side, side)), 0, 255).astype(
            np.uint8
        )
        shown, lines = [simple, metric.bytes_of(decoded["image"])], ["bicubic, enlarged"]
        if targets is not None:
            judge = metric.Fidelity(config.scale)
            judge.update_state(
                {k: v[None] for k, v in targets.items()}, {"image": decoded["image"][None]}
            )
            found = judge.result()
            lines = [
                "bicubic, enlarged, true",
                f"{found['bicubic_psnr_y']:.2f} dB, {found['psnr_y']:.2f} dB",
            ]
            shown.append(np.asarray(targets["image"]))
            bottom, right = np.minimum(np.asarray(targets["tile"][7:]) * config.scale, side)
            shown = [picture[:bottom, :right] for picture in shown]
        return canvas.captioned(canvas.grid(shown, 3), lines)

    def _net(self, config):
        """The name of the net in `models.super_resolution.NETS`."""
        return self._generator

    def _margin(self, config):
        """As far as the net sees, or a quarter of a tile."""
        sees = super_resolution.SEES[self._net(config)](config.depth)
        return min(sees, config.image_size // 4)


def enlarger(config, net):
    """The uncompiled model around a net of `models.super_resolution.NETS`."""
    inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 255.0, name="scaled")(inputs)
    x = super_resolution.NETS[net](x, config.scale, config.width, config.depth)
    x = keras.layers.Activation("linear", dtype="float32", name="high")(x)
    model = adversarial.Adversarial({"image": inputs}, {"image": x}, name="super_resolution")
    # Patches in training, tiles elsewhere.
    model.input_spec = {"image": keras.InputSpec(shape=(None, None, None, 3))}
    return model


def _fits(source, low, scale, where, name):
    try:
        height, width = pictures.size(source)
        small = pictures.size(low) if low is not None else None
    except Exception:  # the audit reads it again, and says what is wrong
        return
    if min(height, width) < LEAST:
        message = (
            f"the picture has {height} x {width} px; {LEAST} are the least on either side. Leave it"
            " out."
        )
        yield Problem("error", "too-small", where, message, name)
    elif small and small != (height // scale, width // scale):
        message = (
            f"low resolution has {small[0]} x {small[1]} px, which is not {height} x {width} by"
            f" scale {scale}. Set scale to the data's, or make the pictures fit."
        )
        yield Problem("error", "scale", where, message, name)
    elif height % scale or width % scale:
        message = (
            f"{height} x {width} px is no multiple of scale {scale}: what is over at bottom and"
            " right is cut."
        )
        yield Problem("note", "cropped", where, message)


def _tiles(size, side, margin):
    """Places of tiles over (height, width) low-resolution pixels: (top, left, then within the tile:
    first row and
    column of its own, last ones, then the picture's edges likewise)."""
    axes = []
    for length in size:
        begins = [0]
        if length > side:
            begins = tiles.starts(length, side, margin, 1)
        cuts = [0, *((b + a + side) // 2 for a, b in zip(begins, begins[1:], strict=False)), length]
        axes.append(
            [(b, cuts[i] - b, cuts[i + 1] - b, -b, length - b) for i, b in enumerate(begins)]
        )
    return [
        (t[0], l[0], t[1], l[1], t[2], l[2], t[3], l[3], t[4], l[4])
        for t in axes[0]
        for l in axes[1]  # noqa: E741
    ]


def begin_pixels(net, config):
    for critic in net.partners.values():
        critic.trainable = False
    net.rule = lambda model, x, y, outputs, training: pixel_loss(config, y, outputs)
    compiled(net, config)


def pixel_loss(config, targets, outputs):
    error = outputs["image"] - keras.ops.cast(targets["image"], "float32") / 255.0
    return keras.ops.mean(
        keras.ops.abs(error) if config.pixel_loss == "l1" else keras.ops.square(error)
    )


def compiled(net, config):
    optimization.compile(
        net,
        config,
    )
