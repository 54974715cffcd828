"""Pictures and masks of the same names: images/ and masks/, train/ and trainannot/, NAME.jpg and
NAME_mask.png."""

import itertools
import operator
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _left_out, _mask_classes, _mask_files, _voc_files
from pipelines.formats import _mask_folders as mask_folders
from pipelines.formats._folders import (
    few,
    pictures_are,
    root_of,
    shown,
    split_folders,
    split_of,
)
from pipelines.formats._lines import lines_of
from pipelines.formats._listed_pictures import Pictures
from pipelines.formats._picture_files import passed_over
from pipelines.formats.examples import (
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
    inside,
    own_file,
)

LISTS = (".", "splits", "ImageSets/Segmentation")  # folders of train.txt, val.txt and test.txt
FEATURE = "segmentation_mask"

Row = tuple[str, str, str]  # (name, path of the picture, path of the mask)


def detect(path: Path) -> bool:
    """Whether `path` has a folder of pictures and one of masks, or masks beside pictures."""
    if not path.is_dir() or _voc_files.has_annotations(path):
        return False  # of Pascal VOC with both, see `ALSO` of voc.py
    if mask_folders.pairs(path):
        return True
    splits = [folder for _, folder in split_folders(path)]
    return any(map(mask_folders.has_both, (path, *splits)))


def read(path: str | Path) -> Data:
    """Pictures with their masks as `segmentation_mask`.

    Splits are folders (images/train, train/images, train and trainannot), or lists of names
    (train.txt, val.txt, test.txt); what is missing is cut by name. Classes come from a file of
    classes, see `_mask_classes.read`, or from the values. A picture without a mask is an error,
    a mask without a picture a warning. Raises PipelineError if nothing pairs up.
    """
    root = root_of(path, "the pictures and their masks")
    problems: list[Problem] = []
    found = _found(root, problems)
    if not any(found.values()):
        raise PipelineError(
            f"no picture in {path} has a mask of its name. Put pictures in images/ and masks in"
            " masks/ under equal names."
        )
    files = [file for rows in found.values() for _, *own in rows for file in own]
    problems += _left_out.pictures(root, files, problems)
    found = _listed(root, found, problems)
    sources = [mask for _, _, mask in itertools.chain(*found.values())]
    labels, table, notes = _mask_files.classes(sources, root.name, *_mask_classes.read(root))
    splits = {split: _examples(sorted(rows), table) for split, rows in found.items()}
    return Data(str(root), "masks", cut_splits(splits), {FEATURE: labels}, problems + notes)


def _found(root: Path, problems: list[Problem]) -> dict[str, list[Row]]:
    """The pictures with their masks by split."""
    found: dict[str, list[Row]] = {}
    pairs = mask_folders.pairs(root)
    for split, pictures, masks in pairs:
        for folder in (pictures, masks):
            problems += [*_same_names(root, folder), *_passed_over(root, folder)]
        stems = mask_folders.stems(pictures), mask_folders.stems(masks)
        found.setdefault(split, []).extend(_paired(root, *stems, problems))
    return found if pairs else _found_by_name(root, problems)


def _found_by_name(root: Path, problems: list[Problem]) -> dict[str, list[Row]]:
    """The same if masks lie among pictures."""
    found: dict[str, list[Row]] = {}
    for split, folder in split_folders(root) or [("train", root)]:
        problems += [*_same_names(root, folder), *_passed_over(root, folder)]
        rows = _paired(root, *mask_folders.told_apart(folder), problems)
        found.setdefault(split, []).extend(rows)
    return found


def _paired(
    root: Path, pictures: Mapping[str, Path], masks: Mapping[str, Path], problems: list[Problem]
) -> list[Row]:
    """{stem: file} of pictures and of masks -> rows; what is left over goes to `problems`."""
    rows, used = [], set()
    by_plain = {mask_folders.plain(stem): mask for stem, mask in masks.items()} | dict(masks)
    for stem, picture in pictures.items():
        mask = by_plain.get(stem)
        fault = _fault(root, picture, mask)
        used.add(mask)
        if fault:
            problems.append(fault)
        else:
            rows.append((shown(root, picture), str(picture), str(mask)))
    problems += [_alone(shown(root, mask)) for mask in masks.values() if mask not in used]
    problems.sort(key=operator.attrgetter("kind", "where"))
    return rows


def _alone(mask: str) -> Problem:
    message = (
        "this mask has no picture of its name and is left out. Add the picture, or delete the mask."
    )
    return Problem("warning", "missing-picture", mask, message)


