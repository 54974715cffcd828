"""What is wrong with classes and splits: the part of the audit that counts examples."""

import collections

import numpy as np

from pipelines.formats.examples import SPLITS, UNLABELLED, Problem

FEW = 5  # examples of a class in training
IMBALANCE = 10.0  # most common class to least common


def splits(data):
    """(split, Examples) in the order train, validation, test."""
    return [(split, data.splits[split]) for split in SPLITS if split in data.splits]


def names(data, feature, examples, i):
    """The class names in example `i`, each once. Ids without a name are left to the check `unknown_labels`."""
    if feature not in examples.columns:
        return []
    known = data.labels[feature]
    return [
        known[j] for j in np.unique(examples.columns[feature][i]).tolist() if j in range(len(known))
    ]


def unseen(data, facts):
    """Examples outside of train with classes that train lacks: {name: [class]}."""
    trained = facts.counts.get("train", {})
    found = {}
    for split, examples in splits(data):
        for i, name in enumerate(examples.names if split != "train" else ()):
            if labels := [label for label in facts.labels[split][i] if label not in trained]:
                found[name] = labels
    return found


def empty_splits(data, facts):
    for split in SPLITS:
        if not len(data.splits.get(split, ())):
            severity = "error" if split == "train" else "warning"
            yield Problem(
                severity, "empty-split", split, f"there is no example in {split}. Add some."
            )


def unknown_labels(data, facts):
    for feature, names in data.labels.items():
        known = (
            [UNLABELLED, *range(len(names))]
            if feature == facts.feature and facts.unlabelled
            else range(len(names))
        )
        for _, examples in splits(data):
            if feature in examples.masks:
                continue
            for i, value in enumerate(examples.columns.get(feature, ())):
                unknown = [j for j in np.unique(value).tolist() if j not in known]
                if unknown:
                    message = (
                        f"{feature} {unknown[0]} is none of the {len(names)} classes, 0 to"
                        f" {len(names) - 1}."
                    )
                    yield Problem(
                        "error", "unknown-label", examples.where[i], message, examples.names[i]
                    )


def unlabelled(data, facts):
    """Examples that no one has labelled, where they are of use."""
    for split, examples in splits(data):
        values = examples.columns.get(facts.feature, ()) if facts.unlabelled else ()
        count = sum(np.ndim(value) == 0 and value == UNLABELLED for value in values)
        if count:
            message = f"{count:,} of {len(examples):,} examples have no {facts.feature}."
            yield Problem("note", "unlabelled", split, message)


def one_class(data, facts):
    labels = {label for counts in facts.counts.values() for label in counts}
    if (
        facts.feature == "label" and len(labels) == 1
    ):  # one class of objects is enough: the rest is background
        (label,) = labels
        advice = (
            "At least two are needed; where the class folders lie deeper, pass the folder that"
            " holds them."
        )
        yield Problem(
            "error", "one-class", facts.feature, f"every example has the label {label!r}. {advice}"
        )


def unseen_classes(data, facts):
    """Classes that are tested and never trained."""
    by_class = collections.Counter(
        label for labels in unseen(data, facts).values() for label in labels
    )
    for label, n in by_class.items():
        message = (
            f"{n:,} examples of {label!r} are in other splits and none in train. Move some to"
            " train, or all out."
        )
        yield Problem("error", "unseen-class", label, message)


def rare_classes(data, facts):
    trained = facts.counts.get("train", {})
    for label in data.labels.get(facts.feature, ()):
        if 0 < trained.get(label, 0) < FEW:
            message = (
                f"train has only {trained[label]} of {label!r}. Add examples until there are {FEW}"
                " or more."
            )
            yield Problem("warning", "few-examples", label, message)
        for split, counts in facts.counts.items():
            # A split without any example has its own problem; a class that train lacks is an error
            # or nowhere used.
            if split != "train" and counts and trained.get(label) and label not in counts:
                message = f"{split} has no example of {label!r}: nothing will be known of it there."
                yield Problem("warning", "missing-class", split, message)


def unused_classes(data, facts):
    """Classes that the data names and no example has: the model still gets an output for each."""
    seen = set().union(*facts.counts.values())
    unused = [label for label in data.labels.get(facts.feature, ()) if label not in seen]
    if unused and seen:
        listed = ", ".join(map(str, unused[:10])) + (", ..." if len(unused) > 10 else "")
        total = len(data.labels[facts.feature])
        message = (
            f"{len(unused)} of {total} classes occur nowhere: {listed}. Take them out of the list,"
            " or add examples."
        )
        yield Problem("warning", "unused-class", facts.feature, message)


def balance(data, facts):
    ranked = facts.counts.get("train", collections.Counter()).most_common()
    if (
        len(ranked) > 1 and "tokens" not in data.splits["train"].columns
    ):  # most words are outside of any span
        (common, most), (rare, least) = ranked[0], ranked[-1]
        ratio = (
            f"{common!r} has {most:,} examples in train, {rare!r} {least:,}: {most / least:.1f}"
            " to 1."
        )
        yield Problem("note", "balance", "train", ratio)
        if most > IMBALANCE * least:
            yield Problem(
                "warning",
                "imbalance",
                "train",
                f"{ratio} Weigh the classes, or add examples of the rare.",
            )


CHECKS = (
    empty_splits,
    unknown_labels,
    unlabelled,
    one_class,
    unseen_classes,
    rare_classes,
    unused_classes,
    balance,
)
