"""One picture whose pixels are optimised, until it shows the one and is painted as the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import Phase
from pipelines.tasks import style_transfer

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines.metrics import super_resolution as shown_as
    from pipelines.models import painting, update
    from pipelines.tasks.style_transfer import _content, _pictures

DECAY, EVERY = 0.8, 50  # of the learning rate, and after how many steps
REASON = (
    "gatys makes one picture and learns nothing of others: it is in sketches/ of the run, and"
    " `pipelines predict` gives it; fast_style trains a net that can be exported"
)
KINDS = ("saved_model", "float32", "float16", "dynamic", "int8")


@dataclass(frozen=True, kw_only=True)
class _Config(style_transfer.StyleConfig, settings.SteppedConfig):
    """The settings of style transfer, and those of a training by steps of its own."""

    batch_size: ClassVar[int] = 1
    epochs: int = setting(
        10, "parts of the training, each with a picture to look at", "epochs", low=1
    )
    steps_per_epoch: int = setting(15, "changes of the picture per epoch", "steps", low=1)
    monitor: str = setting("val_style_loss", "what decides which epoch is kept")
    keep: str = setting(
        "last",
        "picture kept: of the best epoch by `monitor`, or the last",
        choices=("best", "last"),
    )
    style_weight: float = setting(30.0, "factor of the style loss", low=0.0)
    variation_weight: float = setting(
        5.0, "factor of the mean difference of neighbouring pixels", low=0.0
    )
    learning_rate: float = setting(
        0.024, "rate of Adam at first, in shares of white", low=0.0, high=10.0
    )
    noise: float = setting(
        0.03, "deviation of the noise that is added to the picture at first", low=0.0, high=1.0
    )
    image_size: int = setting(256, "longer side of the picture", "px", low=32, high=2048)


class Gatys(style_transfer.StyleTransfer):
    """Adam on the pixels, which begin as the picture with some noise."""

    Config = _Config
    data = "chelsea"
    paper = "Gatys et al. 2015"
    files = ()

    def source(self, data, config):
        """The picture to paint. Raises PipelineError if it is none, or not the one that was painted."""
        if config is None:
            return super().source(data, config)
        named = self.data if data in (None, "") else data
        if not isinstance(named, (str, Path)) or Path(named).is_dir():
            raise PipelineError(
                f"gatys paints one picture, and {named!s:.60} is none. Name a file with --data, or"
                " train fast_style, which learns from a folder of pictures."
            )
        shown = (
            named if str(named) in _pictures.BUNDLED else str(Path(named).expanduser().absolute())
        )
        kept = config.learned.get("content")
        if kept is None or _pictures.is_picture(named):
            read = _pictures.content(named, config.image_size)
            if kept is not None and not np.array_equal(read, kept):
                raise PipelineError(
                    f"{named} is not the picture that this run paints. Train gatys again with it."
                )
            kept = read
        return _content.Content(shown, kept, _pictures.style(config))

    def learn(self, examples, config):
        """Both pictures, so that a run does not need their files again."""
        return {"content": examples.content, "style": examples.style}

    def evaluate(self, answer, part, config):
        """Style and content loss of the picture as it is."""
        inputs, _ = part.sample(1)
        painted = np.asarray(answer(inputs)["image"], np.float32)
        found = self._judge(config)(painted, inputs["image"].astype(np.float32) / 255)
        return {name: float(keras.ops.convert_to_numpy(v)[0]) for name, v in found.items()}

    def model(self, config):
        """{"image": uint8 (B, H, W, 3)} -> {"image": the picture, "apart"}; see `models.painting`."""
        content = config.learned.get("content")
        if content is None:
            content = _pictures.content(self.data, config.image_size)
        net = painting.model(*content.shape[:2])
        net.get_layer(painting.NAME).begin(content, config.noise, config.seed)
        return net

    def phases(self, config):
        """One, whose steps change the picture."""
        trainer = _Trainer(config, self._judge)
        own = {"begin": trainer.begin, "steps": trainer.steps, "memory": trainer.memory}
        return [Phase("paint", config, **own)]

    def sketch(self, answer, part, config):
        """The picture so far."""
        inputs, _ = part.sample(1)
        return shown_as.bytes_of(answer(inputs)["image"][0])

    def unsupported(self, config):
        """Nothing can be exported."""
        return dict.fromkeys(KINDS, REASON)


class _Trainer:
    """The parts of a `Phase`."""

    def __init__(self, config, judge_of):
        self._config, self._judge_of, self._update = config, judge_of, None

    def begin(self, net):
        """Makes the update of the picture."""
        judge = self._judge_of(self._config)

        def loss(own, batch, outputs):
            shown = keras.ops.cast(batch["image"], "float32") / 255
            return judge.loss(outputs["image"], shown, self._config)

        optimizer = keras.optimizers.Adam(self._config.learning_rate)
        self._update = update.ready(update.Update(net, loss), optimizer)

    def memory(self):
        return list(self._update.optimizer.variables)

    def steps(self, net, source, first_step):
        """One `Phase.steps`: a change of the picture each."""
        run, step = update.runner(self._update), first_step
        batch = {"image": source.content[None, None]}
        while True:
            rate = self._config.learning_rate * DECAY ** (step // EVERY)
            self._update.optimizer.learning_rate.assign(rate)
            step += 1
            yield {"loss": run(batch)}
