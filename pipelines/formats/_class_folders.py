"""Class folders of any kind of file, CLASS/* or SPLIT/CLASS/*, read with a Problem for what is left out."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLIT_NAMES, Problem, inside

UNSEEN = frozenset(
    ("thumbs.db", "desktop.ini", "__macosx")
)  # what file managers leave behind, besides hidden files
OTHER_LAYOUTS = frozenset(  # folders that tell that the files belong to another format
    (
        "image",
        "images",
        "jpegimages",
        "label",
        "labels",
        "mask",
        "masks",
        "annotations",
        "imagesets",
    )
    + ("segmentationclass", "traina", "trainb", "testa", "testb", "lr", "hr")
)
TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class Layout:
    """Class folders of one kind of file. noun: what messages call it; suffixes: in lower case."""

    noun: str
    suffixes: frozenset

    def detect(self, path):
        """Whether `path` has such a file below a class folder, and nothing that tells of another format."""
        if not path.is_dir():
            return False
        folders = _folders(path)
        if {"source", "target"} <= {folder.name for folder in folders}:
            return False  # two domains
        splits = [folder for folder in folders if _split(folder)]
        classes = [inner for split in splits for inner in _folders(split)] if splits else folders
        if any(folder.name.lower() in OTHER_LAYOUTS for folder in (*folders, *classes)):
            return False
        if len(classes) == 1 and any(
            entry.name.lower().endswith(TABLES) for entry in _visible(path)
        ):
            return False  # the table has the labels and the one folder its files
        return any(self._has_file(folder) for folder in classes)

    def read(self, path):
        """Folder -> (its root, {split: [(name, class)]} in the order of names, problems).

        The class is the first folder; files in folders below it count. Raises PipelineError where
        there is no class folder with such a file, or where folders of splits and of classes lie
        side by side.
        """
        root = Path(path).resolve()
        if not root.is_dir():
            raise PipelineError(
                f"{path} is not a folder. Pass the folder that holds the class folders."
            )
        problems = []
        found = self.listed(root, root, problems)
        if not any(found.values()):
            example = f"CLASS/*{min(self.suffixes, key=lambda s: (s != '.jpg', s))}"
            raise PipelineError(
                f"no class folder with a usable {self.noun} in {path}. Sort the {self.noun}s as"
                f" {example}."
            )
        return root, {split: sorted(pairs) for split, pairs in found.items()}, problems

    def listed(self, root, top, problems, loose=False):
        """The files below the folder `top`: {split: [(name relative to `root`, class)]}.

        loose: whether files in no class folder count, with the class None. What is passed over goes
            to `problems`.
        """
        found = {}
        tops = _entered(root, top, problems)
        splits = [folder for folder in tops if _split(folder)]
        if splits:
            self._no_classes_beside(
                root, splits, [folder for folder in tops if not _split(folder)], problems
            )
            for folder in splits:
                classes = _entered(root, folder, problems)
                found.setdefault(_split(folder), []).extend(
                    self._classes(root, folder, classes, problems, loose)
                )
            self._files(root, top, problems, in_class=False)
        else:
            found["train"] = self._classes(root, top, tops, problems, loose)
        return found

    def _classes(self, root, folder, classes, problems, loose):
        """All files below the class folders `classes` of `folder`: [(name relative to `root`, class)]."""
        pairs = []
        for class_folder in classes:
            names = self._below(root, class_folder, problems)
            pairs += [(name, class_folder.name) for name in names]
            if not names:
                message = (
                    f"this class folder holds no usable {self.noun} and is left out. Add some, or"
                    " delete the folder."
                )
                problems.append(
                    Problem("warning", "empty-class", _shown(root, class_folder), message)
                )
        return pairs + [
            (name, None) for name in self._files(root, folder, problems, in_class=loose)
        ]

    def _below(self, root, folder, problems):
        """Names, relative to `root`, of all usable files in `folder` and below."""
        names = self._files(root, folder, problems)
        for inner in _entered(root, folder, problems):
            names += self._below(root, inner, problems)
        return names

    def _files(self, root, folder, problems, in_class=True):
        """Names of the usable files right in `folder`. What is passed over goes to `problems`."""
        names, others = [], []
        for entry in _visible(folder):
            if entry.is_dir():
                continue
            path = Path(entry.path)
            if path.suffix.lower() not in self.suffixes or not (
                entry.is_symlink() or entry.is_file()
            ):
                others.append(_shown(folder, path))
            elif not in_class:
                message = (
                    f"this {self.noun} lies in no class folder and is left out. Move it into one."
                )
                problems.append(Problem("warning", "no-class", _shown(root, path), message))
            elif fault := self._fault(root, path):
                kind, message = fault
                problems.append(
                    Problem("error", kind, _shown(root, path), message, _shown(root, path))
                )
            else:
                names.append(path.relative_to(root).as_posix())
        if others:
            files = (
                f"1 file that is no {self.noun}"
                if len(others) == 1
                else f"{len(others)} files that are no {self.noun}s"
            )
            listed = ", ".join(others[:5]) + (", ..." if len(others) > 5 else ".")
            problems.append(
                Problem(
                    "note",
                    f"not-a-{self.noun}",
                    _shown(root, folder),
                    f"passed over {files}: {listed}",
                )
            )
        return names

    def _fault(self, root, path):
        """Why a file cannot be used, as (kind, message), or None."""
        if path.is_symlink():
            if inside(root, path.relative_to(root)) is None:
                return "outside", "this link leads out of the data. Copy the file here."
            if not path.is_file():
                return "missing-file", "this link leads to no file. Copy the file here."
        try:
            str(path).encode("utf-8")
        except UnicodeEncodeError:
            return "file-name", "the name of this file or of its folder is not UTF-8. Rename it."
        return None

    def _no_classes_beside(self, root, splits, others, problems):
        """Refuses class folders beside split folders; another folder without files is only mentioned."""
        for folder in others:
            if self._has_file(folder):
                raise PipelineError(
                    f"{root} holds folders of splits ({', '.join(_shown(root, f) for f in splits)})"
                    f" beside another folder of {self.noun}s ({_shown(root, folder)}). Move every"
                    " class folder into a split, or rename a class that is called like a split."
                )
            message = f"passed over: a folder without {self.noun}s beside the splits."
            problems.append(Problem("note", f"not-a-{self.noun}", _shown(root, folder), message))

    def _has_file(self, folder):
        entries = _visible(folder)
        if any(e.is_file() and Path(e.name).suffix.lower() in self.suffixes for e in entries):
            return True
        return any(self._has_file(e.path) for e in entries if e.is_dir() and not e.is_symlink())


def _entered(root, folder, problems):
    """The folders in `folder` that are no links; links could lead out of the data or in circles and are refused."""
    folders = []
    for inner in _folders(folder):
        if inner.is_symlink():
            message = (
                "links to folders are not followed. Put the folder itself here, or pass it as the"
                " data."
            )
            problems.append(
                Problem("error", "outside", _shown(root, inner), message, _shown(root, inner))
            )
        else:
            folders.append(inner)
    return folders


def _split(folder):
    return SPLIT_NAMES.get(folder.name.lower())


def _folders(folder):
    return [Path(entry.path) for entry in _visible(folder) if entry.is_dir()]


def _visible(folder):
    """What a folder holds, in the order of names, but for hidden files and those of file managers."""
    try:
        with os.scandir(folder) as entries:
            seen = [
                e for e in entries if not e.name.startswith(".") and e.name.lower() not in UNSEEN
            ]
    except OSError as error:
        raise PipelineError(f"cannot read the folder {folder}: {error.strerror}.") from error
    return sorted(seen, key=lambda entry: entry.name)


def _shown(root, path):
    """The name of `path` below `root`, fit to be printed: bytes that are not UTF-8 appear as escapes."""
    return path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode()
