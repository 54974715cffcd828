"""Pictures of two domains, none of which belongs to one of the other: trainA/ trainB/, and maybe
testA/ testB/."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _left_out, pictures
from pipelines.formats._folders import folders, root_of
from pipelines.formats.examples import (
    SPLIT_NAMES,
    Data,
    Examples,
    Problem,
    cut_splits,
    joined,
    of_files,
)

DOMAINS = ("A", "B")


def detect(path: Path) -> bool:
    """Whether `path` has a folder trainA or trainB."""
    return path.is_dir() and any(split == "train" for split, _, _ in _folders(path))


def read(path: str | Path) -> Data:
    """Pictures as `image`, A or B as `label`.

    A split without folders is cut out of trainA and trainB, but never all that one of them has.
    Raises PipelineError if trainA or trainB holds no picture.
    """
    root = root_of(path, "trainA/ and trainB/")
    problems: list[Problem] = []
    found = _listed(root, problems)
    for domain in DOMAINS:
        if not found.get(("train", domain)):
            raise PipelineError(
                f"{path} has no usable picture in train{domain}/. Put the pictures of {domain}"
                " there."
            )
    used = [root / name for names in found.values() for name in names]
    problems += _left_out.pictures(root, used, problems)
    splits = cut_splits(_examples(root, found))
    for domain in DOMAINS:
        splits = _mended(splits, set(found["train", domain]))
    return Data(str(root), "unpaired", splits, {"label": list(DOMAINS)}, problems)


def _listed(root: Path, problems: list[Problem]) -> dict[tuple[str, str], list[str]]:
    """{(split, domain): names of its pictures}"""
    found: dict[tuple[str, str], list[str]] = {}
    for split, domain, folder in _folders(root):
        names = pictures.listed(root, folder, problems)
        found.setdefault((split, domain), []).extend(names)
    return found


def _examples(root: Path, found: dict[tuple[str, str], list[str]]) -> dict[str, Examples]:
    parts: dict[str, list[Examples]] = {}
    for (split, domain), names in found.items():
        part = of_files(root, names, label=[DOMAINS.index(domain)] * len(names))
        parts.setdefault(split, []).append(part)
    return {split: joined(own) for split, own in parts.items() if any(map(len, own))}


def _mended(splits: dict[str, Examples], own: set[str]) -> dict[str, Examples]:
    """`splits` with the domain of the names `own` back in train if the cut took it away whole."""
    if not own.isdisjoint(splits["train"].names):
        return splits
    back = [_chosen(part, own) for part in splits.values()]
    kept = {split: _chosen(part, {*part.names} - own) for split, part in splits.items()}
    return kept | {"train": joined([kept["train"], *back])}


def _chosen(part: Examples, names: set[str]) -> Examples:
    return part.take(i for i, name in enumerate(part.names) if name in names)


def _folders(root: Path) -> Iterator[tuple[str, str, Path]]:
    """Yields (split, domain, folder)."""
    for folder in folders(root):
        split, domain = SPLIT_NAMES.get(folder.name[:-1].lower()), folder.name[-1:].upper()
        if split and domain in DOMAINS:
            yield split, domain, folder
