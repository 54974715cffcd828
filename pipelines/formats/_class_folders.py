"""Class folders of any kind of file, CLASS/* or SPLIT/CLASS/*; what is left out is a Problem."""

import collections
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _mask_folders, _resolution_folders, _yolo_darknet
from pipelines.formats._folders import few, folders, root_of, shown, split_of, visible
from pipelines.formats._picture_files import Noun, folders_called_so, passed_over
from pipelines.formats.examples import SPLIT_NAMES, Problem, errors, inside, reason

DOMAINS = {"source", "target"}  # folders that tell of two domains
OTHER_LAYOUTS = frozenset(  # folders that tell that the files belong to another format
    (
        *("image", "images", "jpegimages", "label", "labels", "mask", "masks", "annotations"),
        *("imagesets", "segmentationclass", "traina", "trainb", "testa", "testb"),
        *("leftimg8bit", "gtfine"),
    )
)
TABLES = (".csv", ".tsv")
LINK = "links to folders are not followed. Put the folder itself here, or pass it as the data."

Pairs = list[tuple[str, str]]  # (name of a file relative to the root, its class or "")


@dataclass(frozen=True)
class Layout:
    """Class folders of one kind of file.

    kind: what messages call it; example: its usual suffix; is_one: whether a file is of the kind.
    """

    kind: Noun
    example: str
    is_one: Callable[[Path], bool]

    @property
    def noun(self) -> str:
        """What messages call one file."""
        return self.kind.name

    def detect(self, path: Path) -> bool:
        """Whether `path` has such a file below a class folder, and is of no other format."""
        if not path.is_dir():
            return False
        tops = folders(path)
        classes = _class_folders(tops)
        is_other = _is_of_another(tops, classes) or _is_beside_a_table(path, classes)
        is_other = is_other or _yolo_darknet.find(path) is not None
        return not is_other and any(map(self.has_file, classes))

    def read(self, path: str | Path) -> tuple[Path, dict[str, Pairs], list[Problem]]:
        """Folder -> (its root, {split: [(name, class)]} in the order of names, problems).

        The class is the first folder; files in folders below it count. Raises PipelineError if
        there is no class folder with such a file, or if folders of splits and of classes lie
        side by side.
        """
        root = root_of(path, "the class folders")
        problems: list[Problem] = []
        found = self.listed(root, root, problems)
        if not any(found.values()):
            advice = f" Sort the {self.noun}s as CLASS/*{self.example}."
            raise PipelineError(
                f"no class folder with a usable {self.noun} in"
                f" {path}.{reason(errors(problems), advice)}"
            )
        return root, {split: sorted(pairs) for split, pairs in found.items()}, problems

    def listed(
        self, root: Path, top: Path, problems: list[Problem], loose: bool = False
    ) -> dict[str, Pairs]:
        """The files below the folder `top`: {split: [(name relative to `root`, class)]}.

        loose: whether files in no class folder count, with the class "". What is passed over goes
            to `problems`.
        """
        walk = _Walk(self, root, problems)
        tops = walk.entered(top)
        splits = {folder: split for folder in tops if (split := split_of(folder))}
        if not splits:
            return {"train": walk.classes(top, tops, loose)}
        walk.note_splits(splits)
        walk.refuse_classes(list(splits), [folder for folder in tops if folder not in splits])
        found: dict[str, Pairs] = {}
        for folder, split in splits.items():
            pairs = walk.classes(folder, walk.entered(folder), loose)
            found.setdefault(split, []).extend(pairs)
        walk.refuse_files(top)
        return found

    def has_file(self, folder: str | Path) -> bool:
        """Whether such a file lies in a folder or below it; links to folders are not followed."""
        entries = visible(folder)
        if any(entry.is_file() and self.is_one(Path(entry.path)) for entry in entries):
            return True
        inner = [entry.path for entry in entries if entry.is_dir() and not entry.is_symlink()]
        return any(map(self.has_file, inner))


