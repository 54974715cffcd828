"""What is wrong with pictures: the part of the audit that reads each of them once, as training and the device do."""

import collections
import hashlib
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from pipelines import terminal
from pipelines.edge import pictures as edge
from pipelines.engine.audit.labels import names, splits
from pipelines.engine.data import pictures
from pipelines.formats.examples import Examples, Problem

CONSTANT = (
    2.0  # grey levels: a photo of one surface has a standard deviation above, a blank frame below
)
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


def looks(data, progress):
    """Column of pictures -> split -> a Look per example."""
    tasks = [
        (column, split, source)
        for split, examples in splits(data)
        for column in examples.pictures
        for source in examples.columns[column]
    ]
    found = {}
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(
            total=len(tasks),
            desc="audit",
            unit=" pictures",
            leave=False,
            disable=not progress or terminal.quiet(),
        ) as bar,
    ):
        warnings.simplefilter(
            "ignore"
        )  # what Pillow warns of is either reported by a check or harmless
        for (column, split, _), look in zip(
            tasks, pool.map(_look, [source for *_, source in tasks]), strict=True
        ):
            found.setdefault(column, {}).setdefault(split, []).append(look)
            bar.update()
    return found


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


def unreadable(data, facts):
    for item in _pictures(data, facts, read=False):
        yield Problem("error", "unreadable", item.where, f"this file {item.look.error}.", item.name)


def leaks(data, facts):
    """A picture in two splits. The later split stays whole: what judges the model must not shrink."""
    for same in _same(data, facts):
        last = same[-1]
        for item in same:
            if item.split != last.split:
                message = (
                    f"this picture is also in {last.split}, as {last.where}. Delete it from"
                    f" {item.split}."
                )
                yield Problem("error", "leak", item.where, message, item.name)


def conflicts(data, facts):
    """One picture with two labels. No one can tell which is right, so none of them is used."""
    for same in _same(data, facts):
        for item in same:
            other = next((o for o in same if _label(data, o) != _label(data, item)), None)
            if other:
                message = (
                    f"this picture has the label {_label(data, item)!r}, and"
                    f" {_label(data, other)!r} as {other.where}. Keep the right one."
                )
                yield Problem("error", "conflict", item.where, message, item.name)


def overlaps(data, facts):
    """A picture in two domains, between which a model is to find the difference. None of them is used."""
    if "domain" not in data.labels:
        return
    for same in _same(data, facts):
        for item in same:
            own = names(data, "domain", item.examples, item.i)
            other = next((o for o in same if names(data, "domain", o.examples, o.i) != own), None)
            if other:
                message = (
                    f"this picture is in {own[0]}, and also in the other domain, as {other.where}."
                    " Delete one."
                )
                yield Problem("error", "leak", item.where, message, item.name)


def duplicates(data, facts):
    """A picture twice in one split."""
    for same in _same(data, facts):
        first = {}
        for item in same:
            if item.split in first:
                message = (
                    f"the same picture as {first[item.split].where} in {item.split}. Delete one of"
                    " them."
                )
                yield Problem("warning", "duplicate", item.where, message)
            first.setdefault(item.split, item)


def constant(data, facts):
    for item in _photos(data, facts):
        if item.look.deviation < CONSTANT:
            message = (
                f"all pixels are nearly the same (standard deviation {item.look.deviation:.1f} of"
                " 255). Look at it."
            )
            yield Problem("warning", "constant", item.where, message)


def suffixes(data, facts):
    """A file whose name says another format than its content."""
    for item in _pictures(data, facts):
        format = item.look.header.format
        if item.file and item.file.suffix.lower() not in SUFFIXES.get(
            format, (f".{format.lower()}",)
        ):
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
                message = (
                    f"{len(found):,} of {len(items):,} pictures: {trait}, {what}. The first:"
                    f" {found[0].where}."
                )
                yield Problem("note", "converted", column, message)


def mixed(data, facts):
    """Grey pictures among coloured ones: a net may learn the difference instead of the thing."""
    for column in facts.looks:
        items = [item for item in _pictures(data, facts) if item.column == column]
        by_kind = {True: [], False: []}
        for item in items:
            by_kind[item.look.header.is_grey].append(item)
        if all(by_kind.values()):
            first = min(by_kind.values(), key=len)[0].where  # of the fewer
            message = (
                f"{len(by_kind[True]):,} pictures are grey and {len(by_kind[False]):,} in colour,"
                f" see {first}. All are read as RGB; see that this does not tell the classes apart."
            )
            yield Problem("warning", "mixed-colour", column, message)


CHECKS = (unreadable, leaks, conflicts, overlaps, duplicates, constant, suffixes, traits, mixed)


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
    labels = names(data, "label", item.examples, item.i) if "label" in data.labels else []
    return labels[0] if len(labels) == 1 else None
