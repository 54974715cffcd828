"""Generation: pictures made anew from a few numbers, and what these numbers are for a picture."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.edge import draws
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.metrics import reconstruction
    from pipelines.ops import images, noise
    from pipelines.tasks.generation import _pictures

SKETCHED, COLUMNS = 32, 8  # pictures after an epoch, and in a row
SALT = 100  # and the next ones keep random numbers of an example apart from others of its hash


@dataclass(frozen=True, kw_only=True)
class PictureConfig:
    """Settings of the pictures: a base of each method's Config, before the shared settings."""

    image_size: int = setting(
        0, "side of the square picture; 0 follows the data, 8 to 64", "px", low=0, high=256
    )
    threshold: float = setting(
        0.0,
        "share of white from which a pixel is 1, and below it 0; 0 keeps all shades",
        low=0.0,
        high=1.0,
    )


@dataclass(frozen=True)
class Maker:
    """The program that makes pictures: its name, and the random numbers that it takes.

    draws: {input: Draw}; none of them is drawn by the file itself. program: of the files, which
    gives {"image": (1, S, S, C) in [0, 1]}. is_conditional: whether it also takes "label", int32
    (1,), an id of `classes`.
    """

    program: str
    draws: Mapping[str, draws.Draw]
    is_conditional: bool = False


