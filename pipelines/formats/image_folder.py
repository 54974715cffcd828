"""One folder of pictures per class: CLASS/*.jpg, or SPLIT/CLASS/*.jpg with splits named train, validation, test."""

from pipelines.formats._class_folders import Layout
from pipelines.formats.examples import PICTURE_SUFFIXES, Data, Examples, cut_splits

LAYOUT = Layout("picture", PICTURE_SUFFIXES)
detect, listed = LAYOUT.detect, LAYOUT.listed


def read(path):
    """The pictures of a folder with their class as `label`: Path -> Data.

    The class is the first folder; pictures in folders below it count. Raises PipelineError where
    there is no class folder with a picture, or where folders of splits and of classes lie side by
    side.
    """
    root, found, problems = LAYOUT.read(path)
    labels = sorted({label for pairs in found.values() for _, label in pairs})
    ids = {label: i for i, label in enumerate(labels)}
    splits = {}
    for split, pairs in found.items():
        names = [name for name, _ in pairs]
        columns = {
            "image": [str(root / name) for name in names],
            "label": [ids[label] for _, label in pairs],
        }
        splits[split] = Examples(names, columns, list(names), pictures=("image",))
    return Data(str(root), "image_folder", cut_splits(splits), {"label": labels}, problems)
