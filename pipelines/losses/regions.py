"""The four losses of Faster R-CNN: of anchors and of regions, each of class and place.

Ren et al. 2015, arXiv:1506.01497, section 3.1.2; Girshick 2015, arXiv:1504.08083, section 2.3.
"""

import keras

from pipelines.losses import matched

ANCHORS = matched.Rule(positive=0.7, negative=0.3)
REGIONS = matched.Rule(positive=0.5, negative=0.5, has_best=False)


class RegionLoss(keras.losses.Loss):
    """targets as `matched.loss` takes them -> one number a batch.

    outputs: {"objectness": logits (B, A, 2), "offsets": (B, A, 4) of anchors; "regions": (B, N, 4),
    "classes": logits (B, N, C + 1), "moves": (B, N, 4) of these}.
    """

    def __init__(self, anchors, name="regions", **kwargs):
        super().__init__(name=name, **kwargs)
        self._anchors = anchors

    def call(self, targets, outputs):
        proposing = matched.loss(
            *(outputs["objectness"], outputs["offsets"], self._anchors, targets, ANCHORS),
            has_classes=False,
        )
        judging = matched.loss(
            outputs["classes"], outputs["moves"], outputs["regions"], targets, REGIONS
        )
        return proposing + judging
