"""Unpaired translation by CycleGAN: pictures of one domain redrawn as those of another, and back."""

import collections
import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from etils import epy

from pipelines.config import Config as Shared
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.edge import pictures
    from pipelines.losses import adversarial as losses
    from pipelines.metrics import translation as metric
    from pipelines.models import adversarial, critics, perceptual, pool, pretrained, translation
    from pipelines.ops import images

DATA = "photo_looks"
LABELS = "domain"  # the feature whose names are the two domains
FORMATS = (
    "saved_model",
    "float32",
    "float16",
    "dynamic",
)  # int8 loses most in instance norm: on request
OTHER = {"a": "b", "b": "a"}


@dataclass(frozen=True, kw_only=True)
class Config(Shared):
    """The shared settings and translation's own."""

    epochs: int = setting(200, "passes over the larger training domain", "epochs", low=1)
    batch_size: int = setting(1, "pictures of each domain per step", "examples", low=1)
    optimizer: str = setting(
        "adam", "update rule", choices=("adamw", "adam", "sgd", "rmsprop", "lion")
    )
    learning_rate: float = setting(2e-4, "peak learning rate", low=0.0, high=10.0)
    schedule: str = setting(
        "linear",
        "learning rate after the warm-up; linear is constant and then falls straight",
        choices=("constant", "step", "exponential", "cosine", "linear"),
    )
    warmup_epochs: float = setting(0.0, "linear rise from zero to the peak", "epochs", low=0.0)
    beta: float = setting(0.5, "decay of the mean gradient in adam and adamw", low=0.0, high=0.9999)
    monitor: str = setting(
        "val_frechet_distance",
        "what decides which epoch is kept: val_loss or val_ and a metric's name",
    )
    image_size: int = setting(
        128,
        "side to which pictures are resized, and of the files' input",
        "px",
        low=32,
        high=1024,
        multiple_of=4,
    )
    patch: int = setting(
        0, "side of the random patch that training looks at; 0 is 7/8 of image_size", "px", low=0, high=1024,
        multiple_of=4,
    )  # fmt: skip
    flip: bool = setting(True, "mirror patches left to right at random")
    turn: bool = setting(False, "turn patches by 90, 180 or 270 degrees at random")
    width: int = setting(64, "channels of the generators' first layer", "channels", low=1, high=256)
    blocks: int = setting(
        0,
        "residual blocks of a generator; 0 takes 6 up to an image_size of 128, and 9 above",
        "blocks",
        low=0,
        high=32,
    )
    critic_width: int = setting(
        64, "channels of the critics' first layer", "channels", low=1, high=256
    )
    adversarial: str = setting(
        "least_squares",
        "what generators and critics play for",
        choices=("plain", "relativistic", "least_squares"),
    )
    cycle_weight: float = setting(10.0, "factor of the cycle loss", low=0.0)
    identity_weight: float = setting(
        0.5,
        "factor of the identity loss, as a share of cycle_weight; 0 leaves it out, which saves a"
        " third",
        low=0.0,
    )
    pool: int = setting(
        50, "past fakes that critics see half of the time; 0 is none", "pictures", low=0, high=1000
    )
    pairs: str = setting(
        "auto",
        "whether pictures of validation and test come in pairs, by their names; auto: where all do"
        " and sizes agree",
        choices=("auto", "on", "off"),
    )
    features: str = setting(
        "auto",
        "features of the Frechet distance; auto takes the pretrained net where it is installed",
        choices=("auto", "efficientnet_lite0", "pixels"),
    )
    direction: str = setting(
        "both",
        "what a bundle does; `export` makes one for each direction",
        choices=("both", "a_to_b", "b_to_a"),
    )

    def __post_init__(self):
        super().__post_init__()
        if self.patch > self.image_size:
            raise PipelineError(
                f"patch must be at most image_size {self.image_size}; got {self.patch}."
            )
        if 0 < self.pool < self.batch_size:
            raise PipelineError(f"pool must hold a batch of {self.batch_size}; got {self.pool}.")


