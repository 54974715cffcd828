"""What is wrong with data, found by reading all of it once."""

import collections
import dataclasses
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pipelines import markup, terminal
from pipelines.engine.audit import (
    box_fit,
    box_forms,
    box_sizes,
    boxes,
    deep,
    labelled_text,
    labels,
    letters,
    masks,
    names,
    near,
    outliers,
    pictures,
    resolutions,
    shifted,
    text,
)
from pipelines.engine.audit.facts import Facts, Look, listed, rows, splits
from pipelines.formats.examples import Data, Examples, Problem
from pipelines.progress import Progress

# Errors that remain if examples are left out.
HOPELESS = ("one-class", "empty-split", "no-boxes", "one-based", "box-form", "strange-name")
SEVERITIES = ("error", "warning", "note")
HTML_LISTED = 50  # problems in a notebook
LISTED = 10  # problems of one kind, and classes, in the terminal
CHECKS = (
    *pictures.CHECKS,
    *deep.CHECKS,
    *near.CHECKS,
    *resolutions.CHECKS,
    *labels.CHECKS,
    *names.CHECKS,
    *masks.CHECKS,
    *boxes.CHECKS,
    *box_forms.CHECKS,
    *box_fit.CHECKS,
    *outliers.CHECKS,
    *text.CHECKS,
    *shifted.CHECKS,
    *labelled_text.CHECKS,
    *letters.CHECKS,
)


@dataclass(frozen=True)
class Audit:
    """All problems of some data, and its figures.

    counts: examples by split. class_counts: examples by split and label; pixel_counts: pixels of
        masks, likewise.
    picture_sizes: {"height": {"min": , "median": , "max": }, "width": ...}, pixels.
    median_side: of the pictures' shorter sides, pixels; 0 without pictures.
    modes: pictures by format and mode.
    bad: names of examples with an error.
    longest: column of lists -> most items that an example without an error has.
    grey_ranges: how grey of more than 8 bits is scaled; see `edge.pictures.ranges_of`.
    small_side: how large the objects of the smallest class are; see `box_sizes.smallest`.
    side_range: from which side to which objects are, (0, 0) without boxes; see `box_sizes.ends`.
    """

    problems: list[Problem]
    counts: dict[str, int]
    class_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    picture_sizes: dict[str, dict[str, float]] = field(default_factory=dict)
    median_side: int = 0
    modes: dict[str, int] = field(default_factory=dict)
    bad: frozenset[str] = frozenset()
    pixel_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)
    grey_ranges: list[str] = field(default_factory=list)
    small_side: float = 0.0
    side_range: tuple[float, float] = (0.0, 0.0)

    @property
    def errors(self) -> int:
        return self._number("error")

    def as_dict(self) -> dict:
        """Plain values for JSON."""
        numbers = {f"{severity}s": self._number(severity) for severity in SEVERITIES}
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["problems"] = [dataclasses.asdict(problem) for problem in self.problems]
        values["bad"] = sorted(self.bad)
        return numbers | values

    def as_text(self) -> str:
        """For the terminal: the figures, then the problems by kind, the worst first."""
        figures = [self._examples_line(), self._classes_line(), self._pictures_line()]
        lines = [line for line in figures if line]
        every = [*lines, *self._problem_lines(), "", self._totals_line()]
        return "\n".join(terminal.shown(line) for line in every)

    def _repr_html_(self) -> str:
        problems = self.problems[:HTML_LISTED]
        rows = [(p.severity, p.kind, p.where, p.message) for p in problems]
        left = len(self.problems) - len(problems)
        more = markup.escaped(f"... and {left:,} more" if left else "")
        figures = [self._examples_line(), self._classes_line(), self._pictures_line()]
        facts = "".join(f"<p>{markup.escaped(line)}</p>" for line in figures if line)
        return markup.page(self._totals_line(), facts, markup.table(rows), more)

    def _examples_line(self) -> str:
        by_split = "  ".join(f"{split} {n:,}" for split, n in self.counts.items())
        return f"{sum(self.counts.values()):,} examples: {by_split}"

    def _classes_line(self) -> str:
        totals = collections.Counter()
        for counts in self.class_counts.values():
            totals.update({label: n for label, n in counts.items() if n})
        if not totals:
            return ""
        shown = [f"{label} {n:,}" for label, n in totals.most_common()]
        return f"{len(totals)} classes: {listed(shown, LISTED)}"

    def _pictures_line(self) -> str:
        if not self.picture_sizes:
            return ""
        height, width = self.picture_sizes["height"], self.picture_sizes["width"]
        low, middle, high = (f"{height[k]:g} x {width[k]:g}" for k in ("min", "median", "max"))
        modes = ", ".join(f"{n:,} {mode}" for mode, n in self.modes.items())
        return f"pictures, height x width in px: {low} to {high}, median {middle}; {modes}"

    def _problem_lines(self) -> list[str]:
        groups = collections.defaultdict(list)
        for problem in self.problems:
            groups[problem.severity, problem.kind].append(problem)
        lines = []
        for severity, kind in sorted(groups, key=_rank):
            found = groups[severity, kind]
            lines += ["", f"{severity}: {kind} ({len(found):,})", *_listing(found)]
        return lines

    def _totals_line(self) -> str:
        totals = []
        for severity in SEVERITIES:
            number = self._number(severity)
            plural = "" if number == 1 else "s"
            totals.append(f"{number:,} {severity}{plural}")
        return ", ".join(totals)

    def _number(self, severity: str) -> int:
        return sum(problem.severity == severity for problem in self.problems)


