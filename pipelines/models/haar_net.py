"""A cascade of rectangle features as one graph: all windows of a picture at all sizes at once.

A graph has no early end, so the cascade becomes three looks. The first stages judge every window,
as convolutions; the best of these are judged by some more stages, and the best of those by all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from pipelines.models import REGISTERED, Tensor, haar, haar_scan
from pipelines.ops import boxes as box_ops

FIRST, SECOND = 10, 64  # comparisons in the first look, and in the second
LOOKED, LEFT = 6000, 800  # windows that get a second look, and a third
NEAR = 0.5  # IoU of windows that are taken for the same object
MIDDLE = 128.0  # grey; numbers near 0 keep more of their digits
ENOUGH = 3  # windows of one object at which it is as likely as not, as OpenCV has it


class Places(NamedTuple):
    """All windows of a square picture.

    sides: of the picture at each level; strides: pixels between windows there; corners: int (A,),
    upper left corners among the pixels of all levels, one level after the other; rows: int (A,),
    pixels in a row of a window's level; boxes: float32 (A, 4) yxyx in [0, 1].
    """

    sides: list[int]
    strides: list[int]
    corners: np.ndarray
    rows: np.ndarray
    boxes: np.ndarray


def places(size: int, window: int, step: float, shape: np.ndarray) -> Places:
    """The windows of a picture of `size` px, `step` times as large from level to level."""
    sides, strides, found, start, factor = [], [], [], 0, 1.0
    while round(size / factor) >= window:
        side, stride = round(size / factor), 1 if factor >= haar_scan.FINE_FROM else 2
        at = np.arange(0, side - window + 1, stride)
        ys, xs = (grid.ravel() for grid in np.meshgrid(at, at, indexing="ij"))
        centre = (np.stack([ys, xs], 1) + window / 2) / side
        half = np.asarray(shape) * window / side / 2
        boxes = np.clip(np.concatenate([centre - half, centre + half], 1), 0, 1)
        found.append((start + ys * side + xs, np.full(len(ys), side), boxes))
        sides.append(side)
        strides.append(stride)
        start += side * side
        factor *= step
    corners, rows, boxes = (np.concatenate(part) for part in zip(*found, strict=True))
    return Places(
        sides, strides, corners.astype(np.int32), rows.astype(np.int32), np.float32(boxes)
    )


def sizes(cascade: haar.Cascade) -> dict[str, Any]:
    """What a layer has to know of a cascade before it gets its arrays."""
    counts = np.array([len(cascade.nodes_of(s)) for s in range(len(cascade.limits))]).cumsum()
    looks = [int(np.searchsorted(counts, most) + 1) for most in (FIRST, SECOND)]
    stages = [min(look, len(counts)) for look in looks] + [len(counts)]
    return {
        "window": int(cascade.window[0]),
        "nodes": len(cascade.thresholds),
        "leaves": list(cascade.nodes.shape),
        "stages": stages,
        "looks": [int(counts[stage - 1]) for stage in stages],
        "leaf_counts": [int((cascade.stages < stage).sum()) for stage in stages],
        "shape": [float(v) for v in cascade.shape],
    }


@keras.saving.register_keras_serializable(REGISTERED)
class HaarCascade(keras.Layer):
    """Pictures of 0 to 255, float (B, S, S, 1) -> {"boxes": (B, K, 4) yxyx in [0, 1], "scores":
    (B, K) in [0, 1)}.

    A window that passes all stages gets the mean box of all such windows near it, and n / (n + 3),
    if there are n. Any other scores 0.
    """

    def __init__(self, sizes: dict[str, Any], step: float, **more: Any):
        super().__init__(**{**more, "trainable": False})
        self.sizes, self.step = dict(sizes), step

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sizes": self.sizes, "step": self.step}

    def build(self, shape: tuple) -> None:
        own, (leaves, deepest) = self.sizes, self.sizes["leaves"]
        pixels = own["window"] ** 2

        def weight(name: str, *size: int, dtype: str = "float32") -> Any:
            return self.add_weight(
                shape=size, dtype=dtype, name=name, trainable=False, initializer="zeros"
            )

        self.kernels = weight("kernels", pixels, own["nodes"])
        self.thresholds = weight("thresholds", own["nodes"])
        self.nodes = weight("nodes", leaves, deepest, dtype="int32")
        self.below = weight("below", leaves, deepest)
        self.votes = weight("votes", leaves, own["stages"][-1])
        self.limits = weight("limits", own["stages"][-1])
        self.places = places(shape[1], own["window"], self.step, np.array(own["shape"]))

    def fill(self, cascade: haar.Cascade) -> None:
        """Takes the arrays of a cascade of these sizes."""
        pixels = self.sizes["window"] ** 2
        # A comparison that is not needed is always below.
        missing = cascade.nodes == haar.NONE
        votes = np.zeros(self.votes.shape)
        votes[np.arange(len(cascade.votes)), cascade.stages] = cascade.votes
        self.kernels.assign(cascade.kernels().reshape(-1, pixels).T)
        self.thresholds.assign(cascade.thresholds)
        # The number behind the last comparison is that which is always true.
        self.nodes.assign(np.where(missing, len(cascade.thresholds), cascade.nodes))
        self.below.assign(np.where(missing, 1.0, cascade.below))
        self.votes.assign(votes)
        self.limits.assign(cascade.limits)

    def call(self, pictures: Tensor) -> dict[str, Tensor]:
        centred = (ops.cast(pictures, "float32") - MIDDLE) / MIDDLE
        levels = [
            ops.image.resize(centred, (side, side), interpolation="bilinear")
            for side in self.places.sides
        ]
        ranks = [
            self._dense(level, stride)
            for level, stride in zip(levels, self.places.strides, strict=True)
        ]
        rank = ops.concatenate(ranks, 1)
        flat = [ops.reshape(level, (-1, level.shape[1] ** 2)) for level in levels]
        every = ops.concatenate(flat, 1)
        _, chosen = ops.top_k(rank, min(LOOKED, rank.shape[1]))
        rank = self._patches(every, chosen, 1)
        _, best = ops.top_k(rank, min(LEFT, rank.shape[1]))
        chosen = ops.take_along_axis(chosen, best, 1)
        rank = self._patches(every, chosen, 2)
        boxes = ops.take(ops.convert_to_tensor(self.places.boxes), chosen, axis=0)
        is_found = ops.cast(rank >= self.sizes["stages"][-1], "float32")
        return _joined(boxes, is_found)

    def _inner(self) -> np.ndarray:
        """Which pixels of a window tell its deviation, float32 (W, W)."""
        side = self.sizes["window"]
        mask = np.zeros((side, side), np.float32)
        mask[1:-1, 1:-1] = 1
        return mask

    def _dense(self, level: Tensor, stride: int) -> Tensor:
        """The first look: (B, H, W, 1) -> ranks (B, windows)."""
        side, count = self.sizes["window"], self.sizes["looks"][0]
        kernels = ops.reshape(self.kernels[:, :count], (side, side, 1, count))
        inner = self._inner()[:, :, None, None]

        def of(values: Tensor, kernel: Any) -> Tensor:
            made = ops.conv(values, ops.convert_to_tensor(kernel), stride, "valid")
            return ops.reshape(made, (-1, made.shape[1] * made.shape[2], made.shape[3]))

        sums = of(level, kernels), of(level, inner), of(ops.square(level), inner)
        return self._rank(*sums, 0)

    def _patches(self, every: Tensor, chosen: Tensor, look: int) -> Tensor:
        """A later look at some windows: (B, pixels), int (B, K) -> ranks (B, K)."""
        side, count = self.sizes["window"], self.sizes["looks"][look]
        corners, rows = (
            ops.take(ops.convert_to_tensor(values), chosen, axis=0)
            for values in (self.places.corners, self.places.rows)
        )
        down, across = (grid.ravel().astype(np.int32) for grid in np.indices((side, side)))
        at = corners[..., None] + rows[..., None] * down + across
        # One long row of all pictures, as files have an op for that.
        first = ops.arange(ops.shape(every)[0], dtype="int32") * every.shape[1]
        patches = ops.take(ops.reshape(every, (-1,)), at + first[:, None, None], axis=0)
        inner = ops.convert_to_tensor(self._inner().reshape(-1, 1))
        sums = patches @ self.kernels[:, :count], patches @ inner, ops.square(patches) @ inner
        return self._rank(*sums, look)

    def _rank(self, values: Tensor, total: Tensor, squares: Tensor, look: int) -> Tensor:
        """Stages passed, and a part of one for how nearly the next was.

        values: (B, A, N), sums by kernels; total, squares: (B, A, 1), of the inner pixels.
        """
        stages, leaves = self.sizes["stages"][look], self.sizes["leaf_counts"][look]
        count, area = self.sizes["looks"][look], (self.sizes["window"] - 2) ** 2
        spread = ops.sqrt(ops.maximum(area * squares - ops.square(total), 0.0))
        is_rough = ops.cast(spread[..., 0] > haar.FLAT / MIDDLE * area, "float32")
        weighed = values + ops.sum(self.kernels[:, :count], 0)
        is_below = weighed / ops.maximum(spread, 1e-6) < self.thresholds[:count]
        is_below = ops.pad(
            ops.cast(is_below, "float32"), [[0, 0], [0, 0], [0, 1]], constant_values=1
        )
        reached = 1.0
        for depth in range(self.nodes.shape[1]):
            nodes = ops.minimum(self.nodes[:leaves, depth], count)
            seen = ops.take(is_below, nodes, axis=2)
            reached = reached * (1 - ops.abs(seen - self.below[:leaves, depth]))
        margin = reached @ self.votes[:leaves, :stages] - self.limits[:stages]
        is_passed = ops.cast(margin >= 0, "float32")
        reaching, rank = is_rough, 0.0
        for stage in range(stages):
            last = 1.0 if stage == stages - 1 else 1 - is_passed[..., stage]
            rank = rank + reaching * last * 0.5 * ops.sigmoid(margin[..., stage])
            reaching = reaching * is_passed[..., stage]
            rank = rank + reaching
        return rank


def _joined(boxes: Tensor, is_found: Tensor) -> dict[str, Tensor]:
    """Boxes (B, K, 4) that are found (1) or not (0) -> mean boxes and scores, see HaarCascade."""
    near = ops.cast(box_ops.iou(boxes, boxes) > NEAR, "float32") * is_found[:, None, :]
    count = ops.sum(near, -1)
    mean = near @ boxes / ops.maximum(count, 1.0)[..., None]
    return {"boxes": mean, "scores": is_found * count / (count + ENOUGH)}