def _fault(root: Path, picture: Path, mask: Path | None) -> Problem | None:
    """Why a picture cannot be used with its mask, or None."""
    name = shown(root, picture)
    if mask is None:
        message = "this picture has no mask of its name. Add the mask, or move the picture away."
        return Problem("error", "missing-mask", name, message, name)
    for file in (picture, mask):
        if inside(root, file.relative_to(root)) is None:
            message = "this link leads out of the data. Copy the file here."
            return Problem("error", "outside", shown(root, file), message, name)
    return None


def _listed(
    root: Path, found: dict[str, list[Row]], problems: list[Problem]
) -> dict[str, list[Row]]:
    """Splits as lists of names give them, if there are such lists and no folders of splits.

    Warns of pictures that no list names.
    """
    lists = _lists(root) if list(found) == ["train"] else {}
    if not lists:
        return found
    rows = {row[0]: row for row in found["train"]}
    named = _assigned(lists, _known(root, rows, problems))
    _weigh_lists(rows, named, problems)
    listed: dict[str, list[Row]] = {split: [] for split in lists}
    for name in filter(rows.__contains__, named):
        listed[named[name]].append(rows[name])
    return listed


def _known(root: Path, rows: Iterable[str], problems: Iterable[Problem]) -> Pictures:
    """What a line of a list may name: pictures with a mask, and those that cannot be used."""
    folders = [pictures for _, pictures, _ in mask_folders.pairs(root)] or [root]
    faulty = {problem.example for problem in problems} - {""}
    return Pictures([*rows, *faulty], shown(root, folders[0]))


def _weigh_lists(
    rows: Mapping[str, Row], named: Mapping[str, str], problems: list[Problem]
) -> None:
    """Drops problems of pictures that no list names, and warns of what is left out."""
    # The lists say which pictures count: VOC 2012 has masks of a sixth of its pictures alone.
    without = {p.where for p in problems if p.kind == "missing-mask"} - named.keys()
    problems[:] = [p for p in problems if p.kind != "missing-mask" or p.where in named]
    left = sorted((rows.keys() | without) - named.keys())
    if left:
        message = (
            f"{pictures_are(len(left))} in no list and left out: {few(left)}. List what is meant."
        )
        problems.append(Problem("warning", "unlisted", left[0], message))


def _assigned(lists: Mapping[str, Path], pictures: Pictures) -> dict[str, str]:
    """{split: file of names} -> {name of a picture: its split}.

    Raises PipelineError if a list names a picture again, or one that there is not.
    """
    taken: dict[str, str] = {}
    for split, file in lists.items():
        for where, line in _lines_of(file):
            name = pictures.find(line, where)
            if name is None:
                raise PipelineError(
                    f"{where}: there is no picture {line!r} with a mask. Mend the line or delete"
                    " it."
                )
            if name in taken:
                raise PipelineError(
                    f"{where}: {line!r} is in {taken[name]} already. Keep one of the two."
                )
            taken[name] = split
    return taken


def _lists(root: Path) -> dict[str, Path]:
    """{split: file of names} of the first of the folders LISTS that has any."""
    for folder in map(root.joinpath, LISTS):
        lists: dict[str, Path] = {}
        for file in sorted(folder.glob("*.txt")):
            split = split_of(file.with_suffix(""))
            if split and lists.setdefault(split, own_file(root, file)) != file:
                raise PipelineError(
                    f"{lists[split]} and {file} are both lists of {split}. Keep one of them."
                )
        if lists:
            return {split: lists[split] for split in SPLITS if split in lists}
    return {}


def _lines_of(file: Path) -> Iterable[tuple[str, str]]:
    """Yields (file:line, what it says) of each line that is not blank."""
    for i, line in enumerate(lines_of(file), 1):
        if line.strip():
            yield f"{file}:{i}", line.strip()


def _passed_over(root: Path, folder: Path) -> Iterable[Problem]:
    """Problems of the files that are no pictures, folder by folder."""
    for place, files in mask_folders.others(folder):
        yield from passed_over(root, place, files)


def _same_names(root: Path, folder: Path) -> Iterable[Problem]:
    """Problems of the files that have another's name but for the suffix, and so are left out."""
    taken = mask_folders.stems(folder)
    for stem, file in mask_folders.files(folder):
        if file != taken[stem]:
            message = (
                f"{taken[stem].name} has this name too but for its suffix, and is taken. Rename or"
                " delete one."
            )
            yield Problem("warning", "same-name", shown(root, file), message)


def _examples(rows: list[Row], table: _mask_files.Table) -> Examples:
    columns = {
        "image": [picture for _, picture, _ in rows],
        FEATURE: [mask for _, _, mask in rows],
    }
    names = [name for name, _, _ in rows]
    return Examples(names, columns, list(names), ("image",), {FEATURE: table})
