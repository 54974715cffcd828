"""Non-maximum suppression with ops that every TFLite runtime has."""

import tensorflow as tf

from pipelines.ops import Tensor

APART = 4.0  # boxes in [0, 1] of different classes, this far apart, never overlap


def suppress(
    boxes: Tensor, scores: Tensor, *, count: int, iou: float, least_score: float, candidates: int
) -> dict[str, Tensor]:
    """The best boxes of each picture.

    boxes: (B, A, 4) yxyx in [0, 1]; scores: (B, A, C) in [0, 1]. A cell stands for its best class
    alone; only boxes of one class suppress each other, if their IoU is above `iou`. The best
    `candidates` cells take part. Returns {"boxes": (B, count, 4), "scores": (B, count), "classes":
    int32 (B, count), "count": int32 (B,)}, the highest score first, zeros behind the last.
    """
    boxes, scores = tf.convert_to_tensor(boxes), tf.convert_to_tensor(scores)

    def one(pair: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return _picture(*pair, count, iou, least_score, candidates)

    if boxes.shape[0] == 1:  # what is exported: without a loop
        return {name: value[None] for name, value in one((boxes[0], scores[0])).items()}
    kinds = {"boxes": tf.float32, "scores": tf.float32, "classes": tf.int32, "count": tf.int32}
    return tf.map_fn(one, (boxes, scores), fn_output_signature=kinds)


def _picture(
    boxes: Tensor, scores: Tensor, count: int, iou: float, least_score: float, candidates: int
) -> dict[str, Tensor]:
    best = tf.reduce_max(scores, -1)
    best, kept = tf.math.top_k(best, min(candidates, boxes.shape[0]))
    boxes = tf.gather(boxes, kept)
    # keras.ops.argmax and argmax over all cells would do more, and Keras's needs an op that LiteRT
    # lacks.
    classes = tf.argmax(tf.gather(scores, kept), -1, output_type=tf.int32)
    chosen, found = tf.raw_ops.NonMaxSuppressionV4(
        boxes=boxes + tf.cast(classes, tf.float32)[:, None] * APART,
        scores=best,
        max_output_size=count,
        iou_threshold=iou,
        score_threshold=least_score,
        pad_to_max_output_size=True,
    )
    is_real = tf.range(count) < found
    real = tf.cast(is_real, tf.float32)
    return {
        "boxes": tf.gather(boxes, chosen) * real[:, None],
        "scores": tf.gather(best, chosen) * real,
        "classes": tf.gather(classes, chosen) * tf.cast(is_real, tf.int32),
        "count": found,
    }


def apart(boxes: Tensor, scores: Tensor, count: int, iou: float) -> Tensor:
    """The best `count` of boxes (K, 4) that do not overlap a better one by more than `iou`.

    scores: (K,), any numbers. Returns (count, 4), the best first, zeros behind the last.
    """
    chosen, found = tf.raw_ops.NonMaxSuppressionV4(
        boxes=boxes,
        scores=scores,
        max_output_size=count,
        iou_threshold=iou,
        score_threshold=tf.float32.min,
        pad_to_max_output_size=True,
    )
    return tf.gather(boxes, chosen) * tf.cast(tf.range(count) < found, tf.float32)[:, None]