def adapt(data, config):
    """Data of two classes as two domains; a Problem for what cannot be, or is not as it seems.

    Columns: `image`, `domain`, 0 or 1, and `pair`, a number that the two pictures of a pair share,
        -1 without.
    """
    if LABELS in data.labels:
        return data
    names = data.labels.get("label", ())
    if len(names) != 2:
        found = ", ".join(names) if names else "no classes"
        raise PipelineError(
            f"{data.source} must have two domains; it has {found}. Put the pictures into trainA/"
            " and trainB/, or into two folders side by side."
        )
    config, splits, problems = config or Config(), {}, list(data.problems)
    for split, examples in data.splits.items():
        domains = [int(label) for label in examples.columns["label"]]
        counts = collections.Counter(domains)
        if split == "train" and len(counts) < 2:
            lacking = names[1 if counts[0] else 0]
            problems.append(
                Problem(
                    "error", "empty-split", split, f"there is no picture of {lacking}. Add some."
                )
            )
        elif len(examples) and len(counts) < 2:
            message = (
                f"all pictures are of {names[next(iter(counts))]}: this split cannot be used. Add"
                " the other's."
            )
            problems.append(Problem("warning", "one-domain", split, message))
        pairs = [-1] * len(examples)
        if split != "train" and config.pairs != "off":
            pairs = _pairs(examples, domains, config.pairs == "on")
            if max(pairs, default=-1) >= 0:
                message = (
                    f"{max(pairs) + 1} pairs by their names. Set pairs=off if they do not belong"
                    " together."
                )
                problems.append(Problem("note", "pairs", split, message))
        columns = {"image": examples.columns["image"], "domain": domains, "pair": pairs}
        splits[split] = replace(examples, columns=columns, pictures=("image",), masks={})
        problems += _sizes(examples, split, config)
    return replace(data, splits=splits, labels={LABELS: list(names)}, problems=problems)


def _pairs(examples, domains, some):
    """The number of each example's pair, or -1. some: not all need to have one, and sizes may differ."""
    keys = [re.sub(r"[_-]?[abAB]$", "", Path(name).stem) for name in examples.names]
    both = [{k: i for i, k in enumerate(keys) if domains[i] == domain} for domain in (0, 1)]
    shared = sorted(set(both[0]) & set(both[1]))
    if not some:
        if len(shared) * 2 != len(keys):
            return [-1] * len(keys)
        for key in shared:
            if len({_size(examples.columns["image"][part[key]]) for part in both}) > 1:
                return [-1] * len(keys)
    number = {key: i for i, key in enumerate(shared)}
    return [
        number.get(key, -1) if both[domains[i]].get(key) == i else -1 for i, key in enumerate(keys)
    ]


def _size(source):
    try:
        return pictures.size(source)
    except Exception:  # the audit reads it again, and says what is wrong
        return None


def _sizes(examples, split, config):
    """What resizing does to pictures, counted."""
    found = [(size, where) for source, where in zip(examples.columns["image"], examples.where, strict=True)
             if (size := _size(source))]  # fmt: skip
    small = [where for size, where in found if min(size) < config.image_size]
    if small:
        message = (
            f"{len(small)} pictures are below image_size {config.image_size} px, and are enlarged:"
            f" {small[0]}."
        )
        yield Problem("warning", "too-small", split, message)
    uneven = [where for size, where in found if size[0] != size[1]]
    if uneven:
        message = f"{len(uneven)} pictures are not square, and are stretched: {uneven[0]}."
        yield Problem("note", "stretched", split, message)


