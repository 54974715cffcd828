"""Which folder holds pictures and which their masks, and which file is a mask, by their names."""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from pipelines.formats._folders import folders, is_seen, split_folders, visible
from pipelines.formats._picture_files import is_picture

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
# What follows the name of a picture in the name of its mask.
SUFFIXES = (
    *("_mask", "-mask", "_label", "_labels", "_seg", "_segmentation", "_gt", "_annotation", "_l"),
)

# What the name of a folder of masks may end in, such as Training_GroundTruth.
ENDS = re.compile(r"(?:masks?|ground_?truth|labels|annotations)$", re.IGNORECASE)

Pair = tuple[str, Path, Path]  # (split, folder of pictures, folder of masks)


def pairs(root: Path) -> list[Pair]:
    """The folders of pictures and masks, found by the names of folders."""
    pictures, masks = _named(root, PICTURES), _named(root, MASKS)
    if pictures and masks:
        return _by_split(root) or [("train", pictures, masks)]
    found = next(filter(None, map(_by_split, folders(root))), []) or _beside(root)
    by_name = None if found else by_ends(folders(root))
    return [("train", *by_name)] if by_name else found


def by_ends(inside: Sequence[Path]) -> tuple[Path, Path] | None:
    """(folder of pictures, folder of masks) if those are the only two of pictures `inside` another,
    one of which is called such as PedMasks, and half of the pictures have masks of their names."""
    found = {
        folder: stems(folder) for folder in inside if ENDS.search(folder.name) or _holds(folder)
    }
    masks = [folder for folder in found if ENDS.search(folder.name)]
    pictures = [folder for folder in found if folder not in masks]
    if len(pictures) != 1 or len(masks) != 1:
        return None
    named = set(map(plain, found[masks[0]])) & found[pictures[0]].keys()
    is_paired = 2 * len(named) >= len(found[pictures[0]]) > 0
    return (pictures[0], masks[0]) if is_paired else None


def _holds(folder: Path) -> bool:
    """Whether a picture lies right in a folder."""
    return any(is_picture(Path(entry.path)) for entry in visible(folder) if entry.is_file())


def has_both(folder: Path) -> bool:
    """Whether a folder has pictures, and masks among them by their names."""
    return bool(told_apart(folder)[1])


def told_apart(folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """The files of a folder with both, as ({stem: picture}, {stem of the picture: its mask}).

    The mask of NAME is called NAME_mask, or by another of SUFFIXES.
    """
    found = stems(folder)
    masks = {plain(stem): file for stem, file in found.items() if _is_mask(stem, found)}
    taken = set(masks.values())
    return {stem: file for stem, file in found.items() if file not in taken}, masks


def _is_mask(stem: str, stems: Collection[str]) -> bool:
    return plain(stem) != stem and plain(stem) in stems


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
            if is_picture(file) and not file.name.startswith("."):
                yield file.relative_to(folder).with_suffix("").as_posix(), file


def others(folder: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Yields (folder, its files that are no pictures) of a folder and of those below it."""
    for base, inner, names in os.walk(folder):
        inner[:] = sorted(filter(is_seen, inner))
        own = [Path(base) / name for name in sorted(names) if is_seen(name)]
        yield Path(base), [file for file in own if not is_picture(file)]


def _by_split(top: Path) -> list[Pair]:
    """The pairs of folders of splits in a folder of pictures and one of masks, both in `top`."""
    pictures, masks = _named(top, PICTURES), _named(top, MASKS)
    if not pictures or not masks:
        return []
    splits = split_folders(pictures)
    found = [(split, own, _named(masks, (own.name.lower(),))) for split, own in splits]
    return [(split, own, other) for split, own, other in found if other]


def _beside(root: Path) -> list[Pair]:
    """The pairs of folders of splits in the root: within each, or the masks in one beside it."""
    splits = split_folders(root)
    found = [(split, _within(own) or _with_masks(root, own)) for split, own in splits]
    return [(split, *pair) for split, pair in found if pair]


def _within(folder: Path) -> tuple[Path, Path] | None:
    pictures, masks = _named(folder, PICTURES), _named(folder, MASKS)
    return (pictures, masks) if pictures and masks else None


def _with_masks(root: Path, pictures: Path) -> tuple[Path, Path] | None:
    masks = _named(root, [pictures.name.lower() + end for end in BESIDE])
    return (pictures, masks) if masks else None


def _named(folder: Path, names: Sequence[str]) -> Path | None:
    """The folder in `folder` that has one of `names` and pictures in it, the first in their
    order."""
    by_name = {inner.name.lower(): inner for inner in folders(folder)}
    there = filter(None, map(by_name.get, names))
    return next(filter(stems, there), None)
