"""A folder of pictures without labels: *.jpg, or SPLIT/*.jpg with splits named train, validation,
test."""

from collections.abc import Iterable
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _left_out, masks
from pipelines.formats._folders import folders, root_of, split_folders, split_of, visible
from pipelines.formats._picture_files import folders_called_so, is_picture, passed_over
from pipelines.formats.examples import (
    Data,
    Problem,
    cut_splits,
    inside,
    of_files,
)

ANNOTATIONS = frozenset((".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".txt"))


def detect(path: Path) -> bool:
    """Whether `path` holds pictures, in itself or in folders of splits, and is of no other
    format."""
    return path.is_dir() and not masks.detect(path) and _holds_pictures_alone(path)


def read(path: str | Path) -> Data:
    """Pictures as `image`. A link out of the data is an error.

    Raises PipelineError without a picture.
    """
    root = root_of(path, "the pictures")
    problems: list[Problem] = []
    found = _by_split(root, problems)
    if not any(found.values()):
        raise PipelineError(
            f"no usable picture in {path}. Put pictures right into it, or into train/ and test/."
        )
    used = [root / name for names in found.values() for name in names]
    problems += _left_out.pictures(root, used, problems)
    splits = {split: of_files(root, names) for split, names in found.items()}
    return Data(str(root), "pictures", cut_splits(splits), {}, problems)


def _by_split(root: Path, problems: list[Problem]) -> dict[str, list[str]]:
    """The pictures in the folders of splits; without these all are `train`."""
    found: dict[str, list[str]] = {}
    for split, folder in split_folders(root):
        found.setdefault(split, []).extend(listed(root, folder, problems))
    return found or {"train": listed(root, root, problems)}


def listed(root: Path, folder: Path, problems: list[Problem]) -> list[str]:
    """Names, relative to `root`, of the pictures right in `folder`, in their order."""
    files = [Path(entry.path) for entry in visible(folder) if not entry.is_dir()]
    problems += folders_called_so(root, folders(folder))
    found = list(filter(is_picture, files))
    problems += passed_over(root, folder, [file for file in files if file not in set(found)])
    usable = [path for path in found if _is_usable(root, path, problems)]
    return [path.relative_to(root).as_posix() for path in usable]


def _is_picture(path: Path) -> bool:
    return is_picture(path) and not path.is_dir()


def _is_usable(root: Path, path: Path, problems: list[Problem]) -> bool:
    """Whether a picture is in the data; if not, it is a Problem."""
    name = path.relative_to(root).as_posix()
    if inside(root, name) is not None and path.is_file():
        return True
    message = "this link leads out of the data or to no file. Copy the picture here."
    problems.append(Problem("error", "outside", name, message, name))
    return False


def _holds_pictures_alone(path: Path) -> bool:
    entries = [entry for entry in path.iterdir() if not _is_hidden(entry)]
    folders = list(filter(Path.is_dir, entries))
    inner = [entry for split in filter(split_of, folders) for entry in split.iterdir()]
    others = (file for folder in folders if not split_of(folder) for file in folder.rglob("*"))
    if _has_annotation((*entries, *inner)) or _has_folder(inner) or any(map(_is_data, others)):
        return False
    return any(map(_is_picture, (*entries, *inner)))


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _is_data(file: Path) -> bool:
    """Whether a file, which lies in no folder of a split, tells of another format."""
    return _is_picture(file) or file.suffix.lower() in ANNOTATIONS


def _has_annotation(entries: Iterable[Path]) -> bool:
    found = (entry.name.lower() for entry in entries if entry.suffix.lower() in ANNOTATIONS)
    return not all("readme" in name for name in found)


def _has_folder(entries: Iterable[Path]) -> bool:
    return any(entry.is_dir() and not _is_hidden(entry) for entry in entries)