class Generation(Method):
    """What every method shares: pictures, random numbers, judging, drawing.

    A method that plugs in gives its Config the bases `PictureConfig` and one of `pipelines.config`,
    and has at hand

    * `channels(config)`: 1 if all training pictures are grey, else 3. Pictures are (S, S, C)
      everywhere: uint8 as inputs, and as targets float32 in [0, 1], 0 or 1 with a `threshold`;
    * `config.learned["classes"]`, names of the classes, absent if the data has none. Targets then
      have "label", int32 (B,), -1 if unknown; inputs have it, too, if `_is_conditional(config)`.

    It may define

    * `_noise(config)`: {name: draws.Draw}, random numbers that the net takes besides the picture
      or (`_takes_pictures = False`) in place of it. `augment` draws them anew in every step; in
      evaluation they follow from the picture, so a file is judged by those of the Keras model;
    * `_maker(config)`: the Maker for `predict --count`, the page and `predict.py`, or None;
    * `programs`: of the fixed names `encode` {"image"} -> {"latent": (1, N)}, `decode` {"latent"}
      -> {"image": (1, S, S, C) in [0, 1]}, or others, such as `sample`, which the Maker names;
    * `decode` and `answer`: {"image": the picture made anew} if the method encodes, {"made": a
      picture made out of random numbers alone} if it makes. `metrics` gets these with the targets,
      as many of one as of the other: what compares `made` with a part is a Keras metric that
      collects both, so validation, evaluation and the proof of each file need nothing else.
    """

    data = "digits"
    features = {"image": Feature("picture"), "label": Feature("label", optional=True)}
    unlabelled = True
    scores = (Score("reconstruction_mse", "lower", tolerance=0.05, relative=True), Score("psnr"))
    page = "generation.md"
    _takes_pictures = True

    def _noise(self, config) -> dict[str, draws.Draw]:
        return {}

    def _maker(self, config) -> Maker | None:
        return None

    def _is_conditional(self, config) -> bool:
        return False

    def default(self, read, settings):
        """A variational one, out of whose random numbers pictures come."""
        return "vae", ""

    def floor(self, part, config):
        """The error of the best constant answer, the mean picture of the part."""
        pictures = np.concatenate([targets["image"] for _, targets in part.batches()])
        return float(np.mean((pictures - pictures.mean(0)) ** 2))

    def adapt(self, data, config):
        """Data with pictures, and classes if each has one. Raises PipelineError without pictures."""
        return _pictures.adapted(data, config.learned.get(_pictures.TABLE, ()))

    def resolve(self, config, data):
        """The pictures' size, if it is not set: a multiple of 4, as MNIST's 28 px are."""
        side = min(64, max(8, round(data.median_side / 4) * 4))
        return config.replace(image_size=config.image_size or side)

    def learn(self, examples, config):
        """Whether the pictures are grey, the names of their classes, and what is done to them."""
        return _pictures.learned(examples)

    def learns(self, config):
        """`grey pictures of 8 x 8 px`, and what is done to them to have them so."""
        kind = "grey" if channels(config) == 1 else "colour"
        notes = config.learned.get("notes", ())
        return "; ".join(
            [f"{kind} pictures of {config.image_size} x {config.image_size} px", *notes]
        )

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3), maybe "label"} -> (inputs, targets); see the class."""
        image = images.resize(example["image"], config.image_size)
        if channels(config) == 1:
            image = images.grey(image)
        if config.threshold:
            image = tf.cast(image >= cut(config), tf.uint8) * 255
        inputs = {"image": image} if self._takes_pictures else {}
        targets = {"image": tf.cast(image, tf.float32) / 255.0}
        for i, (name, own) in enumerate(sorted(self._noise(config).items())):
            inputs[name] = noise.drawn(own, (), noise.hashed(image, SALT + i))
        if "label" in example:
            targets["label"] = tf.cast(example["label"], tf.int32)
        if self._is_conditional(config):
            inputs["label"] = targets["label"]
        return inputs, targets

    def augment(self, inputs, targets, seed, progress, config):
        """New random numbers for each step."""
        made, (count, *_) = dict(inputs), tf.unstack(tf.shape(targets["image"]))
        for i, (name, own) in enumerate(sorted(self._noise(config).items())):
            made[name] = noise.drawn(own, (count,), images.split_seed(seed, i + 1)[i])
        return made, targets

    def device(self, config):
        """How pictures come and go: squeezed, grey or not, made by which program."""
        made = self._maker(config)
        found = {"fit": "stretch", **squares(config)}
        if made is None:
            return found
        maker = {"program": made.program, "draws": draws.plain(made.draws)}
        return found | {"maker": maker, "conditional": made.is_conditional}

    def metrics(self, config):
        """The mean squared error, the first one named, is what an exported file is judged by."""
        return [reconstruction.Reconstruction()]

    def sketch(self, answer, part, config):
        """Pictures out of random numbers, always the same ones, if the method makes any."""
        inputs, _ = part.sample(SKETCHED)
        made = answer(inputs).get("made", ()) if self._maker(config) else ()
        return canvas.grid(map(bytes_of, made), COLUMNS) if len(made) else None

    def draw(self, inputs, decoded, config, targets=None):
        """The picture, what the net got of it if that differs, what became of it, and one made."""
        found = _found(inputs, decoded, targets)
        sheet = canvas.grid([bytes_of(picture) for picture in found.values()], len(found))
        lines = [", ".join(found)]
        if "picture" in found and "image" in decoded:
            error = float(np.mean((found["picture"] - np.asarray(decoded["image"])) ** 2))
            lines.append(f"error {error:.4f}")
        return canvas.captioned(sheet, lines)

    def truth(self, targets, config):
        """The picture alone."""
        return {"picture": targets["image"]}


def _found(inputs, decoded, targets):
    """{caption: picture (S, S, C) in [0, 1]} of what there is."""
    found, true = {}, decoded.get("picture") if targets is None else targets["image"]
    if true is not None:
        found["picture"] = np.asarray(true)
    if "image" in inputs:
        given = np.asarray(inputs["image"]) / 255.0
        if true is None or np.abs(given - found["picture"]).max() > 1 / 255:
            found["as it came"] = given
    named = {"image": "made anew", "made": "made"}
    found |= {named[name]: np.asarray(decoded[name]) for name in named if name in decoded}
    return found


def channels(config) -> int:
    """Of the pictures: 1 if all of training are grey, else 3."""
    return int(config.learned.get("channels", ("3",))[0])


def cut(config) -> int:
    """The lowest of 256 shades that counts as white; 0 if all shades are kept."""
    return math.ceil(config.threshold * 255)


def squares(config) -> dict[str, int]:
    """What pictures become, as `edge.generation.taken` reads it of a manifest."""
    return {"side": config.image_size, "channels": channels(config), "cut": cut(config)}


def shape(config) -> tuple[int, int, int]:
    """(S, S, C) of the pictures."""
    return config.image_size, config.image_size, channels(config)


def size(config) -> int:
    """How many numbers a picture has."""
    return math.prod(shape(config))


def bytes_of(picture) -> "np.ndarray":
    """A picture (S, S, C) in [0, 1] -> uint8 (S, S, 3), as people see it."""
    values = np.clip(np.round(np.asarray(picture) * 255), 0, 255).astype(np.uint8)
    return np.repeat(values, 3 // values.shape[-1], -1)
