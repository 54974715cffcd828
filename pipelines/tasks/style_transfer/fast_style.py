"""A net that paints any picture in one style, at once."""

from dataclasses import dataclass, replace

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import Problem
from pipelines.tasks import style_transfer

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.edge import pictures
    from pipelines.metrics import style as metric
    from pipelines.metrics import super_resolution as shown_as
    from pipelines.models import adversarial, redrawing
    from pipelines.ops import images
    from pipelines.tasks.style_transfer import _pictures

LEAST = 16  # px of a training picture: less is blurred when it is enlarged
SKETCHED, COLUMNS = 4, 2  # pictures after an epoch, and in a row


@dataclass(frozen=True, kw_only=True)
class _Config(style_transfer.StyleConfig, settings.Config):
    """The settings of style transfer, and those of a net that is trained for a style."""

    epochs: int = setting(20, "passes over the training split", "epochs", low=1)
    batch_size: int = setting(2, "patches per step", "examples", low=1)
    optimizer: str = setting(
        "adam", "update rule", choices=("adamw", "adam", "sgd", "rmsprop", "lion")
    )
    learning_rate: float = setting(2e-3, "peak learning rate", low=0.0, high=10.0)
    image_size: int = setting(
        256, "longer side at which pictures are painted", "px", low=32, high=1024, multiple_of=4
    )
    patch: int = setting(
        128, "side of the patch that training looks at", "px", low=16, high=1024, multiple_of=4
    )
    patches: int = setting(
        16, "random patches of each training picture in an epoch", "patches", low=1, high=10_000
    )
    flip: bool = setting(True, "mirror patches left to right at random")
    width: int = setting(
        16, "channels of the net's first layer (Johnson: 32)", "channels", low=1, high=256
    )
    blocks: int = setting(3, "residual blocks (Johnson: 5)", "blocks", low=0, high=32)

    def __post_init__(self):
        super().__post_init__()
        if self.patch > self.image_size:
            raise PipelineError(
                f"patch must be at most image_size {self.image_size}; got {self.patch}."
            )


class FastStyle(style_transfer.StyleTransfer):
    """A residual net with instance normalisation, trained by the losses alone."""

    Config = _Config
    paper = "Johnson et al. 2016; Ulyanov et al. 2016"
    # int8 loses most in instance norm: on request.
    files = ("saved_model", "float32", "float16", "dynamic")

    def source(self, data, config):
        """None: it learns from a data set. Raises PipelineError for a single picture, and, before
        the data is read, for a style that is none."""
        if config is None:
            return super().source(data, config)
        if _pictures.is_picture(data):
            raise PipelineError(
                f"fast_style learns from a folder of pictures, and {data} is one. Name a folder, or"
                " train gatys, which paints one picture."
            )
        _pictures.style(config)
        return None

    def adapt(self, data, config):
        """Data with `image` and how many patches an epoch takes of it: 1 where nothing is learned."""
        splits, problems = {}, list(data.problems)
        for split, examples in data.splits.items():
            count = config.patches if split == "train" else 1
            columns = {"image": examples.columns["image"], "patches": [count] * len(examples)}
            splits[split] = replace(examples, columns=columns, pictures=("image",), masks={})
            if "patches" not in examples.columns:
                problems += _small(examples)
        return replace(data, splits=splits, labels={}, problems=problems)

    def expand(self, examples, config):
        """A row for each patch."""
        counts = examples.columns["patches"]
        return examples.take([i for i, count in enumerate(counts) for _ in range(count)])

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3)} -> ({"image": uint8 (S, S, 3)}, the same)."""
        image = images.fitted(example["image"], config.image_size)
        return {"image": image}, {"image": image}

    def augment(self, inputs, targets, seed, progress, config):
        """Random patches, mirrored by an even chance. seed: int (2,); progress in [0, 1)."""
        image, seeds = inputs["image"], images.split_seed(seed, 2)
        last = config.image_size - config.patch + 1
        begin = tf.random.stateless_uniform((image.shape[0], 2), seeds[0], 0, last, tf.int32)
        image = images.cut(image, begin, config.patch)
        if config.flip:
            image = images.random_flip(image, seeds[1])
        return {"image": image}, {"image": image}

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"image": (B, S, S, 3) in [0, 1]}, compiled.

        S: any multiple of 4.
        """
        side = config.image_size
        given = keras.Input((side, side, 3), dtype="uint8", name="image")
        paint = redrawing.generator(config.width, config.blocks, "painter", enlarge="nearest")
        x = paint(keras.layers.Rescaling(1 / 127.5, -1, name="scaled")(given))
        x = keras.layers.Rescaling(0.5, 0.5, dtype="float32", name="styled")(x)
        net = adversarial.Adversarial({"image": given}, {"image": x}, name="fast_style").attach({})
        # Patches in training, whole pictures elsewhere.
        net.input_spec = {"image": keras.InputSpec(shape=(None, None, None, 3))}
        judge = self._judge(config)

        def rule(model, x, y, outputs, training):
            shown = keras.ops.cast(y["image"], "float32") / 255
            return judge.loss(outputs["image"], shown, config)

        net.rule = rule
        optimization.compile(net, config)
        return net

    def decode(self, outputs, config):
        """-> {"image": (B, S, S, 3) in [0, 1]}."""
        return {"image": keras.ops.clip(outputs["image"], 0.0, 1.0)}

    def metrics(self, config):
        """Style loss, by which exported files are judged, and content loss."""
        return [metric.StyleLosses(self._judge(config))]

    def sketch(self, answer, part, config):
        """Pictures of validation, painted."""
        inputs, _ = part.sample(SKETCHED)
        return canvas.grid(map(shown_as.bytes_of, answer(inputs)["image"]), COLUMNS)


def _small(examples):
    """A Problem for each picture that is too small to be painted."""
    for i, source in enumerate(examples.columns["image"]):
        try:
            height, width = pictures.size(source)
        except Exception:  # the audit reads it again, and says what is wrong
            continue
        if min(height, width) < LEAST:
            message = (
                f"the picture has {width} x {height} px; {LEAST} are the least on either side."
                " Leave it out."
            )
            where, name = examples.where[i], examples.names[i]
            yield Problem("error", "too-small", where, message, name)
