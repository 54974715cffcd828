"""The file of a detector for MediaPipe's ObjectDetector, which wants boxes before suppression."""

from etils import epy

from pipelines.families import mediapipe

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import tensorflow as tf

    from pipelines.ops import mediapipe_detector


def program(boxes_of, count, model, config, inputs):
    """The program, for `Method.programs`.

    boxes_of: (raw outputs, config) -> boxes (B, A, 4) yxyx in [0, 1], scores (B, A, C). count: A.
    The file gives {"location": (B, A, 4) centre and size, yxhw, "score": (B, A, C)}.
    """

    def cells(values):
        boxes, scores = boxes_of(model(values, training=False), config)
        low, high = boxes[..., :2], boxes[..., 2:]
        return {"location": tf.concat([(low + high) / 2, high - low], -1), "score": scores}

    options = mediapipe_detector.options(count, len(config.labels))
    reading = {"custom": (mediapipe_detector.NAME, options), "boxes": ("location",)}
    return mediapipe.program(cells, inputs, reading)
