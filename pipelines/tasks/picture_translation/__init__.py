"""Picture translation: pictures of one domain redrawn as those of another, and back."""

import collections
import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import Problem
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.edge import pictures
    from pipelines.metrics import picture_translation as metric
    from pipelines.models import picture_features
    from pipelines.ops import images

DOMAIN = "domain"  # the feature whose names are the two domains
OTHER = {"a": "b", "b": "a"}


@dataclass(frozen=True, kw_only=True)
class Config(settings.Config):
    """The shared settings, and those of every method of picture translation."""

    image_size: int = setting(
        128,
        "side to which pictures are resized, and of the files' input",
        "px",
        low=32,
        high=1024,
        multiple_of=4,
    )
    patch: int = setting(
        0,
        "side of the random patch that training looks at; 0 is 7/8 of image_size",
        "px",
        low=0,
        high=1024,
        multiple_of=4,
    )
    flip: bool = setting(True, "mirror patches left to right at random")
    turn: bool = setting(False, "turn patches by 90, 180 or 270 degrees at random")
    pairs: str = setting(
        "auto",
        "whether pictures of validation and test come in pairs, by their names; auto: if all do"
        " and sizes agree",
        choices=("auto", "on", "off"),
    )
    features: str = setting(
        "auto",
        "features of the Frechet distance; auto takes the pretrained net if it is installed",
        choices=("auto", "efficientnet_lite0", "pixels"),
    )

    def __post_init__(self):
        super().__post_init__()
        if self.patch > self.image_size:
            raise PipelineError(
                f"patch must be at most image_size {self.image_size}; got {self.patch}."
            )


class PictureTranslation(Method):
    """What every method shares: two domains side by side, patches, scores, drawing."""

    data = "photo_looks"
    features = {"image": Feature("picture"), DOMAIN: Feature("label")}
    target = DOMAIN
    scores = (
        Score("relative_distance", "lower"),
        Score("frechet_distance", "lower", relative=True),
        Score("frechet_distance_to_a", "lower", relative=True),
        Score("frechet_distance_to_b", "lower", relative=True),
        Score("cycle_error", "lower"),
        Score("mean_iou_to_a"),
        Score("mean_iou_to_b"),
        Score("pixel_accuracy_to_a"),
        Score("pixel_accuracy_to_b"),
        Score("ssim_to_a"),
        Score("ssim_to_b"),
    )
    page = "cyclegan.md"

    def floor(self, part, config):
        """1: the distance between the domains, which pictures that stay as they are have."""
        return 1.0

    def adapt(self, data, config):
        """Data of two classes as two domains; a Problem for what cannot be, or is not as it seems.

        Columns: `image`, `domain`, 0 or 1, and `pair`, a number that the two pictures of a pair
        share,
            -1 without.
        """
        if DOMAIN in data.labels:
            return data
        names = data.labels.get("label", ())
        if len(names) != 2:
            found = ", ".join(names) if names else "no classes"
            raise PipelineError(
                f"{data.source} must have two domains; it has {found}. Put the pictures into"
                " trainA/ and trainB/, or into two folders side by side."
            )
        splits, problems = {}, list(data.problems)
        for split, examples in data.splits.items():
            domains = [int(label) for label in examples.columns["label"]]
            counts = collections.Counter(domains)
            if split == "train" and len(counts) < 2:
                lacking = names[1 if counts[0] else 0]
                problems.append(
                    Problem(
                        "error",
                        "empty-split",
                        split,
                        f"there is no picture of {lacking}. Add some.",
                    )
                )
            elif len(examples) and len(counts) < 2:
                message = (
                    f"all pictures are of {names[next(iter(counts))]}: this split cannot be used."
                    " Add the other's."
                )
                problems.append(Problem("warning", "one-domain", split, message))
            pairs = [-1] * len(examples)
            if split != "train" and config.pairs != "off":
                pairs = _pairs(examples, domains, config.pairs == "on")
                if max(pairs, default=-1) >= 0:
                    message = (
                        f"{max(pairs) + 1} pairs by their names. Set pairs=off if they do not"
                        " belong together."
                    )
                    problems.append(Problem("note", "pairs", split, message))
            columns = {"image": examples.columns["image"], "domain": domains, "pair": pairs}
            splits[split] = replace(examples, columns=columns, pictures=("image",), masks={})
            problems += _sizes(examples, split, config)
        return replace(data, splits=splits, labels={DOMAIN: list(names)}, problems=problems)

    def expand(self, examples, config):
        """Examples -> rows of a picture of each domain: columns `a`, `b`, `index`, their numbers,
        and `paired`.

        Pairs stand together. Else the domain with fewer pictures comes again and again, in an order
        of its own, so that what stands together follows from no order of files. No row where a
        domain is missing.
        """
        rows = _paired(examples) or _side_by_side(examples)
        first, second, paired = zip(*rows, strict=True) if rows else ((), (), ())
        source = examples.columns["image"]
        columns = {
            "a": [source[i] for i in first],
            "b": [source[j] for j in second],
            "index": [[i, j] for i, j, _ in rows],
            "paired": list(paired),
        }
        names = [f"{examples.names[i]}, {examples.names[j]}" for i, j, _ in rows]
        found = examples.take(first)
        return replace(found, names=names, columns=columns, pictures=("a", "b"))

    def parse(self, example, config):
        """{"a", "b": uint8 (H, W, 3), "index", "paired"} -> ({"a", "b": uint8 (S, S, 3)}, targets).

        targets: the same pictures, `index` int32 (2,), and `paired`, 1 where the two belong
        together.
        """
        both = {name: images.resize(example[name], config.image_size) for name in ("a", "b")}
        index = tf.ensure_shape(tf.cast(example["index"], tf.int32), (2,))
        return both, {**both, "index": index, "paired": tf.cast(example["paired"], tf.int32)}

    def augment(self, inputs, targets, seed, progress, config):
        """Random patches of each domain, mirrored and turned on their own. seed: int (2,); progress
        in [0, 1)."""
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

    def device(self, config):
        """A picture is squeezed into the square."""
        return {"fit": "stretch"}

    def metrics(self, config):
        """Frechet distance, cycle error, and what pairs tell if there are any."""
        return [
            metric.Cycle(),
            metric.Frechet(picture_features.named(config.features)),
            metric.Pairs(),
        ]

    def draw(self, inputs, decoded, config, targets=None):
        """A row for each domain: the picture, translated, and back.

        If they are a pair, the true one is the other's.
        """
        shown = []
        for domain, other in OTHER.items():
            answers = (metric.bytes_of(decoded[name]) for name in (f"to_{other}", f"back_{domain}"))
            shown += [np.asarray(inputs[domain]), *answers]
        names = config.labels or ("A", "B")
        lines = [f"{a}, as {b}, and back" for a, b in (names, names[::-1])]
        if targets is not None and targets["paired"]:
            lines.append("the two are a pair")
        return canvas.captioned(canvas.grid(shown, 3), lines)


