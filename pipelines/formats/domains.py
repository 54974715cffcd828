"""Two domains of pictures: source/CLASS/*.jpg, and target/*.jpg or target/CLASS/*.jpg; SPLIT/ may
stand in between."""

from pathlib import Path

from pipelines.errors import PipelineError, nearest
from pipelines.formats import _left_out, image_folder, pictures
from pipelines.formats._class_folders import Pairs, labels_of
from pipelines.formats.examples import (
    SPLITS,
    UNLABELLED,
    Data,
    Examples,
    Problem,
    cut_splits,
    ids_of,
    joined,
    of_files,
)

DOMAINS = ("source", "target")


def detect(path: Path) -> bool:
    """Whether `path` has the folders source, with class folders, and target, with pictures."""
    source, target = (path / name for name in DOMAINS)
    if not (source.is_dir() and target.is_dir() and image_folder.detect(source)):
        return False
    return image_folder.detect(target) or pictures.detect(target)


def read(path: str | Path) -> Data:
    """Pictures with their `domain`, 0 for source and 1 for target, and the source's classes as
    `label`.

    A target picture in no class folder has the label UNLABELLED. Raises PipelineError if the
    source has no class folder with a usable picture, or the target no usable picture.
    """
    root = Path(path).resolve()
    problems: list[Problem] = []
    _check_folders(path, root)
    source, labels = _source(path, root, problems)
    target = _target(path, root, labels, problems)
    used = [file for name in DOMAINS for file in _left_out.below(root / name)]
    problems += _left_out.pictures(root, used, problems)
    cut = [_cut(root, source, labels, 0), _cut(root, target, labels, 1)]
    splits = {split: joined([part[split] for part in cut]) for split in SPLITS}
    return Data(str(root), "domains", splits, {"label": labels, "domain": list(DOMAINS)}, problems)


def _source(
    path: str | Path, root: Path, problems: list[Problem]
) -> tuple[dict[str, Pairs], list[str]]:
    """({split: pictures}, class names)"""
    found = image_folder.listed(root, root / "source", problems)
    labels = labels_of(found)
    if not labels:
        raise PipelineError(
            f"no class folder with a usable picture in {path}/source. Sort the pictures as"
            " CLASS/*.jpg."
        )
    return found, labels


def _target(
    path: str | Path, root: Path, labels: list[str], problems: list[Problem]
) -> dict[str, Pairs]:
    """{split: pictures of one of the source's classes, or of none}"""
    listed = image_folder.listed(root, root / "target", problems, loose=True)
    found = {split: _known(pairs, labels, problems) for split, pairs in listed.items()}
    if not any(found.values()):
        raise PipelineError(
            f"no usable picture in {path}/target. Put pictures into it; they need no labels."
        )
    return found


def _check_folders(path: str | Path, root: Path) -> None:
    for name in DOMAINS:
        if not (root / name).is_dir():
            raise PipelineError(
                f"{path} has no folder {name}. Put pictures into source/CLASS/ and target/."
            )


def _known(pairs: Pairs, labels: list[str], problems: list[Problem]) -> Pairs:
    """Those whose class the source has too, and those without one."""
    strange: dict[str, list[str]] = {}
    for name, label in pairs:
        if label not in ("", *labels):
            strange.setdefault(label, []).append(name)
    problems += [_unknown(label, names, labels) for label, names in strange.items()]
    return [(name, label) for name, label in pairs if label not in strange]


def _unknown(label: str, names: list[str], labels: list[str]) -> Problem:
    count = f"{len(names):,} pictures here"
    message = f"the source has no class {label!r}, {count}. {nearest(label, labels)}"
    return Problem("error", "unknown-class", names[0], message, names[0])


def _cut(
    root: Path, found: dict[str, Pairs], labels: list[str], domain: int
) -> dict[str, Examples]:
    """All three splits of one domain."""
    splits = {split: _examples(root, pairs, labels, domain) for split, pairs in found.items()}
    nothing = _examples(root, [], labels, domain)
    return dict.fromkeys(SPLITS, nothing) | cut_splits(splits, _without_domain)


def _examples(root: Path, pairs: Pairs, labels: list[str], domain: int) -> Examples:
    ids = {"": UNLABELLED, **ids_of(labels)}
    class_ids = {name: ids[label] for name, label in pairs}
    names = sorted(class_ids)
    own = [class_ids[name] for name in names]
    return of_files(root, names, label=own, domain=[domain] * len(names))


def _without_domain(name: str) -> str:
    """What the splits are cut by.

    Pictures of equal name in both domains, maybe of one thing, stay together.
    """
    return name.partition("/")[2]
