"""A folder of pictures without labels: *.jpg, or SPLIT/*.jpg with splits named train, validation, test."""

from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import masks
from pipelines.formats.examples import (
    PICTURE_SUFFIXES,
    SPLIT_NAMES,
    Data,
    Examples,
    Problem,
    cut_splits,
    inside,
)

ANNOTATIONS = frozenset((".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".txt"))


def detect(path):
    """Whether `path` holds pictures, in itself or in folders of splits, and nothing that tells of another format."""
    if not path.is_dir() or masks.detect(path):
        return False
    entries = [e for e in path.iterdir() if not e.name.startswith(".")]
    splits = [e for e in entries if e.is_dir() and e.name.lower() in SPLIT_NAMES]
    others = [e for e in entries if e.is_dir() and e not in splits]
    if any(is_picture(f) or f.suffix.lower() in ANNOTATIONS for e in others for f in e.rglob("*")):
        return False
    inner = [e for split in splits for e in split.iterdir()]
    if any(
        e.suffix.lower() in ANNOTATIONS
        for e in (*entries, *inner)
        if "readme" not in e.name.lower()
    ):
        return False
    if any(e.is_dir() and not e.name.startswith(".") for e in inner):
        return False
    return any(is_picture(e) for e in (*entries, *inner))


def read(path):
    """Pictures as `image`: Path -> Data. A link out of the data is an error. Raises PipelineError without a picture."""
    root = Path(path).resolve()
    if not root.is_dir():
        raise PipelineError(f"{path} is not a folder. Pass the folder that holds the pictures.")
    problems, found = [], {}
    for folder in sorted(e for e in root.iterdir() if e.is_dir() and e.name.lower() in SPLIT_NAMES):
        found.setdefault(SPLIT_NAMES[folder.name.lower()], []).extend(
            listed(root, folder, problems)
        )
    if not found:
        found["train"] = listed(root, root, problems)
    if not any(found.values()):
        raise PipelineError(
            f"no usable picture in {path}. Put pictures right into it, or into train/ and test/."
        )
    splits = {}
    for split, names in found.items():
        columns = {"image": [str(root / name) for name in names]}
        splits[split] = Examples(names, columns, list(names), pictures=("image",))
    return Data(str(root), "pictures", cut_splits(splits), {}, problems)


def listed(root, folder, problems):
    """Names, relative to `root`, of the pictures right in `folder`, in their order."""
    names = []
    for entry in sorted(folder.iterdir()):
        name = entry.relative_to(root).as_posix()
        if not is_picture(entry) or entry.name.startswith("."):
            continue
        if inside(root, name) is None or not entry.is_file():
            message = "this link leads out of the data or to no file. Copy the picture here."
            problems.append(Problem("error", "outside", name, message, name))
        else:
            names.append(name)
    return names


def is_picture(path):
    """Whether a path is called as a picture is."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.is_dir()
