"""Which folder holds pictures, which one their masks, and which of two files is the mask, by their names."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.formats._folders import folders, is_seen, split_folders, split_of
from pipelines.formats.examples import PICTURE_SUFFIXES

PICTURES = (
    *("image", "images", "img", "imgs", "jpegimages", "leftimg8bit", "pictures"),
    *("input", "inputs"),
)
MASKS = (
    *("mask", "masks", "label", "labels", "annotation", "annotations", "annot"),
    *("segmentation", "segmentations", "segmentationclass"),
    *("gt", "gtfine", "groundtruth", "target", "targets"),
)
# What follows the name of a folder of pictures: train/ and trainannot/, train/ and train_labels/.
BESIDE = ("annot", "_annot", "_mask", "_masks", "_label", "_labels")
# What follows the name of a picture in that of its mask.
SUFFIXES = (
    *("_mask", "-mask", "_label", "_labels", "_seg", "_segmentation", "_gt", "_annotation", "_l"),
)

Pair = tuple[str, Path, Path]  # (split, folder of pictures, folder of masks)


def pairs(root: Path) -> list[Pair]:
    """The folders of pictures and masks, found by the names of folders."""
    for top in (root, *folders(root)):
        pictures, masks = _pictures_and_masks(top)
        found = _by_split(pictures, masks) if pictures and masks else []
        if found:
            return found
        if pictures and masks and top == root:
            return [("train", pictures, masks)]
    return [pair for folder in split_folders(root) for pair in _of_split(root, folder)]


def has_both(folder: Path) -> bool:
    """Whether a folder has pictures, and masks among them by their names."""
    return bool(told_apart(folder)[1])


def told_apart(folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """The files of a folder with both, as ({stem: picture}, {stem of the picture: its mask}).

    The mask of NAME is called NAME_mask, or by another of SUFFIXES.
    """
    found = stems(folder)
    marked = {stem: plain(stem) for stem in found if plain(stem) != stem}
    masks = {own: found[stem] for stem, own in marked.items() if own in found}
    taken = set(masks.values())
    return {stem: file for stem, file in found.items() if file not in taken}, masks


def plain(stem: str) -> str:
    """A mask's stem without what marks it as one."""
    end = next(filter(stem.lower().endswith, SUFFIXES), "")
    return stem[: len(stem) - len(end)]


def stems(folder: Path) -> dict[str, Path]:
    """{path below `folder` without suffix: file} of all pictures, in the order of names.

    The first of two of a name.
    """
    found: dict[str, Path] = {}
    for stem, file in files(folder):
        found.setdefault(stem, file)
    return found


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yields (path below `folder` without suffix, file) of all pictures, in the order of names."""
    for base, inner, names in os.walk(folder):
        inner[:] = sorted(filter(is_seen, inner))
        for file in (Path(base) / name for name in sorted(names)):
            if file.suffix.lower() in PICTURE_SUFFIXES and not file.name.startswith("."):
                yield file.relative_to(folder).with_suffix("").as_posix(), file


def _pictures_and_masks(top: Path) -> tuple[Path | None, Path | None]:
    return _named(top, PICTURES), _named(top, MASKS)


def _by_split(pictures: Path, masks: Path) -> list[Pair]:
    """The folders of splits in a folder of pictures, and those of equal names in one of masks."""
    found = []
    for folder in split_folders(pictures):
        other = _named(masks, (folder.name.lower(),))
        if other:
            found.append((split_of(folder), folder, other))
    return found


def _of_split(root: Path, folder: Path) -> Iterator[Pair]:
    """Yields the pair of a split: both folders within its own, or the masks in one beside it."""
    pictures, masks = _pictures_and_masks(folder)
    beside = _named(root, [folder.name.lower() + end for end in BESIDE])
    if pictures and masks:
        yield split_of(folder), pictures, masks
    elif beside:
        yield split_of(folder), folder, beside


def _named(folder: Path, names: Sequence[str]) -> Path | None:
    """The folder in `folder` that has one of `names` and pictures in it, the first in their order."""
    by_name = {inner.name.lower(): inner for inner in folders(folder)}
    there = filter(None, map(by_name.get, names))
    return next(filter(stems, there), None)
