"""What is wrong with data, found by reading all of it once."""

import collections
import dataclasses
import statistics
from dataclasses import dataclass

import numpy as np

from pipelines.engine.audit import boxes as audit_boxes
from pipelines.engine.audit import labelled_text as audit_labelled_text
from pipelines.engine.audit import labels as audit_labels
from pipelines.engine.audit import masks as audit_masks
from pipelines.engine.audit import pictures as audit_pictures
from pipelines.engine.audit import text as audit_text

HOPELESS = (
    "one-class",
    "empty-split",
    "no-boxes",
    "one-based",
)  # errors that leaving out examples cannot mend
SEVERITIES = ("error", "warning", "note")
LISTED = 10  # problems of one kind in the terminal


@dataclass(frozen=True)
class Facts:
    """What the checks judge by.

    looks: column of pictures -> split -> a Look per example (audit_pictures); masks: the same of
        masks (audit_masks).
    feature: the labelled feature that classes are counted by, or None; labels: split -> the class
    names in each example; counts: split -> label -> examples with it. unlabelled: whether examples
    without a label are of use.
    """

    looks: dict
    masks: dict
    feature: str | None
    labels: dict
    counts: dict
    unlabelled: bool


@dataclass(frozen=True)
class Audit:
    """All problems of some data, and its figures.

    counts: examples by split. class_counts: examples by split and label; pixel_counts: the same of
        pixels in masks.
    bad: names of examples with an error.
    picture_sizes: {"height": {"min": , "median": , "max": }, "width": ...}, pixels. modes: pictures
        by format and mode.
    """

    problems: list
    counts: dict
    class_counts: dict
    picture_sizes: dict
    median_side: int  # of the pictures' shorter sides, pixels; 0 without pictures
    modes: dict
    bad: frozenset
    pixel_counts: dict = dataclasses.field(default_factory=dict)
    longest: dict = dataclasses.field(
        default_factory=dict
    )  # column of lists -> most items that an example has

    @property
    def errors(self):
        return self._number("error")

    def as_dict(self):
        """Plain values for JSON."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values |= {
            "problems": [dataclasses.asdict(p) for p in self.problems],
            "bad": sorted(self.bad),
        }
        return {f"{severity}s": self._number(severity) for severity in SEVERITIES} | values

    def as_text(self):
        """For the terminal: the figures, then the problems by kind, the worst first."""
        lines = [
            f"{sum(self.counts.values()):,} examples: "
            + "  ".join(f"{s} {n:,}" for s, n in self.counts.items())
        ]
        labels = sum(
            (collections.Counter(counts) for counts in self.class_counts.values()),
            collections.Counter(),
        )
        if labels:
            listed = ", ".join(f"{label} {n:,}" for label, n in labels.most_common(LISTED))
            lines.append(
                f"{len(labels)} classes: {listed}{', ...' if len(labels) > LISTED else ''}"
            )
        if self.picture_sizes:
            low, middle, high = (
                " x ".join(f"{self.picture_sizes[side][key]:g}" for side in ("height", "width"))
                for key in ("min", "median", "max")
            )
            modes = ", ".join(f"{n:,} {mode}" for mode, n in self.modes.items())
            lines.append(
                f"pictures, height x width in px: {low} to {high}, median {middle}; {modes}"
            )
        groups = collections.defaultdict(list)
        for problem in self.problems:
            groups[problem.severity, problem.kind].append(problem)
        for (severity, kind), found in sorted(
            groups.items(), key=lambda group: SEVERITIES.index(group[0][0])
        ):
            lines += ["", f"{severity}: {kind} ({len(found):,})"]
            lines += [f"  {p.where}: {p.message}" for p in found[:LISTED]]
            if len(found) > LISTED:
                lines.append(f"  and {len(found) - LISTED:,} more (--json lists all)")
        totals = (
            f"{n:,} {severity}{'' if n == 1 else 's'}"
            for severity in SEVERITIES
            for n in [self._number(severity)]
        )
        return "\n".join([*lines, "", ", ".join(totals)])

    def _number(self, severity):
        return sum(problem.severity == severity for problem in self.problems)


def audit(data, progress=True, feature=None, unlabelled=False):
    """Reads every picture and label of `data` once -> Audit. `progress`: show a bar where someone
    watches.

    feature: the labelled feature that classes are counted by; `label`, or else the first, by
    default. unlabelled: whether examples without a label of it, class id UNLABELLED, are of use;
        else each is an error.
    """
    looks, masks = audit_pictures.looks(data, progress), audit_masks.looks(data)
    feature = feature or ("label" if "label" in data.labels else next(iter(data.labels), None))
    labels = {}
    for split, examples in audit_labels.splits(data):
        if feature in examples.masks:
            labels[split] = audit_masks.labels(data, masks, feature, split)
        else:
            labels[split] = [
                audit_labels.names(data, feature, examples, i) for i in range(len(examples))
            ]
    counts = {
        split: collections.Counter(label for row in rows for label in row)
        for split, rows in labels.items()
    }
    facts = Facts(looks, masks, feature, labels, counts, unlabelled)
    problems = [*data.problems, *(problem for check in CHECKS for problem in check(data, facts))]
    bad = {p.example for p in problems if p.severity == "error" and p.example} | set(
        audit_labels.unseen(data, facts)
    )
    read = [
        look
        for splits in looks.values()
        for column in splits.values()
        for look in column
        if not look.error
    ]
    return Audit(
        problems=problems,
        counts={split: len(examples) for split, examples in audit_labels.splits(data)},
        class_counts={
            s: {label: c[label] for label in data.labels.get(feature, ())}
            for s, c in counts.items()
        },
        picture_sizes=_sizes(read),
        median_side=round(statistics.median(min(look.size) for look in read)) if read else 0,
        modes=dict(
            collections.Counter(
                f"{look.header.format} {look.header.mode}" for look in read
            ).most_common()
        ),
        bad=frozenset(bad),
        pixel_counts=audit_masks.pixel_counts(data, masks, feature),
        longest=_longest(data),
    )


def without(data, names):
    """Data less the examples called `names`."""
    names = frozenset(names)
    splits = {
        split: examples.take(i for i, name in enumerate(examples.names) if name not in names)
        for split, examples in data.splits.items()
    }
    return dataclasses.replace(data, splits=splits)


def _longest(data):
    """{column: most items of an example} of the columns whose values are lists, over all splits."""
    found = {}
    for _, examples in audit_labels.splits(data):
        for name, values in examples.columns.items():
            lengths = [len(v) for v in values if isinstance(v, (list, tuple, np.ndarray))]
            if lengths:
                found[name] = max(found.get(name, 0), *lengths)
    return found


def _sizes(looks):
    if not looks:
        return {}
    sides = {
        side: [look.size[axis] for look in looks] for axis, side in enumerate(("height", "width"))
    }
    return {
        s: {"min": min(v), "median": statistics.median(v), "max": max(v)} for s, v in sides.items()
    }


# Each check takes (data, facts) and yields Problems; it goes by the kind and name of features,
# never by task.
CHECKS = (
    *audit_pictures.CHECKS,
    *audit_labels.CHECKS,
    *audit_masks.CHECKS,
    *audit_boxes.CHECKS,
    *audit_text.CHECKS,
    *audit_labelled_text.CHECKS,
)
