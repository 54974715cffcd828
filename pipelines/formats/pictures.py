"""A folder of pictures without labels: *.jpg, or SPLIT/*.jpg with splits named train, validation, test."""

from collections.abc import Iterable
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import masks
from pipelines.formats._folders import root_of, split_folders, split_of, visible
from pipelines.formats.examples import (
    PICTURE_SUFFIXES,
    Data,
    Problem,
    cut_splits,
    inside,
    of_files,
)

ANNOTATIONS = frozenset((".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".txt"))


def detect(path: Path) -> bool:
    """Whether `path` holds pictures, in itself or in folders of splits, and is of no other format."""
    return path.is_dir() and not masks.detect(path) and _holds_pictures_alone(path)


def read(path: str | Path) -> Data:
    """Pictures as `image`. A link out of the data is an error.

    Raises PipelineError without a picture.
    """
    root, problems, found = root_of(path, "the pictures"), [], {}
    for folder in split_folders(root):
        found.setdefault(split_of(folder), []).extend(listed(root, folder, problems))
    found = found or {"train": listed(root, root, problems)}
    if not any(found.values()):
        raise PipelineError(
            f"no usable picture in {path}. Put pictures right into it, or into train/ and test/."
        )
    splits = {split: of_files(root, names) for split, names in found.items()}
    return Data(str(root), "pictures", cut_splits(splits), {}, problems)


def listed(root: Path, folder: Path, problems: list[Problem]) -> list[str]:
    """Names, relative to `root`, of the pictures right in `folder`, in their order."""
    names = []
    for file in filter(is_picture, (Path(entry.path) for entry in visible(folder))):
        name = file.relative_to(root).as_posix()
        if inside(root, name) is None or not file.is_file():
            message = "this link leads out of the data or to no file. Copy the picture here."
            problems.append(Problem("error", "outside", name, message, name))
        else:
            names.append(name)
    return names


def is_picture(path: Path) -> bool:
    """Whether a path is called as a picture is."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.is_dir()


def _holds_pictures_alone(path: Path) -> bool:
    entries = [entry for entry in path.iterdir() if not _is_hidden(entry)]
    folders = list(filter(Path.is_dir, entries))
    inner = [entry for split in filter(split_of, folders) for entry in split.iterdir()]
    others = (file for folder in folders if not split_of(folder) for file in folder.rglob("*"))
    if _has_annotation((*entries, *inner)) or _has_folder(inner) or any(map(_is_data, others)):
        return False
    return any(map(is_picture, (*entries, *inner)))


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _is_data(file: Path) -> bool:
    """Whether a file, which lies in no folder of a split, tells of another format."""
    return is_picture(file) or file.suffix.lower() in ANNOTATIONS


def _has_annotation(entries: Iterable[Path]) -> bool:
    found = (entry.name.lower() for entry in entries if entry.suffix.lower() in ANNOTATIONS)
    return not all("readme" in name for name in found)


def _has_folder(entries: Iterable[Path]) -> bool:
    return any(entry.is_dir() and not _is_hidden(entry) for entry in entries)
