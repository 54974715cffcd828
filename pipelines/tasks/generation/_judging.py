"""How pictures that were made are judged: on which features, by which small classifier, compared with what."""

from collections.abc import Callable, Mapping

import numpy as np

from pipelines.edge import generation as edge
from pipelines.errors import PipelineError
from pipelines.formats.examples import Examples
from pipelines.metrics import copies, frechet, made_pictures
from pipelines.models import class_judge, picture_features
from pipelines.tasks import generation

NAME, JUDGE, TRAINING = "features", "judge", "training_pixels"  # of what is learned
RARE = 0.001  # of honest models so many, at most, are told that they copy
SCARCE = 0.2  # of its share of the real pictures, below which a class is hardly made
ALIKE = 0.3  # of the real pictures' spread, below which all that is made is much alike
AT_ONCE = 256  # pictures that are read before they are reduced
FEWEST = 10  # pictures of which fewer do not say that


def learned(examples: Examples, config) -> dict:
    """{"features": [name]}, the "judge" if there are two classes or more, and "training_pixels".

    examples: of training. config: with the side and the channels of pictures. Raises PipelineError
    if the judge's features are wanted of pictures without classes.
    """
    shown, labels = _sample(examples, config)
    known = labels >= 0
    found: dict = {TRAINING: np.round(class_judge.reduced(shown) * 255).astype(np.uint8)}
    if len(set(labels[known])) > 1:
        found[JUDGE] = class_judge.written(
            class_judge.found(shown[known], labels[known], config.seed)
        )
    elif config.features == "classes":
        raise PipelineError(
            "features=classes needs pictures of two classes or more, with labels. Set"
            f" features={' or '.join(picture_features.CHOICES)}."
        )
    best = "classes" if JUDGE in found else picture_features.best()
    return found | {NAME: [best if config.features == "auto" else config.features]}


def _sample(examples: Examples, config) -> tuple[np.ndarray, np.ndarray]:
    """Up to `class_judge.MOST` pictures, spread evenly: (float64 (N, s, s, C) in [0, 1], class ids).

    They are what the net gets, black or white with a threshold, and then reduced, as the judge sees
    them; AT_ONCE of them at a time, so that large pictures do not fill the memory.
    """
    count = min(len(examples), class_judge.MOST)
    rows = np.linspace(0, len(examples) - 1, count).astype(int)
    manifest = {"config": generation.squares(config), "learned": config.learned}
    sources = examples.columns["image"]
    labels = examples.columns.get("label", [-1] * len(examples))
    side = min(config.image_size, class_judge.SIDE)
    found = []
    for begin in range(0, count, AT_ONCE):
        own = rows[begin : begin + AT_ONCE]
        shown = np.stack([edge.taken(sources[i], manifest) for i in own])
        found.append(class_judge.reduced(shown.astype(np.float32) / 255))
    small = np.concatenate(found).reshape(count, side, side, -1)
    return small, np.asarray([labels[i] for i in rows])


def features(config) -> Callable:
    """Pictures (B, S, S, C) in [0, 1] -> (B, F), by the name that training has learned."""
    (name,) = config.learned[NAME]
    if name == "classes":
        return class_judge.read(config.learned[JUDGE]).features
    return picture_features.named(name)


def metric(config) -> made_pictures.MadePictures:
    """The metric of what a run has learned; a bundle, which has no training pictures, finds no copies."""
    training, lines = config.learned.get(TRAINING), config.learned.get(JUDGE)
    return made_pictures.MadePictures(
        features(config),
        class_judge.reduced,
        None if training is None else training / 255.0,
        class_judge.read(lines).classes if lines else None,
        config.learned.get("classes", ()),
    )


def floor(part, config) -> float:
    """The distance of pictures whose pixels do not know of each other, each as in the part."""
    real = np.concatenate([targets["image"] for _, targets in part.batches()])
    mixed = np.random.default_rng(0).permuted(real, axis=0)
    seen = features(config)
    return frechet.distance(*(np.asarray(seen(x), np.float64) for x in (real, mixed)))


def doubts(result: Mapping) -> list[str]:
    """Whether what was made is always much the same, lacks classes, or is copied, as sentences."""
    return [*_alike(result), *_lacking(result), *_copied(result)]


def _alike(result: Mapping) -> list[str]:
    spread = result.get("spread", 1.0)
    if spread >= ALIKE or result["frechet_pictures"] < FEWEST:
        return []
    return [
        f"Mode collapse: two pictures that are made differ by {spread:.2f} of what two real ones do."
    ]


def _lacking(result: Mapping) -> list[str]:
    if result.get("rarest_class", 1.0) >= SCARCE:
        return []
    rare = [
        f"{name} ({row['share']:.1%} of what is made, {row['real_share']:.1%} of real pictures)"
        for name, row in result.get("per_class", {}).items()
        if row["support"] >= made_pictures.KNOWN and row["share"] < SCARCE * row["real_share"]
    ]
    return [f"Mode collapse: hardly any picture is made of {', '.join(rare) or 'some class'}."]


def _copied(result: Mapping) -> list[str]:
    share = result.get("copied_share", 0.0)
    count = int(min(result.get("frechet_pictures", 0), made_pictures.MOST))
    if share <= copies.COPIED * copies.SHARE or copies.chance(share, count) > RARE:
        return []
    return [
        f"{share:.0%} of what is made is as near to a training picture as the nearest"
        f" {copies.SHARE:.0%} of real pictures are: it may be copied."
    ]