def labels_of(found: dict[str, Pairs]) -> list[str]:
    """The classes of all files in class folders, sorted."""
    return sorted({label for pairs in found.values() for _, label in pairs if label})


@dataclass(frozen=True)
class _Walk:
    """One reading of class folders below `root`. What is passed over goes to `problems`."""

    layout: Layout
    root: Path
    problems: list[Problem]

    def classes(self, folder: Path, class_folders: Sequence[Path], loose: bool) -> Pairs:
        """All files below the class folders of `folder`, and, if `loose`, those right in it."""
        self._refuse_nested(class_folders)
        found = map(self._class, class_folders)
        pairs = list(itertools.chain.from_iterable(found))
        if not loose:
            self.refuse_files(folder)
            return pairs
        return pairs + [(name, "") for name in self.files(folder)]

    def files(self, folder: Path) -> list[str]:
        """Names, relative to the root, of the usable files right in `folder`."""
        ours, others = self._told_apart(folder)
        usable = list(filter(self._is_usable, ours))
        self._pass_over(folder, others)
        return [path.relative_to(self.root).as_posix() for path in usable]

    def refuse_files(self, folder: Path) -> None:
        """Warns of files right in `folder`, which is no class folder."""
        ours, others = self._told_apart(folder)
        noun = self.layout.noun
        message = f"this {noun} lies in no class folder and is left out. Move it into one."
        for path in ours:
            self._add("warning", "no-class", path, message)
        self._pass_over(folder, others)

    def entered(self, folder: Path) -> list[Path]:
        """The folders in `folder` that are no links, which could lead anywhere or in circles."""
        inner = folders(folder)
        self.problems.extend(folders_called_so(self.root, inner))
        for link in filter(Path.is_symlink, inner):
            self._add("error", "outside", link, LINK)
        return [entry for entry in inner if not entry.is_symlink()]

    def note_splits(self, splits: Mapping[Path, str]) -> None:
        """Notes folders that are taken for splits though they are called otherwise."""
        for folder, split in splits.items():
            if folder.name.lower() not in SPLIT_NAMES:
                message = f"this folder is read as the split {split}. Rename it if it is a class."
                self._add("note", "split-name", folder, message)

    def _refuse_nested(self, class_folders: Sequence[Path]) -> None:
        """Refuses class folders most of which hold folders of the same names, and none a file.

        The inner folders, which may be the classes or the splits, would be lost. Numbers, such as
        years, are neither.
        """
        words = sorted(name for name in self._shared(class_folders) if not name.isdigit())
        if len(words) > 1:
            noun = self.layout.noun
            raise PipelineError(
                f"{self.root}: the folders {few([folder.name for folder in class_folders])} hold"
                f" folders called {few(words)}, and no {noun} themselves. If those are the"
                " classes, call the outer ones train, validation and test; if these are the"
                f" classes, put their {noun}s right into them."
            )

    def _shared(self, class_folders: Sequence[Path]) -> set[str]:
        """The names of folders with files that lie below more than half of the class folders, if
        no class folder holds a file itself."""
        if any(self._told_apart(folder)[0] for folder in class_folders):
            return set()
        found = list(filter(None, map(self._names_below, class_folders)))
        counts = collections.Counter(itertools.chain.from_iterable(found))
        least = max(2, len(found) // 2 + 1)
        return {name for name, count in counts.items() if count >= least}

    def _names_below(self, folder: Path) -> set[str]:
        """The names of the folders with files below a folder, links apart."""
        names = set()
        for inner in folders(folder):
            if not inner.is_symlink() and self.layout.has_file(inner):
                names |= {inner.name} | self._names_below(inner)
        return names

    def refuse_classes(self, splits: Sequence[Path], others: Sequence[Path]) -> None:
        """Refuses class folders beside folders of splits; one without files is only mentioned."""
        noun = self.layout.noun
        for folder in others:
            if self.layout.has_file(folder):
                listed = ", ".join(shown(self.root, split) for split in splits)
                raise PipelineError(
                    f"{self.root} holds folders of splits ({listed}) beside another folder of"
                    f" {noun}s ({shown(self.root, folder)}). Move every class folder into a split,"
                    " or rename a class that is called like a split."
                )
            message = f"passed over: a folder without {noun}s beside the splits."
            self._add("note", f"not-a-{noun}", folder, message)

    def _class(self, folder: Path) -> Pairs:
        """All files in a class folder and below."""
        names = self._below(folder)
        if not names:
            self._add("warning", "empty-class", folder, self._without_files())
        return [(name, folder.name) for name in names]

    def _below(self, folder: Path) -> list[str]:
        """Names of all usable files in `folder` and below."""
        names = self.files(folder)
        for inner in self.entered(folder):
            names += self._below(inner)
        return names

    def _told_apart(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The files right in `folder`: (those of the kind, others)."""
        found: dict[bool, list[Path]] = {True: [], False: []}
        for entry in visible(folder):
            if not entry.is_dir():
                found[self._is_of_the_kind(entry)].append(Path(entry.path))
        return found[True], found[False]

    def _is_of_the_kind(self, entry: os.DirEntry) -> bool:
        is_file = entry.is_symlink() or entry.is_file()
        return is_file and self.layout.is_one(Path(entry.path))

    def _is_usable(self, path: Path) -> bool:
        """Whether a file can be used; if not, why is a Problem."""
        fault = _fault_of_link(self.root, path) if path.is_symlink() else None
        fault = fault or _fault_of_name(path)
        if fault:
            self._add("error", *fault)
        return not fault

    def _without_files(self) -> str:
        return (
            f"this class folder holds no usable {self.layout.noun} and is left out. Add some, or"
            " delete the folder."
        )

    def _pass_over(self, folder: Path, others: Sequence[Path]) -> None:
        """Says that the files of another kind in `folder` are left out."""
        self.problems.extend(passed_over(self.root, folder, others, self.layout.kind))

    def _add(self, severity: str, kind: str, path: Path, message: str) -> None:
        where = shown(self.root, path)
        example = where if severity == "error" else ""
        self.problems.append(Problem(severity, kind, where, message, example))


def _class_folders(tops: list[Path]) -> list[Path]:
    """The folders in those of splits; without splits all of `tops`."""
    splits = [folder for folder in tops if split_of(folder)]
    if not splits:
        return tops
    return [inner for split in splits for inner in folders(split)]


def _is_of_another(tops: Sequence[Path], classes: Sequence[Path]) -> bool:
    """Whether the names of folders tell of another format."""
    names = {folder.name.lower() for folder in (*tops, *classes)}
    has_domains = {folder.name for folder in tops} >= DOMAINS
    has_resolutions = any(_resolution_folders.pairs([*tops, *classes], "train"))
    has_masks = _mask_folders.by_ends(tops) is not None
    is_named = not names.isdisjoint(OTHER_LAYOUTS)
    return has_domains or has_resolutions or has_masks or is_named


def _is_beside_a_table(path: Path, classes: Sequence[Path]) -> bool:
    """Whether a table has the labels, and the one folder its files."""
    return len(classes) == 1 and any(entry.name.lower().endswith(TABLES) for entry in visible(path))


def _fault_of_link(root: Path, path: Path) -> tuple[str, Path, str] | None:
    """Why a link cannot be used, as (kind, file, message), or None."""
    if inside(root, path.relative_to(root)) is None:
        return "outside", path, "this link leads out of the data. Copy the file here."
    if not path.is_file():
        return "missing-file", path, "this link leads to no file. Copy the file here."
    return None


def _fault_of_name(path: Path) -> tuple[str, Path, str] | None:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        message = "the name of this file or of its folder is not UTF-8. Rename it."
        return "file-name", path, message
    return None
