"""The method of detection with small settings, for tests."""

import shapes

from pipelines import catalog

METHOD = catalog.method("yolo")


def config(**settings):
    defaults = dict(
        labels=shapes.LABELS,
        max_boxes=4,
        max_detections=10,
        image_size=64,
        steps_per_epoch=5,
        backbone="csp",
        size="pico",
    )
    return METHOD.Config().replace(**{**defaults, **settings})
