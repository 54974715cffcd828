"""The XML files and pictures of a Pascal VOC folder, by the names that they share.

People call the folders as they like, and LabelImg writes XML beside its pictures. So a picture and
its XML file are told by their paths without the folders that only say what the files are:
`train/annots/a.xml` and `images/train/a.jpg` are both `train/a`.
"""

import collections
import functools
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelines.formats import _voc_xml
from pipelines.formats._folders import is_seen, split_of, visible
from pipelines.formats._paths import by_plain, plain
from pipelines.formats._picture_files import is_picture

# What folders of either kind are called, lower case.
ANNOTATIONS = frozenset(
    (
        *("annotations", "annotation", "annots", "annot", "anns", "ann", "xml", "xmls"),
        *("labels", "label", "boxes", "bboxes", "bndbox", "voc", "pascal_voc"),
    )
)
PICTURES = frozenset(
    ("jpegimages", "images", "image", "imgs", "img", "pictures", "photos", "jpegs", "jpg", "png")
)
# Pictures in these are no photos; lists lie in the last.
OTHERS = frozenset(
    (
        *("segmentationclass", "segmentationobject", "masks", "mask", "trimaps"),
        *("__macosx", "imagesets"),
    )
)

Key = str  # of a picture and its XML file: their path without such folders and without suffix


@dataclass(frozen=True)
class Files:
    """The files of one data set; names are relative to it, posix style.

    annotations: key -> XML files; pictures: key -> pictures; of several, one is meant.
    others: folder -> its pictures, if no picture in it has an XML file and others have.
    """

    annotations: dict[Key, list[str]]
    pictures: dict[Key, list[str]]
    others: dict[str, list[str]]

    def key(self, line: str) -> Key | None:
        """Which of them a line of a list means: a name, or a path with or without its suffix.

        Other words may follow it.
        """
        for said in dict.fromkeys((line.strip(), line.split()[0])):
            path = said.replace("\\", "/")
            for key in (said, _key(f"{path}."), _key(path)):
                if key in self.annotations or key in self.pictures:
                    return key
            if alike := self._alike.get(plain(_key(path))):
                return alike[0] if len(alike) == 1 else None
        return None

    @functools.cached_property
    def _alike(self) -> dict[str, list[Key]]:
        """{key without differences of case and Unicode form: keys}."""
        return by_plain({**self.annotations, **self.pictures})


def found(root: Path) -> Files:
    """All files below a folder."""
    names = list(_names(root, ""))
    annotations = _annotations(root, names)
    pictures = [name for name in names if is_picture(root / name)]
    keys = _by_key(annotations)
    own, others = _parted(pictures, keys)
    by_key = _by_key(own)
    return Files(_renamed(keys, by_key), by_key, others)


def has_annotations(root: Path) -> bool:
    """Whether there are annotations in a folder, in a folder for them, or beside pictures.

    Class folders may have them too, and belong to another format.
    """
    inner = _folders(root)
    places = [root, *filter(_may_hold, inner)]
    for folder in filter(_may_hold, inner):
        places += _folders(folder)
    return any(map(_holds_annotation, places))


def split(name: str) -> str | None:
    """The split that a folder in the path of a file is called by."""
    splits = map(split_of, map(Path, PurePosixPath(name).parts[:-1]))
    return next(filter(None, splits), None)


def _names(root: Path, folder: str) -> Iterator[str]:
    """Yields the names of all files below a folder that are not hidden; links are not entered."""
    for entry in visible(root / folder):
        name = os.path.join(folder, entry.name)
        if not entry.is_dir():
            yield name
        elif not entry.is_symlink() and entry.name.lower() not in OTHERS:
            yield from _names(root, name)


def _annotations(root: Path, names: Iterable[str]) -> list[str]:
    """The XML files in folders that hold at least one annotation."""
    by_folder = collections.defaultdict(list)
    for name in names:
        if name.lower().endswith(".xml"):
            by_folder[os.path.dirname(name)].append(name)
    right = [own for folder, own in by_folder.items() if _holds_annotations(root, folder, own)]
    return list(itertools.chain.from_iterable(right))


def _holds_annotations(root: Path, folder: str, names: Iterable[str]) -> bool:
    """Whether a folder is called as one of annotations is, or has any among its files `names`."""
    parts = {part.lower() for part in PurePosixPath(folder).parts}
    return not parts.isdisjoint(ANNOTATIONS) or any(
        _voc_xml.is_annotation(root / name) for name in names
    )


def _parted(
    pictures: Iterable[str], annotated: Iterable[Key]
) -> tuple[list[str], dict[str, list[str]]]:
    """(pictures of folders in which any has an XML file, {folder: pictures} of the others).

    All are of the former kind if none has one, as then their names follow another rule.
    """
    keys = set(annotated)
    stems = {PurePosixPath(key).name for key in keys}
    by_folder = collections.defaultdict(list)
    for name in pictures:
        by_folder[os.path.dirname(name)].append(name)
    rules = (lambda name: _key(name) in keys, lambda name: PurePosixPath(name).stem in stems)
    found = (_with_any(by_folder, rule) for rule in rules)
    own = next(filter(None, found), list(by_folder))
    parted = [by_folder.pop(folder) for folder in own]
    return list(itertools.chain.from_iterable(parted)), dict(by_folder)


def _with_any(by_folder: dict[str, list[str]], is_one: Callable[[str], bool]) -> list[str]:
    """The folders with a file that `is_one`."""
    return [folder for folder, names in by_folder.items() if any(map(is_one, names))]


def _by_key(names: Iterable[str]) -> dict[Key, list[str]]:
    found = collections.defaultdict(list)
    for name in sorted(names):
        found[_key(name)].append(name)
    return dict(found)


def _renamed(
    annotations: dict[Key, list[str]], pictures: dict[Key, list[str]]
) -> dict[Key, list[str]]:
    """XML files under the keys of their pictures.

    One whose key no picture has gets the key of the only picture with its stem.
    """
    by_stem = collections.defaultdict(list)
    for key in pictures:
        by_stem[plain(PurePosixPath(key).name)].append(key)
    renamed: dict[Key, list[str]] = collections.defaultdict(list)
    for key, names in annotations.items():
        keys = by_stem[plain(PurePosixPath(key).name)]
        is_only = len(keys) == 1 and key not in pictures and keys[0] not in annotations
        renamed[keys[0] if is_only else key] += names
    return dict(renamed)


def _key(name: str) -> Key:
    path = PurePosixPath(name)
    folders = [part for part in path.parts[:-1] if part.lower() not in ANNOTATIONS | PICTURES]
    return "/".join((*folders, path.stem))


def _folders(folder: Path) -> list[Path]:
    inner = [entry for entry in os.scandir(folder) if entry.is_dir() and not entry.is_symlink()]
    return [Path(entry.path) for entry in inner if is_seen(entry.name)]


def _may_hold(folder: Path) -> bool:
    name = folder.name.lower()
    return name in ANNOTATIONS or name in PICTURES or split_of(folder) is not None


def _holds_annotation(folder: Path) -> bool:
    files: Sequence[Path] = [Path(entry.path) for entry in visible(folder)]
    return any(map(_voc_xml.is_annotation, files))
