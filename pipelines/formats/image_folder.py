"""One folder of pictures per class: CLASS/*.jpg, or SPLIT/CLASS/*.jpg with splits named train,
validation, test."""

from pathlib import Path

from pipelines.formats._class_folders import Layout, Pairs, labels_of
from pipelines.formats._picture_files import PICTURE, is_picture
from pipelines.formats.examples import (
    Data,
    Examples,
    cut_splits,
    ids_of,
    of_files,
)

LAYOUT = Layout(PICTURE, ".jpg", is_picture)
detect, listed = LAYOUT.detect, LAYOUT.listed


def read(path: str | Path) -> Data:
    """The pictures of a folder with their class as `label`.

    The class is the first folder; pictures in folders below it count. Raises PipelineError if
    there is no class folder with a picture, or if folders of splits and of classes lie side by
    side.
    """
    root, found, problems = LAYOUT.read(path)
    labels = labels_of(found)
    ids = ids_of(labels)
    splits = {split: _examples(root, pairs, ids) for split, pairs in found.items()}
    return Data(
        str(root), "image_folder", cut_splits(splits, classes="label"), {"label": labels}, problems
    )


def _examples(root: Path, pairs: Pairs, ids: dict[str, int]) -> Examples:
    names = [name for name, _ in pairs]
    return of_files(root, names, label=[ids[label] for _, label in pairs])
