"""What tasks of boxes share: letterboxes, room for boxes, COCO's scores, and drawings."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import Problem
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas
    from pipelines.edge import detection as edge
    from pipelines.metrics import box_errors, mean_average_precision
    from pipelines.ops import boxes as box_ops
    from pipelines.ops import images

DRAWN = 320  # pixels that a drawn picture is enlarged to, or captions would cover it
DETECTIONS = 100  # most that COCO's protocol counts in a picture
LEAST, MOST = 96, 640  # pixels of a letterbox that follows the data
SMALL = 20  # pixels of it that an object of the smallest class should measure: cells are of 8


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """What every detector is asked: the size of a picture, and which boxes are an answer."""

    image_size: int = setting(
        0,
        "side of the letterbox; 0 follows the data, 96 to 640, so that the smallest class measures"
        " 20",
        "px",
        low=0,
        high=2048,
        multiple_of=32,
    )
    max_boxes: int = setting(
        0,
        "most boxes in a picture; 0 takes the most that the data has",
        "boxes",
        low=0,
        high=100_000,
    )
    max_detections: int = setting(
        0,
        "most objects that are found in a picture; 0 takes 100, or max_boxes if that is more",
        "boxes",
        low=0,
        high=100_000,
    )
    nms_iou: float = setting(
        0.6, "IoU above which the lower scored of two boxes of a class is dropped", low=0, high=1
    )
    least_score: float = setting(
        0.005, "score below which nothing is found, for the metrics", low=0.0, high=1.0
    )
    shown_score: float = setting(
        0.3, "score below which nothing is shown, in pictures and answers", low=0.0, high=1.0
    )


def _side(data):
    """Pixels of a letterbox that shows the smallest class well, and that its pictures fill."""
    side = min(MOST, data.median_side)
    if data.small_side:
        side = min(side, SMALL / data.small_side)
    return max(LEAST, round(side / 32) * 32)


def _too_many(examples, i, most):
    """The Problem of a picture with more boxes than there is room for."""
    message = (
        f"it has {len(examples.columns['objects/bbox'][i]):,} boxes, and max_boxes is {most:,}."
        " Raise it, or leave the picture out by on_bad_data=skip."
    )
    return Problem("error", "too-many-boxes", examples.where[i], message, examples.names[i])


class Boxes(Method):
    """A task whose answer is a box and a class for each object in a picture."""

    features = {
        "image": Feature("picture"),
        "objects/bbox": Feature("boxes"),
        "objects/label": Feature("labels"),
    }
    target = "objects/label"
    scores = (
        Score("map50"),
        Score("map50_95"),
        Score("map75"),
        Score("recall"),
        Score("f1"),
    )
    decode_in_float = True  # boxes moved apart by class do not fit into the 256 steps of int8

    def adapt(self, data, config):
        """Data with an error for each picture with more boxes than `max_boxes`, if that is set."""
        if not config.max_boxes:
            return data
        found = [
            _too_many(examples, i, config.max_boxes)
            for examples in data.splits.values()
            for i, boxes in enumerate(examples.columns.get("objects/bbox", ()))
            if len(boxes) > config.max_boxes
        ]
        new = [problem for problem in found if problem not in data.problems]
        return dataclasses.replace(data, problems=[*data.problems, *new])

    def resolve(self, config, data):
        """Settings that follow from the data: the picture's size and the number of boxes there is
        room for."""
        changes = {}
        if not config.image_size:
            changes["image_size"] = _side(data)
        most = data.longest.get("objects/bbox", 0)
        if not most:
            raise PipelineError(
                "the data has no boxes (objects/bbox). Name data with boxes, or another task."
            )
        if not config.max_boxes:
            changes["max_boxes"] = most
        elif config.max_boxes < most:
            raise PipelineError(
                f"max_boxes is {config.max_boxes}, and a picture has {most} boxes. Raise it, or"
                " leave it 0."
            )
        if not config.max_detections:
            changes["max_detections"] = max(DETECTIONS, most)
        return config.replace(**changes)

    def check(self, examples, config):
        """Raises PipelineError if a picture has more boxes than there is room for: none is
        dropped silently."""
        if "objects/bbox" not in examples.columns:
            raise PipelineError(
                "the data has no boxes (objects/bbox). Name data with boxes, or another task."
            )
        for where, boxes in zip(examples.where, examples.columns["objects/bbox"], strict=True):
            if len(boxes) > config.max_boxes:
                raise PipelineError(
                    f"{where}: {len(boxes)} boxes, and the model was set up for {config.max_boxes}"
                    f" at most. Train with max_boxes={len(boxes)}, or evaluate without this"
                    " picture."
                )

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3), "objects/bbox": (n, 4), "objects/label": (n,)} -> the
        letterbox and its boxes.

        Inputs: {"image": uint8 (S, S, 3)}. Targets, N = max_boxes: {"boxes": float (N, 4) yxyx in
        [0,
            1] of the letterbox,
        "labels": int32 (N,), -1 behind the last box, "crowd": int32 (N,), "size": int32 (2,) of the
            original, pixels,
        "content": int32 (4,), where the picture lies in the letterbox, pixels}.
        """
        picture, size = example["image"], config.image_size
        image, content = images.letterbox(picture, size)
        boxes = tf.clip_by_value(
            tf.reshape(tf.cast(example["objects/bbox"], tf.float32), (-1, 4)), 0, 1
        )
        inner = tf.cast(content, tf.float32) / size
        boxes = boxes * tf.tile(inner[2:] - inner[:2], [2]) + tf.tile(inner[:2], [2])
        labels = tf.cast(example["objects/label"], tf.int32)
        crowd = tf.cast(example.get("objects/is_crowd", tf.zeros_like(labels)), tf.int32)

        def padded(values, nothing):
            short = [[0, config.max_boxes - tf.shape(values)[0]]] + [[0, 0]] * (
                values.shape.rank - 1
            )
            return tf.ensure_shape(
                tf.pad(values, short, constant_values=nothing),
                (config.max_boxes, *values.shape[1:]),
            )

        targets = {
            "boxes": padded(boxes, 0.0),
            "labels": padded(labels, -1),
            "crowd": padded(crowd, 0),
            "size": tf.ensure_shape(tf.shape(picture)[:2], (2,)),
            "content": content,
        }
        return {"image": image}, targets

    def device(self, config):
        """How sure an answer must be to be shown, and that pictures keep their ratio."""
        return {"shown_score": config.shown_score, "fit": "letterbox"}

    def metrics(self, config):
        """COCO's protocol. map50, the first one named, is what an exported file is judged by: it
        says whether objects are
        found, class by class; map50_95 moves with every pixel that rounding shifts a box."""
        return [mean_average_precision.MeanAveragePrecision(config.labels, config.max_detections)]

    def difference(self, wanted, got, config):
        """How far the objects of one decoded batch lie from those of another, in [0, 1], in
        whatever order they come.

        Each object that is shown in one is held against all of its class in the other: the least
        that its score differs by and its box lacks to an IoU of 1, whichever is more, or its score
        if there is nothing near. So neither scores that are nearly equal and change places nor
        what is hardly an object count.
        """
        largest = 0.0
        for mine, other in ((wanted, got), (got, wanted)):
            for boxes, scores, classes, others, their_scores, their_classes in zip(
                *(
                    np.asarray(found[name])
                    for found in (mine, other)
                    for name in ("boxes", "scores", "classes")
                ),
                strict=True,
            ):
                shown = scores >= config.shown_score
                apart = 1 - keras.ops.convert_to_numpy(box_ops.iou(boxes[shown], others))
                apart = np.maximum(apart, np.abs(scores[shown, None] - their_scores))
                apart = np.where(classes[shown, None] == their_classes, apart, 1.0)
                largest = max(
                    largest, np.minimum(apart.min(1, initial=1.0), scores[shown]).max(initial=0.0)
                )
        return float(largest)

    def truth(self, targets, config):
        """{"boxes": (N, 4), "labels", "crowd": (N,)} -> the boxes that there are, scored 1."""
        there = (np.asarray(targets["labels"]) >= 0) & (np.asarray(targets["crowd"]) == 0)
        boxes, classes = (np.asarray(targets[name])[there] for name in ("boxes", "labels"))
        return {"boxes": boxes, "scores": np.ones(len(boxes)), "classes": classes}

    def draw(self, inputs, decoded, config, targets=None):
        """One picture with the boxes found in it, at least 320 px wide, uint8 (H, W, 3).

        Without targets each has its class and score. With them those that are right have the colour
        of their class, what is wrong is named in red, what was missed in white, see
        `metrics.box_errors`, and a line below counts both.
        """
        image, side = np.asarray(inputs["image"]), config.image_size
        shown = np.flatnonzero(np.asarray(decoded["scores"]) >= config.shown_score)
        boxes, scores, classes = (
            np.asarray(decoded[name])[shown] for name in ("boxes", "scores", "classes")
        )
        factor = max(1, -(-DRAWN // side))
        image, boxes = (
            image.repeat(factor, 0).repeat(factor, 1),
            boxes.reshape(-1, 4) * side * factor,
        )
        named = [f"{config.labels[c]} {s:.2f}" for c, s in zip(classes, scores, strict=True)]
        if targets is None:
            return edge.marked(image, boxes, named, classes.tolist())
        there = (np.asarray(targets["labels"]) >= 0) & (np.asarray(targets["crowd"]) == 0)
        truth, labels = (
            np.asarray(targets["boxes"])[there] * side * factor,
            np.asarray(targets["labels"])[there],
        )
        kinds, missed = box_errors.errors(truth, labels, boxes, classes)
        marks = [
            (box, "", int(c))
            for box, c, kind in zip(boxes, classes, kinds, strict=True)
            if not kind
        ]
        marks += [(truth[i], f"missed {config.labels[labels[i]]}", edge.WHITE) for i in missed]
        marks += [
            (b, f"{kind}: {n}", edge.RED)
            for b, n, kind in zip(boxes, named, kinds, strict=True)
            if kind
        ]
        drawn = edge.marked(image, *zip(*marks, strict=True)) if marks else image
        counts = {"right": kinds.count(""), "missed": len(missed)} | {
            kind: kinds.count(kind) for kind in box_errors.KINDS
        }
        line = (
            ", ".join(f"{n} {what}" for what, n in counts.items() if n)
            or "nothing there, nothing found"
        )
        return canvas.captioned(
            drawn, [line], "good" if counts["right"] == len(kinds) and not missed else "bad"
        )