def resolve(config, data):
    """`features` as found on this machine; `patch` and `blocks` that follow from the size."""
    if config.direction != "both":
        raise PipelineError(
            f"direction must be both in training; got {config.direction}. Export makes both"
            " bundles."
        )
    config = config.replace(
        patch=config.patch or max(32, config.image_size * 7 // 32 * 4),
        blocks=config.blocks or _blocks(config),
    )
    if config.features != "auto":
        return config
    source = pretrained.EFFICIENTNET_LITE0
    return config.replace(features=source.name if source.installed() else "pixels")


def _blocks(config):
    return 6 if config.image_size <= 128 else 9


def expand(examples, config):
    """Examples -> rows of a picture of each domain: columns `a`, `b`, `index`, their numbers, and
    `paired`.

    Pairs stand together. Else the domain with fewer pictures comes again and again, in an order of
    its own, so that what stands together follows from no order of files. No row where a domain is
    missing.
    """
    domains, pairs = (examples.columns[name] for name in ("domain", "pair"))
    own = [[i for i, domain in enumerate(domains) if domain == d] for d in (0, 1)]
    rows = [(i, j, 1) for i in own[0] for j in own[1] if pairs[i] == pairs[j] >= 0]
    if not rows and all(own):
        own[1].sort(
            key=lambda i: hashlib.sha256(
                examples.names[i].encode("utf-8", "surrogateescape")
            ).digest()
        )
        count = max(map(len, own))
        rows = [(own[0][k % len(own[0])], own[1][k % len(own[1])], 0) for k in range(count)]
    found, source = examples.take(i for i, _, _ in rows), examples.columns["image"]
    columns = {
        "a": [source[i] for i, _, _ in rows],
        "b": [source[j] for _, j, _ in rows],
        "index": [[i, j] for i, j, _ in rows],
        "paired": [paired for _, _, paired in rows],
    }
    names = [f"{examples.names[i]}, {examples.names[j]}" for i, j, _ in rows]
    return replace(found, names=names, columns=columns, pictures=("a", "b"))


def parse(example, config):
    """{"a", "b": uint8 (H, W, 3), "index", "paired"} -> ({"a", "b": uint8 (S, S, 3)}, targets).

    targets: the same pictures, `index` int32 (2,), and `paired`, 1 where the two belong together.
        In a bundle, which
    has one direction, the input is {"image": uint8 (S, S, 3)}.
    """
    both = {name: images.resize(example[name], config.image_size) for name in ("a", "b")}
    index = tf.ensure_shape(tf.cast(example["index"], tf.int32), (2,))
    inputs = both if config.direction == "both" else {"image": both[config.direction[0]]}
    return inputs, {**both, "index": index, "paired": tf.cast(example["paired"], tf.int32)}


def augment(inputs, targets, seed, progress, config):
    """Random patches of each domain, mirrored and turned on their own. seed: int (2,); progress in [0, 1)."""
    patch, made = config.patch or config.image_size, {}
    for name, own in zip(("a", "b"), images.split_seed(seed, 2), strict=True):
        seeds, picture = images.split_seed(own, 3), inputs[name]
        begin = tf.random.stateless_uniform(
            (picture.shape[0], 2), seeds[0], 0, config.image_size - patch + 1, tf.int32
        )
        picture = images.cut(picture, begin, patch)
        if config.flip:
            picture = images.random_flip(picture, seeds[1])
        if config.turn:
            picture = images.random_turn(picture, seeds[2])
        made[name] = picture
    return made, {**targets, **made}


def model(config):
    """{"a", "b": uint8 (B, S, S, 3)} -> {"to_b", "to_a", "back_a", "back_b": (B, S, S, 3) in [-1,
    1]}, compiled.

    S: any multiple of 4. The layers `a_to_b` and `b_to_a` are the generators.
    """
    side = config.image_size
    inputs = {name: keras.Input((side, side, 3), dtype="uint8", name=name) for name in ("a", "b")}
    blocks = config.blocks or _blocks(config)
    there, back = (
        translation.generator(config.width, blocks, name=name) for name in ("a_to_b", "b_to_a")
    )
    scale = keras.layers.Rescaling(1 / 127.5, -1, name="scaled")
    to_b, to_a = there(scale(inputs["a"])), back(scale(inputs["b"]))
    outputs = {"to_b": to_b, "to_a": to_a, "back_a": back(to_b), "back_b": there(to_a)}
    net = adversarial.Adversarial(inputs, outputs, name="cyclegan")
    net.input_spec = {
        name: keras.InputSpec(shape=(None, None, None, 3)) for name in inputs
    }  # patches, or all of it
    partners = {
        f"critic_{d}": critics.patch_critic(config.critic_width, name=f"critic_{d}") for d in OTHER
    }
    if config.pool:
        patch = config.patch or side
        partners |= {
            f"pool_{d}": pool.Pool(config.pool, patch, config.seed, name=f"pool_{d}") for d in OTHER
        }
    net.attach(partners)
    net.rule = lambda net, x, y, outputs, training: _loss(config, net, x, outputs, training)
    net.compile(
        optimizer=optimization.optimizer(
            config, **({"beta_1": config.beta} if "adam" in config.optimizer else {})
        ),
        jit_compile={"auto": "auto", "on": True, "off": False}[config.jit_compile],
    )
    return net


def _loss(config, net, inputs, outputs, training):
    """Zhu et al. 2017, eqs. 1 to 3, with the losses of section 4, and the identity loss of section 5.2."""
    say, total = adversarial.said, 0.0
    real = {d: keras.ops.cast(inputs[d], "float32") / 127.5 - 1 for d in OTHER}
    for domain, other in OTHER.items():
        critic, fake, kind = (
            net.partners[f"critic_{domain}"],
            outputs[f"to_{domain}"],
            config.adversarial,
        )
        weights = adversarial.taken(critic)
        fixed = adversarial.stopped(weights)
        against = say(critic, fixed, real[domain]) if kind == "relativistic" else None
        total += losses.generator(kind, say(critic, fixed, fake), against)
        total += config.cycle_weight * _apart(outputs[f"back_{domain}"], real[domain])
        if config.identity_weight:
            same = net.get_layer(f"{other}_to_{domain}")(real[domain], training=training)
            total += config.identity_weight * config.cycle_weight * _apart(same, real[domain])
        shown = keras.ops.stop_gradient(fake)
        if config.pool and training:
            shown = net.partners[f"pool_{domain}"](shown)
        total += losses.critic(
            kind, say(critic, weights, shown), say(critic, weights, real[domain])
        )
    return total


def _apart(x, y):
    return keras.ops.mean(keras.ops.abs(x - y))


def decode(outputs, config):
    """-> the same names, (B, S, S, 3) in [0, 1]."""
    return {name: keras.ops.clip((x + 1) / 2, 0.0, 1.0) for name, x in outputs.items()}


def bundles(model, config):
    """{direction: (its generator, on uint8 pictures under the name `image`, and its config)}."""
    side, made = config.image_size, {}
    for direction in ("a_to_b", "b_to_a"):
        image = keras.Input((side, side, 3), dtype="uint8", name="image")
        x = model.get_layer(direction)(keras.layers.Rescaling(1 / 127.5, -1)(image))
        made[direction] = (
            keras.Model({"image": image}, {f"to_{direction[-1]}": x}, name=direction),
            config.replace(direction=direction),
        )
    return made


def metrics(config):
    """In training cycle_error comes first; a bundle, which knows one direction, is judged by relative_distance."""
    if config.direction == "both":
        return [metric.Cycle(), metric.Frechet(_features(config)), metric.Pairs()]
    domains = (config.direction[-1],)
    return [metric.Frechet(_features(config), domains), metric.Pairs(domains)]


def _features(config):
    if config.features == "efficientnet_lite0":
        net = pretrained.efficientnet_lite0()
        return lambda x: keras.ops.mean(net(perceptual.scaled(x), training=False), (1, 2))
    return lambda x: keras.ops.reshape(
        keras.ops.image.resize(x, (8, 8), antialias=True), (len(x), -1)
    )


def draw(inputs, decoded, config, targets=None):
    """A row for each domain: the picture, translated, and back; where they are a pair, the true one is the other's."""
    if config.direction != "both":
        return canvas.grid(
            [np.asarray(inputs["image"]), *(metric.bytes_of(x) for x in decoded.values())], 2
        )
    shown = []
    for domain, other in OTHER.items():
        answers = (metric.bytes_of(decoded[name]) for name in (f"to_{other}", f"back_{domain}"))
        shown += [np.asarray(inputs[domain]), *answers]
    names = config.labels or ("A", "B")
    lines = [f"{a}, as {b}, and back" for a, b in (names, names[::-1])]
    if targets is not None and targets["paired"]:
        lines.append("the two are a pair")
    return canvas.captioned(canvas.grid(shown, 3), lines)