def audit(
    data: Data, progress: bool = True, feature: str | None = None, unlabelled: bool = False
) -> Audit:
    """Reads every picture and label of `data` once.

    progress: whether to show a bar if someone watches.
    feature: the labelled feature by which classes are counted; by default `label`, or else the
        first.
    unlabelled: whether examples without a label of it, class id UNLABELLED, are of use; if not,
        each is an error.
    """
    with Progress("auditing", shown=progress):
        facts = _facts(data, progress, feature or _default_feature(data), unlabelled)
        problems = list(data.problems)
        for check in CHECKS:
            problems += check(facts)
    bad = _bad(problems, facts)
    names = data.labels.get(facts.feature, ())
    readable = _readable(facts)
    modes = collections.Counter(f"{look.header.format} {look.header.mode}" for look in readable)
    return Audit(
        problems=problems,
        counts={split: len(examples) for split, examples in splits(data)},
        class_counts=_class_counts(facts, names),
        picture_sizes=_sizes(readable),
        median_side=_median_side(readable),
        modes=dict(modes.most_common()),
        bad=bad,
        pixel_counts=masks.pixel_counts(names, facts.masks.get(facts.feature, {})),
        longest=_longest(without(data, bad)),
        grey_ranges=deep.ranges(facts.looks),
        small_side=box_sizes.smallest(facts),
        side_range=box_sizes.ends(facts),
    )


def without(data: Data, names: Iterable[str]) -> Data:
    """Data less the examples called `names`."""
    names = frozenset(names)
    kept = {}
    for split, examples in data.splits.items():
        kept[split] = examples.take(i for i, name in enumerate(examples.names) if name not in names)
    return dataclasses.replace(data, splits=kept)


def _listing(problems: list[Problem]) -> list[str]:
    """A line for each of the first problems, and one for how many more there are."""
    lines = [f"  {problem.where}: {problem.message}" for problem in problems[:LISTED]]
    if len(problems) > LISTED:
        lines.append(f"  and {len(problems) - LISTED:,} more (--json lists all)")
    return lines


def _rank(group: tuple[str, str]) -> int:
    """Place of a (severity, kind), the worst first."""
    severity, _ = group
    return SEVERITIES.index(severity)


def _default_feature(data: Data) -> str | None:
    return "label" if "label" in data.labels else next(iter(data.labels), None)


def _facts(data: Data, progress: bool, feature: str | None, unlabelled: bool) -> Facts:
    looks = pictures.looks(data, progress)
    mask_looks = masks.looks(data)
    classes, counts = {}, {}
    for split, examples in splits(data):
        classes[split] = _classes(data, feature, split, examples, mask_looks)
        counts[split] = collections.Counter()
        for row in classes[split]:
            counts[split].update(row)
    return Facts(data, looks, mask_looks, feature, classes, counts, unlabelled)


def _classes(
    data: Data, feature: str | None, split: str, examples: Examples, mask_looks: dict
) -> list[list[str]]:
    """The class names in each example of a split."""
    if feature in examples.masks:
        return masks.labels(data.labels[feature], mask_looks[feature][split])
    return [example.classes(data, feature) for example in rows(split, examples)]


def _bad(problems: list[Problem], facts: Facts) -> frozenset[str]:
    """The names of examples that training must leave out."""
    named = {problem.example for problem in problems if problem.severity == "error"}
    unseen = {name for name, _ in labels.unseen(facts)}
    return frozenset((named | unseen) - {""})


def _class_counts(facts: Facts, names: Iterable[str]) -> dict[str, dict[str, int]]:
    """Examples by split and label; labels in the order of their ids."""
    table = {}
    for split, counts in facts.counts.items():
        table[split] = {label: counts[label] for label in names}
    return table


def _readable(facts: Facts) -> list[Look]:
    """The Looks of all pictures that could be read."""
    every = []
    for by_split in facts.looks.values():
        for looks in by_split.values():
            every += looks
    return [look for look in every if not look.error]


def _sizes(looks: list[Look]) -> dict[str, dict[str, float]]:
    if not looks:
        return {}
    heights, widths = zip(*(look.size for look in looks), strict=True)
    return {"height": _spread(heights), "width": _spread(widths)}


def _spread(values: tuple[int, ...]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def _median_side(looks: list[Look]) -> int:
    """Of the shorter sides, pixels; 0 without pictures."""
    return round(statistics.median(min(look.size) for look in looks)) if looks else 0


def _longest(data: Data) -> dict[str, int]:
    """{column: most items of an example} of the columns whose values are lists, over all splits."""
    lengths = collections.defaultdict(list)
    for _, examples in splits(data):
        for column, values in examples.columns.items():
            lengths[column] += [len(v) for v in values if isinstance(v, (list, tuple, np.ndarray))]
    return {column: max(found) for column, found in lengths.items() if found}
