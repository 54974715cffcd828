"""COCO JSON as labels of whole pictures, whose annotations need no boxes: what tasks of labels read
of COCO's files."""

import dataclasses
from pathlib import Path

from pipelines.formats import _coco_json, _coco_scenes
from pipelines.formats.examples import Data, Examples

OBJECTS = "objects/label"


def detect(path: Path) -> bool:
    """Never: COCO's files are found as boxes, and this is another way to read them; see `ALSO` of
    coco.py.
    """
    return False


def read(path: str | Path) -> Data:
    """Pictures with the categories of their annotations as `label`: a class id if each picture has
    one category, or else lists of ids, which are empty for pictures without annotations.

    Raises PipelineError if a file is no COCO JSON, or if there is no usable picture.
    """
    path, scenes, contents = _coco_scenes.gathered(path, _coco_scenes.Reader.labels)
    names = list(_coco_json.names(contents).values())
    data = scenes.data(path, "coco_labels", names, "label: none of the labels holds for them")
    rows = {split: _rows(part) for split, part in data.splits.items()}
    is_class = all(len(row) == 1 for own in rows.values() for row in own)
    splits = {}
    for split, part in data.splits.items():
        label = [row[0] for row in rows[split]] if is_class else rows[split]
        columns = {"image": part.columns["image"], "label": label}
        splits[split] = dataclasses.replace(part, columns=columns)
    return dataclasses.replace(data, splits=splits, labels={"label": names})


def _rows(part: Examples) -> list[list[int]]:
    """The ids of each picture's categories, each once."""
    return [sorted(set(map(int, ids))) for ids in part.columns[OBJECTS]]
