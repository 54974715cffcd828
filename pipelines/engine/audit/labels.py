"""What is wrong with classes and splits: the part of the audit that counts examples."""

import collections
from collections.abc import Iterator

import numpy as np

from pipelines.engine.audit.facts import Example, Facts, each, features, listed, over, rows, splits
from pipelines.formats.examples import SPLITS, UNLABELLED, Examples, Problem

FEW = 5  # examples of a class in training
IMBALANCE = 10.0  # most common class to least common
LISTED = 10  # class names in one message


def unseen(facts: Facts) -> Iterator[tuple[str, str]]:
    """(name of an example outside of train, class of it that train lacks)."""
    trained = facts.counts.get("train", {})
    for example in _judged(facts):
        for label in facts.labels[example.split][example.row]:
            if label not in trained:
                yield example.name, label


def empty_split(split: str, facts: Facts) -> Iterator[Problem]:
    if not len(facts.data.splits.get(split, ())):
        severity = "error" if split == "train" else "warning"
        message = f"there is no example in {split}. Add some."
        if split == "train" and any(examples.is_cut for _, examples in splits(facts.data)):
            message = (
                "there is no example in train: there are so few that chance put all into the other"
                " splits. Add some, or put them into splits of your own."
            )
        yield Problem(severity, "empty-split", split, message)


def small_splits(part: tuple[str, Examples], facts: Facts) -> Iterator[Problem]:
    """A split of the data's own that says little of the model: a file may have been cut off."""
    split, examples = part
    count = len(examples)
    if 0 < count < FEW and not examples.is_cut:
        message = (
            f"{split} has only {count} example{'s' * (count > 1)}: a score on so few is chance. If"
            " some are lost, restore them; without this split one is cut out of train."
        )
        yield Problem("warning" if count == 1 else "note", "few-examples", split, message)


def cut_splits(facts: Facts) -> Iterator[Problem]:
    """Splits that were cut out of train though the data has others: a file may be lost."""
    found = dict(splits(facts.data))
    given = [split for split, examples in found.items() if not examples.is_cut]
    for split, examples in found.items():
        if examples.is_cut and len(given) > 1:
            message = (
                f"the data has {' and '.join(given)} and no {split}, so {len(examples):,} examples"
                " of train are taken. If a file or folder is lost, restore it."
            )
            yield Problem("warning" if split == "test" else "note", "cut-split", split, message)


def unknown_labels(feature: str, facts: Facts) -> Iterator[Problem]:
    """Ids of one feature that stand for no class."""
    number = len(facts.data.labels[feature])
    known = _known(feature, facts)
    for example in _with_ids(feature, facts):
        unknown = set(np.unique(example[feature]).tolist()) - known
        if unknown:
            message = (
                f"{feature} {min(unknown)} is none of the {number} classes, 0 to {number - 1}."
            )
            yield example.error("unknown-label", message)


def unlabelled(part: tuple[str, Examples], facts: Facts) -> Iterator[Problem]:
    """Examples of one split that no one has labelled, if they are of use."""
    split, examples = part
    values = examples.columns.get(facts.feature, ())
    count = sum(np.ndim(value) == 0 and value == UNLABELLED for value in values)
    if count and facts.unlabelled:
        message = f"{count:,} of {len(examples):,} examples have no {facts.feature}."
        yield Problem("note", "unlabelled", split, message)


def one_class(facts: Facts) -> Iterator[Problem]:
    """A single class. Of objects one is enough, as the rest of the picture is background."""
    labels = set().union(*facts.counts.values())
    if facts.feature == "label" and len(labels) == 1:
        (label,) = labels
        message = (
            f"every example has the label {label!r}. At least two are needed; if the class folders"
            " lie deeper, pass the folder that holds them."
        )
        yield Problem("error", "one-class", facts.feature, message)


def unseen_classes(facts: Facts) -> Iterator[Problem]:
    """Classes that are tested and never trained."""
    counts = collections.Counter(label for _, label in unseen(facts))
    for label, n in counts.items():
        message = (
            f"{n:,} examples of {label!r} are in other splits and none in train. Move some to"
            " train, or all out."
        )
        yield Problem("error", "unseen-class", label, message)


def rare_classes(facts: Facts) -> Iterator[Problem]:
    for label, n in facts.trained.items():
        if n < FEW:
            message = (
                f"train has only {n} of {label!r}. Add examples until there are {FEW} or more."
            )
            yield Problem("warning", "few-examples", label, message)


def missing_classes(part: tuple[str, Examples], facts: Facts) -> Iterator[Problem]:
    """Classes that are trained and not judged. A split with no label has its own problem."""
    split, _ = part
    found = facts.counts[split]
    missing = [label for label in facts.trained if label not in found] if found else []
    for label in missing:
        message = f"{split} has no example of {label!r}, so this class cannot be evaluated there."
        yield Problem("warning", "missing-class", split, message)


def unused_classes(facts: Facts) -> Iterator[Problem]:
    """Classes that the data names and no example has: the model still gets an output for each."""
    seen = set().union(*facts.counts.values())
    names = facts.data.labels.get(facts.feature, ())
    unused = [str(label) for label in names if label not in seen]
    if unused and seen:
        message = (
            f"{len(unused)} of {len(names)} classes occur nowhere: {listed(unused, LISTED)}. Take"
            " them out of the list, or add examples."
        )
        yield Problem("warning", "unused-class", facts.feature, message)


def balance(facts: Facts) -> Iterator[Problem]:
    """The most common class against the least. Of tags it says nothing: most words have none."""
    ranked = facts.counts.get("train", collections.Counter()).most_common()
    if len(ranked) < 2 or "tokens" in facts.data.splits["train"].columns:
        return
    (common, most), (rare, least) = ranked[0], ranked[-1]
    ratio = (
        f"{common!r} has {most:,} examples in train, {rare!r} {least:,}: {most / least:.1f} to 1."
    )
    yield Problem("note", "balance", "train", ratio)
    if most > IMBALANCE * least:
        message = f"{ratio} Weigh the classes, or add examples of the rare."
        yield Problem("warning", "imbalance", "train", message)


def _parts(facts: Facts) -> list[tuple[str, Examples]]:
    return splits(facts.data)


def _judging_parts(facts: Facts) -> list[tuple[str, Examples]]:
    return [(split, examples) for split, examples in splits(facts.data) if split != "train"]


CHECKS = (
    over(lambda facts: SPLITS, empty_split),
    over(_judging_parts, small_splits),
    cut_splits,
    over(features, unknown_labels),
    over(_parts, unlabelled),
    one_class,
    unseen_classes,
    rare_classes,
    over(_judging_parts, missing_classes),
    unused_classes,
    balance,
)


def _judged(facts: Facts) -> Iterator[Example]:
    """All examples outside of train."""
    for split, examples in _judging_parts(facts):
        yield from rows(split, examples)


def _with_ids(feature: str, facts: Facts) -> Iterator[Example]:
    """The examples that hold class ids of `feature`, rather than a mask."""
    return (e for e in each(facts.data, feature) if feature not in e.examples.masks)


def _known(feature: str, facts: Facts) -> set[int]:
    """The ids that an example may have."""
    known = set(range(len(facts.data.labels[feature])))
    if facts.unlabelled and feature == facts.feature:
        known.add(UNLABELLED)
    return known
