"""Face detection: a box for each face in a picture."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import detecting
from pipelines.task import Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.metrics import found_faces

NO_FACE = frozenset(  # what people call the class of crops that show none
    ("non-face", "non_face", "nonface", "no_face", "background", "negative", "negatives", "other")
)
WHOLE = ((0.0, 0.0, 1.0, 1.0),)


@dataclass(frozen=True, kw_only=True)
class Config(detecting.Config):
    """What every detector of faces is asked."""

    nms_iou: float = setting(
        0.3, "IoU above which the lower scored of two boxes is dropped", low=0, high=1
    )


class FaceDetection(detecting.Boxes):
    """What every method shares: one class, crops in folders as well as boxes, and scores."""

    data = "face_scenes"
    page = "face_detection.md"
    scores = (
        Score("map50"),
        Score("recall_iou40"),
        Score("false_boxes", better="lower", tolerance=0.05),
        Score("map50_95"),
    )

    def adapt(self, data, config):
        """Data with boxes; of crops in class folders, each face is a box that fills its picture."""
        if "objects/bbox" not in data.columns() and "label" in data.labels:
            data = _of_crops(data)
        names = data.labels.get("objects/label", [])
        if len(names) > 1:
            raise PipelineError(
                f"face_detection finds one class, and {data.source} has {len(names)}:"
                f" {', '.join(names[:5])}. Use the task detection."
            )
        return super().adapt(data, config)

    def metrics(self, config):
        """map50 of COCO, and what is found and false at the score from which boxes are shown."""
        return [*super().metrics(config), found_faces.FoundFaces(config.shown_score)]


def _of_crops(data):
    """Data of class folders, two of them, one without faces -> data with boxes."""
    names = data.labels["label"]
    empty = [i for i, name in enumerate(names) if name.lower() in NO_FACE]
    if len(names) != 2 or len(empty) != 1:
        raise PipelineError(
            f"{data.source} has the classes {', '.join(names)}, and two are needed: one of faces,"
            " and one called non-face. Or name data with boxes (`pipelines formats`)."
        )
    splits = {}
    for split, examples in data.splits.items():
        is_face = [label != empty[0] for label in examples.columns["label"]]
        boxes = [np.array(WHOLE[:n], np.float32).reshape(-1, 4) for n in is_face]
        labels = [np.zeros(int(n), np.int64) for n in is_face]
        kept = {k: v for k, v in examples.columns.items() if k != "label"}
        columns = {**kept, "objects/bbox": boxes, "objects/label": labels}
        splits[split] = dataclasses.replace(examples, columns=columns)
    return dataclasses.replace(data, splits=splits, labels={"objects/label": [names[1 - empty[0]]]})
