"""Pictures and masks of the same names: images/ and masks/, train/ and trainannot/, NAME.jpg and NAME_mask.png."""

import os
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _mask_files
from pipelines.formats.examples import (
    PICTURE_SUFFIXES,
    SPLIT_NAMES,
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
    inside,
)

PICTURES = (
    "image",
    "images",
    "img",
    "imgs",
    "jpegimages",
    "leftimg8bit",
    "pictures",
    "input",
    "inputs",
)
MASKS = (
    "mask",
    "masks",
    "label",
    "labels",
    "annotation",
    "annotations",
    "annot",
    "segmentation",
    "segmentations",
)
MASKS += ("segmentationclass", "gt", "gtfine", "groundtruth", "target", "targets")
BESIDE = (
    "annot",
    "_annot",
    "_mask",
    "_masks",
    "_label",
    "_labels",
)  # train/ and trainannot/, train/ and train_labels/
SUFFIXES = (
    "_mask",
    "-mask",
    "_label",
    "_labels",
    "_seg",
    "_segmentation",
    "_gt",
    "_annotation",
    "_l",
)
LISTS = (
    ".",
    "splits",
    "ImageSets/Segmentation",
)  # where train.txt, val.txt and test.txt may list names
FEATURE = "segmentation_mask"
UNSEEN = frozenset(("thumbs.db", "desktop.ini", "__macosx"))


def detect(path):
    """Whether `path` has a folder of pictures and one of masks, or masks beside pictures by their names."""
    if not path.is_dir():
        return False
    if _pairs_of_folders(path):
        return True
    folders = [path, *(folder for folder in _folders(path) if _split(folder))]
    return any(_beside(_stems(folder)) for folder in folders)


def read(path):
    """Pictures with their masks as `segmentation_mask`: Path -> Data.

    Splits are folders (images/train, train/images, train and trainannot), or lists of names
    (train.txt, val.txt, test.txt); what is missing is cut by name. Classes come from a file of
    classes, see `_mask_files.read_table`, or from the values. A picture without a mask is an error,
    a mask without a picture a warning. Raises PipelineError where nothing pairs up.
    """
    root = Path(path).resolve()
    if not root.is_dir():
        raise PipelineError(
            f"{path} is not a folder. Pass the folder that holds the pictures and their masks."
        )
    problems, found = [], {}  # found: split -> [(name, picture, mask)]
    pairs = _pairs_of_folders(root)
    for split, pictures, masks in pairs:
        problems += [*_same_names(root, pictures), *_same_names(root, masks)]
        found.setdefault(split, []).extend(_paired(root, _stems(pictures), _stems(masks), problems))
    if not pairs:
        for folder in [f for f in _folders(root) if _split(f)] or [root]:
            stems = _stems(folder)
            masks = _beside(stems)
            problems += _same_names(root, folder)
            pictures = {stem: file for stem, file in stems.items() if file not in masks.values()}
            found.setdefault(_split(folder) or "train", []).extend(
                _paired(root, pictures, masks, problems)
            )
    if not any(found.values()):
        raise PipelineError(
            f"no picture in {path} has a mask of its name. "
            "Put pictures in images/ and masks in masks/ under equal names."
        )
    found = _listed(root, found)
    sources = [mask for rows in found.values() for _, _, mask in rows]
    names, table = _mask_files.read_table(root)
    labels, table, notes = _mask_files.classes(sources, root.name, names, table)
    splits = {}
    for split, rows in found.items():
        rows = sorted(rows)
        names = [name for name, _, _ in rows]
        columns = {
            "image": [picture for _, picture, _ in rows],
            FEATURE: [mask for _, _, mask in rows],
        }
        splits[split] = Examples(names, columns, list(names), ("image",), {FEATURE: table})
    return Data(str(root), "masks", cut_splits(splits), {FEATURE: labels}, problems + notes)


def _pairs_of_folders(root):
    """[(split, folder of pictures, folder of masks)], found by the names of folders."""
    for top in (root, *_folders(root)):
        pictures, masks = _named(top, PICTURES), _named(top, MASKS)
        if pictures and masks:
            inner = [(split, folder, _named(masks, (folder.name.lower(),))) for folder in _folders(pictures)
                     if (split := _split(folder))]  # fmt: skip
            inner = [(split, folder, other) for split, folder, other in inner if other]
            if inner:
                return inner
            if top == root:
                return [("train", pictures, masks)]
    found = []
    for folder in _folders(root):
        if split := _split(folder):
            pictures, masks = _named(folder, PICTURES), _named(folder, MASKS)
            beside = _named(root, [folder.name.lower() + end for end in BESIDE])
            if pictures and masks:
                found.append((split, pictures, masks))
            elif beside:
                found.append((split, folder, beside))
    return found


