"""What is wrong with pictures: the part of the audit that reads each one, as a device does."""

import collections
import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipelines.edge import pictures as edge
from pipelines.engine.audit import deep, near
from pipelines.engine.audit.facts import (
    Example,
    Facts,
    Look,
    again,
    contradictions,
    earlier,
    over,
    same,
    splits,
)
from pipelines.formats import _soundness
from pipelines.formats._decodable import Header, header
from pipelines.formats.examples import Data, Problem
from pipelines.progress import Progress

CONSTANT = 2.0  # grey levels: a photo of one surface deviates by more, a blank frame by less
JPEG = (".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif", ".pjpeg", ".pjp")
SUFFIXES = {  # of the file formats that have more than one, or another than their name
    "JPEG": JPEG,
    "MPO": (*JPEG, ".mpo"),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
SAMPLED = 256  # rows and columns of a large picture that show that it is not constant


@dataclass(frozen=True)
class _Trait:
    """Something because of which a picture is converted on reading."""

    name: str
    has: Callable[[Header], bool]
    done: str = "converted to 8-bit RGB"


TRAITS = (
    _Trait("CMYK", lambda header: header.mode == "CMYK"),
    _Trait(
        "with 16 bits a colour",
        lambda header: header.has_deep_colour,
        "of which the upper 8 are read: 65535 is white",
    ),
    _Trait("with a palette", lambda header: header.mode in ("P", "PA")),
    _Trait("with transparency", lambda header: header.has_alpha, "which is dropped"),
    _Trait("rotated by EXIF", lambda header: header.is_rotated, "turned upright"),
    _Trait("animated", lambda header: header.has_frames, "only the first frame is read"),
)


def looks(data: Data, progress: bool) -> dict[str, dict[str, list[Look]]]:
    """Column of pictures -> split -> a Look per example. progress: whether to show a bar."""
    found = collections.defaultdict(dict)
    total = sum(len(examples) * len(examples.pictures) for _, examples in splits(data))
    bar = Progress("auditing", total, "pictures", shown=progress)
    with bar, warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        # What Pillow warns of is either reported by a check or harmless.
        warnings.simplefilter("ignore")
        for split, examples in splits(data):
            for column in examples.pictures:
                each = pool.map(_look, examples.columns[column])
                found[column][split] = list(_counted(each, bar))
    return dict(found)


def _counted(looks: Iterable[Look], bar: Progress) -> Iterator[Look]:
    """The same Looks, each of which moves the bar."""
    for look in looks:
        yield look
        bar.update()


def _look(source: str | bytes) -> Look:
    """Decodes one picture as training and the device do."""
    try:
        encoded = edge.encoded(source)
        levels = deep.levels(encoded)
        own = [f"{levels.kind} {levels.low!r} {levels.high!r}"] if levels else []
        picture = edge.read_picture(encoded, ranges=own)  # the range of all is not known yet
        head = header(encoded)
    except ValueError as error:
        return Look(error=str(error))
    if lost := _soundness.lost(encoded):
        return Look(error=lost)
    height, width = picture.shape[:2]
    said = f"{height}x{width}{levels or ''}:".encode()
    digest = hashlib.sha256(said + picture.tobytes()).hexdigest()
    sample = picture[:: -(-height // SAMPLED), :: -(-width // SAMPLED)]
    deviation = sample.std(axis=(0, 1)).max()
    if deviation < CONSTANT:  # all of the picture decides
        deviation = picture.std(axis=(0, 1)).max()
    cut = _soundness.cut(encoded)
    alike = near.hashed(picture), near.shrunk(picture)
    return Look("", head, (height, width), digest, float(deviation), cut, levels, *alike)


@dataclass(frozen=True)
class _Picture(Example):
    """One picture of one example, with its Look."""

    column: str
    look: Look

    @property
    def file(self) -> Path | None:
        """The picture's file, or None if it is held as bytes."""
        source = self[self.column]
        return Path(source) if isinstance(source, str) else None


def unreadable(picture: _Picture, facts: Facts) -> Iterator[Problem]:
    if picture.look.error:
        yield picture.error("unreadable", f"this file {picture.look.error}.")


def cut(picture: _Picture, facts: Facts) -> Iterator[Problem]:
    """A file that Pillow opens and other programs refuse, such as an incomplete download."""
    if picture.look.cut:
        yield picture.warning("cut", f"this file is incomplete: {picture.look.cut}.")


def leaks(group: list[_Picture], facts: Facts) -> Iterator[Problem]:
    """A picture in two splits."""
    last = group[-1]
    for picture in earlier(group):
        message = (
            f"this picture is also in {last.split}, as {last.where}. Delete it from"
            f" {picture.split}."
        )
        yield picture.error("leak", message)


def conflicts(group: list[_Picture], facts: Facts) -> Iterator[Problem]:
    """One picture with two labels. No one can tell which is right, so none of them is used."""
    labels = [_label(picture, facts.data) for picture in group]
    for picture, label, other, others_label in contradictions(group, labels):
        message = (
            f"this picture has the label {label!r}, and {others_label!r} as {other.where}. Keep the"
            " right one."
        )
        yield picture.error("conflict", message)


def overlaps(group: list[_Picture], facts: Facts) -> Iterator[Problem]:
    """A picture in two domains, whose difference a model is to find. None of them is used."""
    domains = [picture.classes(facts.data, "domain") for picture in group]
    for picture, domain, other, _ in contradictions(group, domains):
        message = (
            f"this picture is in {domain[0]}, and also in the other domain, as {other.where}."
            " Delete one."
        )
        yield picture.error("leak", message)


def duplicates(group: list[_Picture], facts: Facts) -> Iterator[Problem]:
    """A picture twice in one split."""
    for picture, first in again(group):
        message = f"the same picture as {first.where} in {picture.split}. Delete one of them."
        yield picture.warning("duplicate", message)


def constant(photo: _Picture, facts: Facts) -> Iterator[Problem]:
    deviation = photo.look.deviation
    if deviation < CONSTANT:
        message = (
            f"all pixels are nearly the same (standard deviation {deviation:.1f} of 255). Look at"
            " it."
        )
        yield photo.warning("constant", message)


def suffixes(picture: _Picture, facts: Facts) -> Iterator[Problem]:
    """A file whose name says another format than its content."""
    format = picture.look.header.format
    expected = SUFFIXES.get(format, (f".{format.lower()}",))
    if picture.file and picture.file.suffix.lower() not in expected:
        message = f"this file is a {format} whatever its name says. It is read all the same."
        yield picture.note("suffix", message)


def traits(column: tuple[str, list[_Picture]], facts: Facts) -> Iterator[Problem]:
    """Pictures of one column that are converted on reading, counted."""
    name, pictures = column
    for trait in TRAITS:
        found = [picture for picture in pictures if trait.has(picture.look.header)]
        if found:
            message = (
                f"{len(found):,} of {len(pictures):,} pictures: {trait.name}, {trait.done}. The"
                f" first: {found[0].where}."
            )
            yield Problem("note", "converted", name, message)


def mixed(column: tuple[str, list[_Picture]], facts: Facts) -> Iterator[Problem]:
    """Grey pictures among coloured ones: a net may learn the difference instead of the thing."""
    name, pictures = column
    grey = [picture for picture in pictures if picture.look.header.is_grey]
    coloured = [picture for picture in pictures if not picture.look.header.is_grey]
    if grey and coloured:
        fewer = min(grey, coloured, key=len)
        message = (
            f"{len(grey):,} pictures are grey and {len(coloured):,} in colour, see"
            f" {fewer[0].where}. All are read as RGB; see that this does not tell the classes"
            " apart."
        )
        yield Problem("warning", "mixed-colour", name, message)


def _all(facts: Facts) -> Iterator[_Picture]:
    """All pictures, in the order of splits."""
    for column, by_split in facts.looks.items():
        for split, looks in by_split.items():
            for row, look in enumerate(looks):
                yield _Picture(split, facts.data.splits[split], row, column, look)


def _readable(facts: Facts) -> Iterator[_Picture]:
    return (picture for picture in _all(facts) if not picture.look.error)


def _photos(facts: Facts) -> Iterator[_Picture]:
    """What a camera took. Masks are pictures too, but many of them are rightly equal or empty."""
    return (p for p in _readable(facts) if p.column.startswith("image"))


def _same(facts: Facts) -> list[list[_Picture]]:
    """Groups of photos with equal pixels."""
    return same(_photos(facts), lambda photo: (photo.column, photo.look.digest))


def _columns(facts: Facts) -> list[tuple[str, list[_Picture]]]:
    """(column, its pictures that could be read)."""
    columns = collections.defaultdict(list)
    for picture in _readable(facts):
        columns[picture.column].append(picture)
    return list(columns.items())


CHECKS = (
    over(_all, unreadable),
    over(_readable, cut),
    over(_same, leaks),
    over(_same, conflicts),
    over(_same, overlaps),
    over(_same, duplicates),
    over(_photos, constant),
    over(_readable, suffixes),
    over(_columns, traits),
    over(_columns, mixed),
)


def _label(picture: _Picture, data: Data) -> str | None:
    """The class name of a picture, or None if its example has not exactly one."""
    labels = picture.classes(data, "label")
    return labels[0] if len(labels) == 1 else None
