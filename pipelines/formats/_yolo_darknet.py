"""YOLO as Darknet has it, and CVAT as "YOLO 1.1": obj.data names the lists of pictures and
obj.names."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipelines.errors import PipelineError
from pipelines.formats._lines import BREAK, forgiving, lines_of
from pipelines.formats._paths import Paths
from pipelines.formats.examples import SPLIT_NAMES, Unusable

SUFFIX = ".data"
TOP = "data"  # where Darknet itself has all of it

Listed = list[tuple[str, str]]  # (picture, where it is listed)


def find(path: Path) -> Path | None:
    """The file that `path` is, or that lies in it."""
    files = [path] if path.is_file() else sorted(filter(Path.is_file, path.glob(f"*{SUFFIX}")))
    return next(filter(_describes, files), None)


def _describes(file: Path) -> bool:
    """Whether a file says where the names of classes are; other data, too, is in files .data."""
    return file.suffix == SUFFIX and "names" in _values(BREAK.split(forgiving(file)))


def read(file: Path) -> tuple[list[str], dict[str, Listed]]:
    """obj.data -> (class names, {split: pictures}).

    Its paths may begin with folders of another machine. Raises PipelineError if a file that it
    names is not there.
    """
    paths, values = Paths(file.parent), _values(lines_of(file))
    names = [line.strip() for line in _lines(file, paths, values["names"]) if line.strip()]
    found: dict[str, Listed] = {}
    for key, split in SPLIT_NAMES.items():
        if values.get(key):
            lines = _lines(file, paths, values[key])
            shown = elsewhere(paths, values[key])
            found.setdefault(split, []).extend(listed(paths, lines, shown))
    return names, found


def listed(paths: Paths, lines: list[str], shown: str) -> Iterator[tuple[str, str]]:
    """Yields (picture, file:line) of each line that is not blank. shown: the list itself."""
    for i, line in enumerate(map(str.strip, lines), 1):
        if line:
            yield elsewhere(paths, line), f"{shown}:{i}"


def elsewhere(paths: Paths, said: str) -> str:
    """The name of a file whose path may begin with folders of another machine, or with data/.

    The longest end of the path that is there counts; without any it stays as it is.
    """
    parts = PurePosixPath(said.replace("\\", "/")).parts
    if not parts:
        return said
    for end in _ends(parts):
        try:
            return paths.name("/".join(end))
        except Unusable:
            pass
    return said


def _ends(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What a path may be here: as it is written; of an absolute one, each of its ends."""
    yield parts
    if parts[0].startswith("/") or parts[0].endswith(":"):
        yield from (parts[i:] for i in range(1, len(parts)))
    elif parts[0] == TOP:
        yield parts[1:]


def _lines(file: Path, paths: Paths, said: str) -> list[str]:
    """The lines of a file that obj.data names."""
    place = paths.root / elsewhere(paths, said)
    if not place.is_file():
        raise PipelineError(f"{file} names {said!r}, which is not there. Put it beside the file.")
    return lines_of(place)


def _values(lines: list[str]) -> dict[str, str]:
    """The `key = value` lines among the lines of a file, keys in lower case."""
    pairs = (line.partition("=") for line in lines)
    return {key.strip().lower(): value.strip() for key, sign, value in pairs if sign}