def _paired(root, pictures, masks, problems):
    """{stem: file} of pictures and of masks -> [(name, picture, mask)]; what is left over goes to `problems`."""
    rows, used = [], set()
    by_plain = {_plain(stem): stem for stem in masks}
    for stem, picture in pictures.items():
        name = _shown(root, picture)
        match = stem if stem in masks else by_plain.get(stem)
        if match is None:
            message = (
                "this picture has no mask of its name. Add the mask, or move the picture away."
            )
            problems.append(Problem("error", "missing-mask", name, message, name))
            continue
        used.add(match)
        outside = [
            file for file in (picture, masks[match]) if inside(root, file.relative_to(root)) is None
        ]
        if outside:
            message = "this link leads out of the data. Copy the file here."
            problems.append(Problem("error", "outside", _shown(root, outside[0]), message, name))
        else:
            rows.append((name, str(picture), str(masks[match])))
    for stem in masks.keys() - used:
        message = (
            "this mask has no picture of its name and is left out. Add the picture, or delete the"
            " mask."
        )
        problems.append(Problem("warning", "missing-picture", _shown(root, masks[stem]), message))
    problems.sort(key=lambda problem: (problem.kind, problem.where))
    return rows


def _listed(root, found):
    """Splits as lists of names give them, where there are such lists and no folders of splits."""
    if list(found) != ["train"]:
        return found
    for folder in LISTS:
        lists = {
            _split(file.with_suffix("")): file for file in sorted((root / folder).glob("*.txt"))
        }
        lists = {split: lists[split] for split in SPLITS if split in lists}
        if lists:
            break
    else:
        return found
    rows, taken, out = {Path(name).stem: row for row in found["train"] for name in row[:1]}, {}, {}
    for split, file in lists.items():
        out[split] = []
        for n, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
            stem = Path(line.split()[0]).stem if line.strip() else ""
            if stem in taken:
                raise PipelineError(
                    f"{file}:{n}: {stem!r} is in {taken[stem]} already. Keep one of the two."
                )
            if stem and stem not in rows:
                raise PipelineError(
                    f"{file}:{n}: there is no picture {stem!r} with a mask. Mend the line or"
                    " delete it."
                )
            if stem:
                taken[stem] = split
                out[split].append(rows[stem])
    return out


def _beside(stems):
    """{stem of a picture: file of its mask} where masks lie among pictures: NAME_mask beside NAME."""
    return {
        plain: file
        for stem, file in stems.items()
        if (plain := _plain(stem)) != stem and plain in stems
    }


def _plain(stem):
    """A mask's stem without what marks it as one."""
    end = next((end for end in SUFFIXES if stem.lower().endswith(end)), "")
    return stem[: len(stem) - len(end)]


def _stems(folder):
    """{path below `folder` without suffix: file} of all pictures, in the order of names; the first of two of a name."""
    found = {}
    for stem, file in _files(folder):
        found.setdefault(stem, file)
    return found


def _same_names(root, folder):
    """Problems of the files that have another's name but for the suffix, and so are left out."""
    taken = _stems(folder)
    for stem, file in _files(folder):
        if file != taken[stem]:
            message = (
                f"{taken[stem].name} has this name too but for its suffix, and is taken. Rename or"
                " delete one."
            )
            yield Problem("warning", "same-name", _shown(root, file), message)


def _files(folder):
    """(path below `folder` without suffix, file) of all pictures, in the order of names."""
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f.lower() not in UNSEEN)
        for name in sorted(files):
            file = Path(base) / name
            if file.suffix.lower() in PICTURE_SUFFIXES and not name.startswith("."):
                yield file.relative_to(folder).with_suffix("").as_posix(), file


def _named(folder, names):
    """The folder in `folder` that has one of `names` and pictures in it, the first in their order, or None."""
    by_name = {inner.name.lower(): inner for inner in _folders(folder)}
    return next(
        (by_name[name] for name in names if name in by_name and _stems(by_name[name])), None
    )


def _split(path):
    return SPLIT_NAMES.get(path.name.lower())


def _folders(folder):
    return sorted(
        Path(e.path) for e in os.scandir(folder) if e.is_dir() and not e.name.startswith(".")
    )


def _shown(root, path):
    return path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode()
