"""What is wrong with data, found by reading all of it once."""

import collections
import dataclasses
import hashlib
import os
import statistics
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pipelines import terminal
from pipelines.edge import pictures as edge
from pipelines.engine import audit_boxes, audit_masks, audit_text, pictures
from pipelines.formats.examples import SPLITS, Examples, Problem

HOPELESS = ("one-class", "empty-split", "no-boxes", "one-based")  # errors that leaving out examples cannot mend
SEVERITIES = ("error", "warning", "note")
CONSTANT = 2.0  # grey levels: a photo of one surface has a standard deviation above, a blank frame below
FEW = 5  # examples of a class in training
IMBALANCE = 10.0  # most common class to least common
LISTED = 10  # problems of one kind in the terminal
SUFFIXES = {  # of the file formats that have more than one, or another than their name
    "JPEG": (".jpg", ".jpeg", ".jpe"),
    "MPO": (".jpg", ".jpeg", ".jpe", ".mpo"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}


@dataclass(frozen=True)
class Look:
    """What reading one picture showed."""

    error: str = ""  # why it cannot be read; then all else is empty
    header: pictures.Header | None = None
    size: tuple = ()  # (height, width), pixels, upright
    digest: str = ""  # SHA-256 of size and pixels
    deviation: float = 0.0  # standard deviation of the liveliest channel, grey levels


@dataclass(frozen=True)
class Facts:
    """What the checks judge by.

    looks: column of pictures -> split -> a Look per example; masks: the same of masks, see audit_masks.
    feature: the labelled feature that classes are counted by, or None; labels: split -> the class names in each
    example; counts: split -> label -> examples with it.
    """

    looks: dict
    masks: dict
    feature: str | None
    labels: dict
    counts: dict


@dataclass(frozen=True)
class Audit:
    """All problems of some data, and its figures.

    counts: examples by split. class_counts: examples by split and label; pixel_counts: the same of pixels in masks.
    bad: names of examples with an error.
    picture_sizes: {"height": {"min": , "median": , "max": }, "width": ...}, pixels. modes: pictures by format and mode.
    """

    problems: list
    counts: dict
    class_counts: dict
    picture_sizes: dict
    median_side: int  # of the pictures' shorter sides, pixels; 0 without pictures
    modes: dict
    bad: frozenset
    pixel_counts: dict = dataclasses.field(default_factory=dict)
    longest: dict = dataclasses.field(default_factory=dict)  # column of lists -> most items that an example has

    @property
    def errors(self):
        return self._number("error")

    def as_dict(self):
        """Plain values for JSON."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values |= {"problems": [dataclasses.asdict(p) for p in self.problems], "bad": sorted(self.bad)}
        return {f"{severity}s": self._number(severity) for severity in SEVERITIES} | values

    def as_text(self):
        """For the terminal: the figures, then the problems by kind, the worst first."""
        lines = [f"{sum(self.counts.values()):,} examples: " + "  ".join(f"{s} {n:,}" for s, n in self.counts.items())]
        labels = sum((collections.Counter(counts) for counts in self.class_counts.values()), collections.Counter())
        if labels:
            listed = ", ".join(f"{label} {n:,}" for label, n in labels.most_common(LISTED))
            lines.append(f"{len(labels)} classes: {listed}{', ...' if len(labels) > LISTED else ''}")
        if self.picture_sizes:
            low, middle, high = (
                " x ".join(f"{self.picture_sizes[side][key]:g}" for side in ("height", "width"))
                for key in ("min", "median", "max")
            )
            modes = ", ".join(f"{n:,} {mode}" for mode, n in self.modes.items())
            lines.append(f"pictures, height x width in px: {low} to {high}, median {middle}; {modes}")
        groups = collections.defaultdict(list)
        for problem in self.problems:
            groups[problem.severity, problem.kind].append(problem)
        for (severity, kind), found in sorted(groups.items(), key=lambda group: SEVERITIES.index(group[0][0])):
            lines += ["", f"{severity}: {kind} ({len(found):,})"]
            lines += [f"  {p.where}: {p.message}" for p in found[:LISTED]]
            if len(found) > LISTED:
                lines.append(f"  and {len(found) - LISTED:,} more (--json lists all)")
        totals = (
            f"{n:,} {severity}{'' if n == 1 else 's'}" for severity in SEVERITIES for n in [self._number(severity)]
        )
        return "\n".join([*lines, "", ", ".join(totals)])

    def _number(self, severity):
        return sum(problem.severity == severity for problem in self.problems)


def audit(data, progress=True, feature=None):
    """Reads every picture and label of `data` once -> Audit. `progress`: show a bar where someone watches.

    feature: the labelled feature that classes are counted by; `label`, or else the first, by default.
    """
    looks, masks = _looks(data, progress), audit_masks.looks(data)
    feature = feature or ("label" if "label" in data.labels else next(iter(data.labels), None))
    labels = {}
    for split, examples in _splits(data):
        if feature in examples.masks:
            labels[split] = audit_masks.labels(data, masks, feature, split)
        else:
            labels[split] = [_labels(data, feature, examples, i) for i in range(len(examples))]
    counts = {split: collections.Counter(label for row in rows for label in row) for split, rows in labels.items()}
    facts = Facts(looks, masks, feature, labels, counts)
    problems = [*data.problems, *(problem for check in CHECKS for problem in check(data, facts))]
    bad = {p.example for p in problems if p.severity == "error" and p.example} | set(_unseen(data, facts))
    read = [look for splits in looks.values() for column in splits.values() for look in column if not look.error]
    return Audit(
        problems=problems,
        counts={split: len(examples) for split, examples in _splits(data)},
        class_counts={s: {label: c[label] for label in data.labels.get(feature, ())} for s, c in counts.items()},
        picture_sizes=_sizes(read),
        median_side=round(statistics.median(min(look.size) for look in read)) if read else 0,
        modes=dict(collections.Counter(f"{look.header.format} {look.header.mode}" for look in read).most_common()),
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


def _splits(data):
    """(split, Examples) in the order train, validation, test."""
    return [(split, data.splits[split]) for split in SPLITS if split in data.splits]


def _labels(data, feature, examples, i):
    """The class names in example `i`, each once. Ids without a name are left to the check `unknown_labels`."""
    if feature not in examples.columns:
        return []
    names = data.labels[feature]
    return [names[j] for j in np.unique(examples.columns[feature][i]).tolist() if j in range(len(names))]


def _looks(data, progress):
    tasks = [
        (column, split, source)
        for split, examples in _splits(data)
        for column in examples.pictures
        for source in examples.columns[column]
    ]
    looks = {}
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(
            total=len(tasks), desc="audit", unit=" pictures", leave=False, disable=not progress or terminal.quiet()
        ) as bar,
    ):
        warnings.simplefilter("ignore")  # what Pillow warns of is either reported by a check or harmless
        for (column, split, _), look in zip(tasks, pool.map(_look, [source for *_, source in tasks]), strict=True):
            looks.setdefault(column, {}).setdefault(split, []).append(look)
            bar.update()
    return looks


def _look(source):
    """Decodes one picture as training and the device do."""
    try:
        picture = edge.read_picture(source)
        header = pictures.header(source)
    except ValueError as error:
        return Look(error=str(error))
    height, width = picture.shape[:2]
    digest = hashlib.sha256(f"{height}x{width}:".encode() + picture.tobytes()).hexdigest()
    # A sample of a large picture is enough to show that it is not constant.
    deviation = picture[:: -(-height // 256), :: -(-width // 256)].std(axis=(0, 1)).max()
    if deviation < CONSTANT:
        deviation = picture.std(axis=(0, 1)).max()
    return Look("", header, (height, width), digest, float(deviation))


def _longest(data):
    """{column: most items of an example} of the columns whose values are lists, over all splits."""
    found = {}
    for _, examples in _splits(data):
        for name, values in examples.columns.items():
            lengths = [len(v) for v in values if isinstance(v, (list, tuple, np.ndarray))]
            if lengths:
                found[name] = max(found.get(name, 0), *lengths)
    return found


def _sizes(looks):
    if not looks:
        return {}
    sides = {side: [look.size[axis] for look in looks] for axis, side in enumerate(("height", "width"))}
    return {s: {"min": min(v), "median": statistics.median(v), "max": max(v)} for s, v in sides.items()}


# The checks. Each takes (data, facts) and yields Problems; it goes by the kind and name of features, never by task.


def unreadable(data, facts):
    for item in _pictures(data, facts, read=False):
        yield Problem("error", "unreadable", item.where, f"this file {item.look.error}.", item.name)


def leaks(data, facts):
    """A picture in two splits. The later split stays whole: what judges the model must not shrink."""
    for same in _same(data, facts):
        last = same[-1]
        for item in same:
            if item.split != last.split:
                message = f"this picture is also in {last.split}, as {last.where}. Delete it from {item.split}."
                yield Problem("error", "leak", item.where, message, item.name)


def conflicts(data, facts):
    """One picture with two labels. No one can tell which is right, so none of them is used."""
    for same in _same(data, facts):
        for item in same:
            other = next((o for o in same if _label(data, o) != _label(data, item)), None)
            if other:
                message = (
                    f"this picture has the label {_label(data, item)!r}, and {_label(data, other)!r} as {other.where}. "
                    "Keep the right one."
                )
                yield Problem("error", "conflict", item.where, message, item.name)


def duplicates(data, facts):
    """A picture twice in one split."""
    for same in _same(data, facts):
        first = {}
        for item in same:
            if item.split in first:
                message = f"the same picture as {first[item.split].where} in {item.split}. Delete one of them."
                yield Problem("warning", "duplicate", item.where, message)
            first.setdefault(item.split, item)


def constant(data, facts):
    for item in _photos(data, facts):
        if item.look.deviation < CONSTANT:
            message = (
                f"all pixels are nearly the same (standard deviation {item.look.deviation:.1f} of 255). Look at it."
            )
            yield Problem("warning", "constant", item.where, message)


def suffixes(data, facts):
    """A file whose name says another format than its content."""
    for item in _pictures(data, facts):
        format = item.look.header.format
        if item.file and item.file.suffix.lower() not in SUFFIXES.get(format, (f".{format.lower()}",)):
            message = f"this file is a {format} whatever its name says. It is read all the same."
            yield Problem("note", "suffix", item.where, message)


def traits(data, facts):
    """Pictures that are converted on reading, counted."""
    has_trait = {
        "CMYK": lambda h: h.mode == "CMYK",
        "16-bit or floating-point": lambda h: h.mode[0] in "IF",
        "with a palette": lambda h: h.mode in ("P", "PA"),
        "with transparency": lambda h: h.has_alpha,
        "rotated by EXIF": lambda h: h.is_rotated,
        "animated": lambda h: h.has_frames,
    }
    done = {
        "with transparency": "which is dropped",
        "rotated by EXIF": "turned upright",
        "animated": "only the first frame is read",
    }
    for column in facts.looks:
        items = [item for item in _pictures(data, facts) if item.column == column]
        for trait, has in has_trait.items():
            found = [item for item in items if has(item.look.header)]
            if found:
                what = done.get(trait, "converted to 8-bit RGB")
                message = f"{len(found):,} of {len(items):,} pictures: {trait}, {what}. The first: {found[0].where}."
                yield Problem("note", "converted", column, message)


def empty_splits(data, facts):
    for split in SPLITS:
        if not len(data.splits.get(split, ())):
            severity = "error" if split == "train" else "warning"
            yield Problem(severity, "empty-split", split, f"there is no example in {split}. Add some.")


def unknown_labels(data, facts):
    for feature, names in data.labels.items():
        for _, examples in _splits(data):
            if feature in examples.masks:
                continue
            for i, value in enumerate(examples.columns.get(feature, ())):
                unknown = [j for j in np.unique(value).tolist() if j not in range(len(names))]
                if unknown:
                    message = f"{feature} {unknown[0]} is none of the {len(names)} classes, 0 to {len(names) - 1}."
                    yield Problem("error", "unknown-label", examples.where[i], message, examples.names[i])


def one_class(data, facts):
    labels = {label for counts in facts.counts.values() for label in counts}
    if facts.feature == "label" and len(labels) == 1:  # one class of objects is enough: the rest is background
        (label,) = labels
        advice = "At least two are needed; where the class folders lie deeper, pass the folder that holds them."
        yield Problem("error", "one-class", facts.feature, f"every example has the label {label!r}. {advice}")


def unseen_classes(data, facts):
    """Classes that are tested and never trained."""
    by_class = collections.Counter(label for labels in _unseen(data, facts).values() for label in labels)
    for label, n in by_class.items():
        message = f"{n:,} examples of {label!r} are in other splits and none in train. Move some to train, or all out."
        yield Problem("error", "unseen-class", label, message)


def rare_classes(data, facts):
    trained = facts.counts.get("train", {})
    for label in data.labels.get(facts.feature, ()):
        if 0 < trained.get(label, 0) < FEW:
            message = f"train has only {trained[label]} of {label!r}. Add examples until there are {FEW} or more."
            yield Problem("warning", "few-examples", label, message)
        for split, counts in facts.counts.items():
            # A split without any example has its own problem; a class that train lacks is an error or nowhere used.
            if split != "train" and counts and trained.get(label) and label not in counts:
                message = f"{split} has no example of {label!r}: nothing will be known of it there."
                yield Problem("warning", "missing-class", split, message)


def balance(data, facts):
    ranked = facts.counts.get("train", collections.Counter()).most_common()
    if len(ranked) > 1 and "tokens" not in data.splits["train"].columns:  # most words are outside of any span
        (common, most), (rare, least) = ranked[0], ranked[-1]
        ratio = f"{common!r} has {most:,} examples in train, {rare!r} {least:,}: {most / least:.1f} to 1."
        yield Problem("note", "balance", "train", ratio)
        if most > IMBALANCE * least:
            yield Problem("warning", "imbalance", "train", f"{ratio} Weigh the classes, or add examples of the rare.")


CHECKS = (
    *(unreadable, leaks, conflicts, duplicates, constant, suffixes, traits),
    *(empty_splits, unknown_labels, one_class, unseen_classes, rare_classes, balance),
    *audit_masks.CHECKS,
    *audit_boxes.CHECKS,
    *audit_text.CHECKS,
)


@dataclass(frozen=True)
class _Item:
    """One picture of one example, with its Look."""

    column: str
    split: str
    examples: Examples
    i: int
    look: Look

    @property
    def name(self):
        return self.examples.names[self.i]

    @property
    def where(self):
        return self.examples.where[self.i]

    @property
    def file(self):
        """Where the picture lies, or None where it is held as bytes."""
        source = self.examples.columns[self.column][self.i]
        return Path(source) if isinstance(source, str) else None


def _pictures(data, facts, read=True):
    """All pictures that could be read, or all that could not, as _Items in the order of splits."""
    for column, by_split in facts.looks.items():
        for split, looks in by_split.items():
            for i, look in enumerate(looks):
                if bool(look.error) != read:
                    yield _Item(column, split, data.splits[split], i, look)


def _photos(data, facts):
    """The pictures that a camera took: masks are pictures too, but many of them are rightly equal or empty."""
    return (item for item in _pictures(data, facts) if item.column.startswith("image"))


def _same(data, facts):
    """Groups of two or more _Items with equal pixels, each in the order of splits."""
    groups = collections.defaultdict(list)
    for item in _photos(data, facts):
        groups[item.column, item.look.digest].append(item)
    return [group for group in groups.values() if len(group) > 1]


def _label(data, item):
    """The class name of a picture, or None where its example has not exactly one."""
    labels = _labels(data, "label", item.examples, item.i) if "label" in data.labels else []
    return labels[0] if len(labels) == 1 else None


def _unseen(data, facts):
    """Examples outside of train with classes that train lacks: {name: [class]}."""
    trained = facts.counts.get("train", {})
    found = {}
    for split, examples in _splits(data):
        for i, name in enumerate(examples.names if split != "train" else ()):
            if labels := [label for label in facts.labels[split][i] if label not in trained]:
                found[name] = labels
    return found