def _domains(examples):
    """Rows of the first domain, and of the second."""
    domains = np.asarray(examples.columns[DOMAIN])
    return [np.flatnonzero(domains == domain).tolist() for domain in (0, 1)]


def _paired(examples):
    """(row, row, 1) of each pair."""
    own, pairs = _domains(examples), examples.columns["pair"]
    partner = {pairs[j]: j for j in own[1] if pairs[j] >= 0}
    return [(i, partner[pairs[i]], 1) for i in own[0] if pairs[i] in partner]


def _side_by_side(examples):
    """(row, row, 0): all of the larger domain, and the other's again and again, in an order of its
    own."""
    own = _domains(examples)
    if not all(own):
        return []
    own[1].sort(key=lambda i: _digest(examples.names[i]))
    count = max(map(len, own))
    return [(own[0][k % len(own[0])], own[1][k % len(own[1])], 0) for k in range(count)]


def _digest(name):
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()


def _pairs(examples, domains, some):
    """The number of each example's pair, or -1.

    some: not all need to have one, and sizes may differ.
    """
    keys = [re.sub(r"[_-]?[abAB]$", "", Path(name).stem) for name in examples.names]
    both = [{}, {}]
    for i, key in enumerate(keys):
        both[domains[i]][key] = i
    shared = sorted(both[0].keys() & both[1].keys())
    found = np.full(len(keys), -1)
    if not some and (len(shared) * 2 != len(keys) or _differ(examples, both, shared)):
        return found.tolist()
    for part in both:
        found[[part[key] for key in shared]] = np.arange(len(shared))
    return found.tolist()


def _differ(examples, both, shared):
    """Whether the two pictures of some pair have different sizes."""
    source = examples.columns["image"]
    sizes = [[_size(source[part[key]]) for part in both] for key in shared]
    return any(first != second for first, second in sizes)


def _size(source):
    try:
        return pictures.size(source)
    except Exception:  # the audit reads it again, and says what is wrong
        return None


def _sizes(examples, split, config):
    """What resizing does to pictures, counted."""
    known = zip(map(_size, examples.columns["image"]), examples.where, strict=True)
    found = [(size, where) for size, where in known if size]
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
