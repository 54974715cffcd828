"""MNIST: train-images-idx3-ubyte.gz, t10k-images-idx3-ubyte.gz; with labels,
train-labels-idx1-ubyte.gz and so on; and EMNIST: emnist-letters-train-images-idx3-ubyte.gz."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats import _idx_file
from pipelines.formats._folders import root_of, visible
from pipelines.formats.examples import (
    SPLIT_NAMES,
    Data,
    Examples,
    Problem,
    cut_splits,
    ids_of,
    own_file,
)
from pipelines.formats.memory import pictures

# As the files are called, and as some programs call what they unpack: train-images.idx3-ubyte.
NAME = re.compile(
    r"((?P<set>emnist-[a-z]+)-)?(?P<split>[a-z0-9]+)-(?P<kind>images|labels)"
    r"[-.]idx[13]-ubyte(\.gz)?"
)
SPLITS = {**SPLIT_NAMES, "t10k": "test"}  # t10k: a test of 10,000, MNIST's and those made after it
AXES = {"images": 3, "labels": 1}
Files = dict[tuple[str, str], Path]  # (split, images or labels): file


def detect(path: Path) -> bool:
    """Whether a folder holds the pictures of a split in such a file."""
    return path.is_dir() and any(kind == "images" for _, kind in _files(path, []))


def read(path: str | Path) -> Data:
    """Pictures as `image`, and `label` if the files of labels are there.

    The files hold no names of classes: they are called by their numbers. Raises PipelineError if a
    file is damaged, or if pictures and labels do not belong together.
    """
    root = root_of(path, "the IDX files")
    problems: list[Problem] = []
    is_turned = _is_turned(root, problems)
    files = _files(root, problems)
    splits = sorted({split for split, _ in files})
    if "train" not in splits:
        raise PipelineError(f"{root} has no train-images-idx3-ubyte. Put it there, or its .gz.")
    _check_complete(root, files, splits)
    labels = {split: _labels(files, split) for split in splits if (split, "labels") in files}
    numbers = sorted(set().union(*labels.values()))
    ids = ids_of(numbers)
    found = {split: _examples(files[split, "images"], split, is_turned) for split in splits}
    for split, own in labels.items():
        _check_count(files[split, "labels"], len(own), len(found[split]))
        found[split].columns["label"] = [ids[number] for number in own]
    if not labels:
        return Data(str(root), "idx", cut_splits(found), {}, problems)
    names = {"label": list(map(str, numbers))}
    return Data(str(root), "idx", cut_splits(found, classes="label"), names, problems)


def _files(root: Path, problems: list[Problem]) -> Files:
    """The files of a folder by what they hold; if one is there twice, the one without .gz."""
    found: Files = {}
    for file, match in _named(root):
        key = SPLITS[match["split"]], match["kind"]
        if key in found:
            message = f"{found[key].name} is taken, which holds the same by its name. Delete one."
            problems.append(Problem("note", "twice", file.name, message))
            continue
        found[key] = file
    return found


def _named(root: Path) -> Iterator[tuple[Path, re.Match]]:
    """Each file of a folder that is called like one of these, and what its name says."""
    for entry in visible(root):
        match = NAME.fullmatch(entry.name.lower())
        if match and match["split"] in SPLITS and entry.is_file():
            yield Path(entry.path), match


def _is_turned(root: Path, problems: list[Problem]) -> bool:
    """Whether rows and columns are swapped, as in all of EMNIST, which is noted.

    Raises PipelineError if the files belong to several data sets.
    """
    sets = sorted({match["set"] or "" for _, match in _named(root)})
    if len(sets) > 1:
        named = ", ".join(name or "files without such a name" for name in sets)
        raise PipelineError(
            f"{root} holds several data sets: {named}. Put the files of one into a folder of its"
            " own."
        )
    if not any(sets):
        return False
    message = "EMNIST's files hold columns as rows: pictures are turned upright."
    problems.append(Problem("note", "turned", sets[0], message))
    return True


def _check_complete(root: Path, files: Files, splits: list[str]) -> None:
    """Raises PipelineError if there are labels for some splits only, or labels without pictures."""
    for split in splits:
        absent = [kind for kind in AXES if (split, kind) not in files]
        some = any((other, kind) in files for kind in absent for other in splits)
        is_needed = "images" in absent or some
        if is_needed:
            there = next(file for (own, _), file in files.items() if own == split)
            raise PipelineError(
                f"{root} has {there.name}, and no file of {absent[0]} for it. Add the file, or take"
                f" {there.name} away."
            )


def _examples(file: Path, split: str, is_turned: bool) -> Examples:
    """The pictures of one split. is_turned: rows and columns are swapped in the file."""
    values = _read(file, "images")
    values = values.swapaxes(1, 2) if is_turned else values
    where = [f"{file.name}:{i + 1}" for i in range(len(values))]
    names = [f"{split}/{i:05d}" for i in range(len(values))]
    return Examples(names, {"image": list(map(pictures.png, values))}, where, ("image",))


def _labels(files: Files, split: str) -> list[int]:
    """The class of each picture, as its file has it."""
    return _read(files[split, "labels"], "labels").tolist()


def _read(file: Path, kind: str) -> np.ndarray:
    return _idx_file.read(own_file(file.parent, file), AXES[kind])


def _check_count(file: Path, got: int, count: int) -> None:
    if got != count:
        raise PipelineError(
            f"{file} must have a label for each of {count:,} pictures; it has {got:,}. Take both"
            " files from the same place."
        )
