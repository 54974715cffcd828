"""Faster R-CNN's own parts: proposals, features of a region, and the loss's view of both.

Ren et al. 2015, arXiv:1506.01497, section 3.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor, joint
from pipelines.ops import greedy, offsets, roi_align
from pipelines.parts import IN_FLOAT

HEAD = "regions"  # name of the net that judges regions
CANDIDATES = 300  # best anchors that are suppressed
OVERLAP = 0.7  # IoU of proposals above which the lower one is dropped: section 3.3


@keras.saving.register_keras_serializable(REGISTERED)
class Proposals(layers.Layer):
    """{"classes": logits (B, A, 2) of background and object, "offsets": (B, A, 4)} -> boxes (B, N,
    4) yxyx in [0, 1], the best first, zeros behind the last. No gradient goes through them.

    anchors: (A, 4). In float in every file.
    """

    def __init__(self, anchors: Any, count: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.anchors, self.count = np.asarray(anchors, np.float32), count

    def call(self, found: dict[str, Tensor]) -> Tensor:
        with keras.name_scope(IN_FLOAT):
            return proposed(found, self.anchors, self.count, CANDIDATES)

    def compute_output_shape(self, shapes: dict) -> tuple:
        count = min(self.count, CANDIDATES, len(self.anchors))
        return (shapes["classes"][0], count, 4)

    def get_config(self) -> dict:
        return {**super().get_config(), "anchors": self.anchors.tolist(), "count": self.count}


def proposed(found: dict[str, Tensor], anchors: np.ndarray, count: int, candidates: int) -> Tensor:
    """The best `count` boxes of as many `candidates`, apart from one another; as `Proposals`."""
    logits = ops.stop_gradient(ops.cast(found["classes"], "float32"))
    moves = ops.stop_gradient(ops.cast(found["offsets"], "float32"))
    candidates = min(candidates, len(anchors))
    scores, best = ops.top_k(logits[..., 1] - logits[..., 0], candidates)
    own = ops.take(ops.convert_to_tensor(anchors), best, axis=0)
    moves = ops.take_along_axis(moves, best[..., None], 1)
    boxes = ops.clip(offsets.decode(moves, own), 0.0, 1.0)
    return _apart(boxes, scores, min(count, candidates))


def _apart(boxes: Tensor, scores: Tensor, count: int) -> Tensor:
    """The first `count` of boxes (B, K, 4) that greedy suppression keeps, zeros behind the last."""
    if boxes.shape[0] == 1 and keras.backend.backend() == "tensorflow":  # an exported file
        from pipelines.ops import suppression

        return suppression.apart(boxes[0], scores[0], count, OVERLAP)[None]
    return greedy.first(boxes, greedy.kept(boxes, OVERLAP), count)


@keras.saving.register_keras_serializable(REGISTERED)
class RoIAlign(layers.Layer):
    """[features (B, H, W, C), boxes (B, N, 4) yxyx in [0, 1]] -> (B, N, bins, bins, C)."""

    def __init__(self, bins: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.bins = bins

    def call(self, inputs: list[Tensor]) -> Tensor:
        features, boxes = inputs
        with keras.name_scope(IN_FLOAT):
            return roi_align.roi_align(ops.cast(features, "float32"), boxes, self.bins)

    def compute_output_shape(self, shapes: list[tuple]) -> tuple:
        return (shapes[0][0], shapes[1][1], self.bins, self.bins, shapes[0][3])

    def get_config(self) -> dict:
        return {**super().get_config(), "bins": self.bins}


def head(features: Tensor, boxes: Tensor, bins: int, width: int, classes: int) -> keras.Model:
    """The net that judges regions: [features (B, H, W, C), boxes (B, N, 4)] -> {"classes": logits
    (B, N, classes + 1), "offsets": (B, N, 4)} of any number of boxes that is known beforehand."""
    place = keras.Input(features.shape[1:], name="features")
    given = keras.Input(boxes.shape[1:], name="boxes")
    x = RoIAlign(bins, dtype="float32", name="align")([place, given])
    x = layers.Reshape((boxes.shape[1], -1), name="align_flat")(x)
    for i in (1, 2):
        x = layers.Dense(width, "relu", kernel_initializer="he_normal", name=f"dense{i}")(x)
    found = {
        "classes": layers.Dense(classes + 1, dtype="float32", name="classes")(x),
        "offsets": layers.Dense(4, dtype="float32", name="offsets")(x),
    }
    net = keras.Model([place, given], found, name=HEAD)
    net.fresh = True  # no pretrained net, for `fine_tuning`
    return net


def sampled(proposals: Tensor, targets: Any) -> Tensor:
    """Boxes (B, N, 4) to learn from: objects first, in at most half of the places, then the best
    proposals (B, N, 4)."""
    count = proposals.shape[1]
    room = min(count // 2, targets["boxes"].shape[1])
    there = ops.cast((targets["labels"] >= 0) & (targets["crowd"] == 0), "float32")
    truth = greedy.first(ops.cast(targets["boxes"], "float32"), there, room)
    objects = ops.cast(truth[..., 2] > truth[..., 0], "float32")
    every = ops.concatenate([truth, proposals], 1)
    is_taken = ops.concatenate([objects, ops.ones_like(proposals[..., 0])], 1)
    return ops.stop_gradient(greedy.first(every, is_taken, count))


@keras.saving.register_keras_serializable(REGISTERED)
class RegionJoint(joint.Joint):
    """A model whose loss sees regions that `sampled` takes of proposals and true boxes."""

    def judged(self, x: Tensor, y: Tensor, y_pred: Tensor) -> Tensor:
        regions = sampled(y_pred["proposals"], y)
        found = self.get_layer(HEAD)([y_pred["features"], regions])
        return {
            **y_pred,
            "regions": regions,
            "classes": found["classes"],
            "moves": found["offsets"],
        }
