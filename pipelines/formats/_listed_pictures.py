"""Which picture a line of a list of names means."""

import collections
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from pipelines.errors import PipelineError
from pipelines.formats._folders import few
from pipelines.formats._paths import plain


class Pictures:
    """The pictures of a data set, to be looked up as people list them."""

    def __init__(self, names: Iterable[str], top: str):
        """names: paths relative to the data; top: the folder of all, "." for the data itself."""
        self._by_end: dict[tuple[str, ...], list[str]] = collections.defaultdict(list)
        self._alike: dict[tuple[str, ...], list[str]] = collections.defaultdict(list)
        self._below: dict[tuple[str, ...], list[str]] = collections.defaultdict(list)
        depth = len(PurePosixPath(top).parts)
        for name in names:
            parts = PurePosixPath(name).with_suffix("").parts
            self._below[parts[depth:]].append(name)
            for i in range(len(parts)):
                self._by_end[parts[i:]].append(name)
                self._alike[_plain(parts[i:])].append(name)

    def find(self, line: str, where: str) -> str | None:
        """The name of the picture that a line lists, or None.

        The line is a path, with or without its suffix and its first folders, maybe followed by
        other words, and maybe in another case or Unicode form. It may begin with folders of
        another machine, if the whole path below the folder of pictures follows. Raises
        PipelineError if several pictures have the name.
        """
        for parts in _readings(line):
            alike = self._alike.get(_plain(parts), [])
            found = self._by_end.get(parts, alike) or self._at_the_end_of(parts)
            if len(found) > 1:
                raise PipelineError(
                    f"{where}: {line.strip()!r} could be {few(found)}. Write it with its folder."
                )
            if found:
                return found[0]
        return None

    def _at_the_end_of(self, parts: Sequence[str]) -> list[str]:
        ends = (self._below.get(tuple(parts[i:]), []) for i in range(1, len(parts)))
        return next(filter(None, ends), [])


def _readings(line: str) -> Iterator[tuple[str, ...]]:
    """What a line may mean, the parts of a path each: all of it first, then its first word."""
    for text in dict.fromkeys((line.strip(), line.split()[0])):
        path = PurePosixPath(text.replace("\\", "/"))
        yield path.parts
        yield (path.parent / path.stem).parts


def _plain(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(plain, parts))
