"""A cascade of rectangle features (Viola & Jones 2004): what it is, and windows judged by it.

A feature is a weighed sum of pixels in up to three rectangles of a window, which an integral image
gives by four numbers each (section 2.1). Its value is divided by the deviation of the window's
pixels (section 5.2), and compared with a threshold. Comparisons lead to leaves, whose votes are
added up stage by stage. A window is rejected by the first stage whose sum is below its limit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

RECTS = 3  # most rectangles of a feature
PREFIX = "cascade_"  # before the name of an array, among others
FLAT = 10.0  # grey levels; windows whose pixels deviate less are rejected, as OpenCV does
NONE = -1  # no node: a leaf that needs fewer comparisons than others


@dataclass(frozen=True)
class Cascade:
    """Arrays of N comparisons, L leaves and S stages.

    window: int (2,), height and width in pixels. rects: int (N, 3, 4), y x height width; weights:
    float (N, 3), 0 for a rectangle that is not there. thresholds: float (N,). nodes: int (L, D),
    the comparisons on the way to a leaf, and NONE; below: bool (L, D), whether the value has to be
    below the threshold there. votes: float (L,); stages: int (L,), increasing; limits: float (S,).
    shape: float (2,), height and width of the box that is found, in sides of the window.
    """

    window: np.ndarray
    rects: np.ndarray
    weights: np.ndarray
    thresholds: np.ndarray
    nodes: np.ndarray
    below: np.ndarray
    votes: np.ndarray
    stages: np.ndarray
    limits: np.ndarray
    shape: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Its arrays by names of their own."""
        fields = dataclasses.fields(self)
        return {PREFIX + field.name: getattr(self, field.name) for field in fields}

    def kernels(self) -> np.ndarray:
        """The features as weights of pixels, float32 (N, height, width)."""
        return kernels(self.rects, self.weights, self.window)

    def nodes_of(self, stage: int) -> np.ndarray:
        """The comparisons of a stage, increasing."""
        used = np.unique(self.nodes[self.stages == stage])
        return used[used != NONE]


def of_arrays(arrays: Mapping[str, np.ndarray]) -> Cascade:
    """The Cascade whose `arrays` are among these."""
    names = [field.name for field in dataclasses.fields(Cascade)]
    return Cascade(**{name: np.asarray(arrays[PREFIX + name]) for name in names})


def assembled(
    window: np.ndarray,
    rects: np.ndarray,
    weights: np.ndarray,
    thresholds: Sequence[float],
    leaves: Sequence[Sequence[Any]],
    limits: Sequence[float],
    shape: Sequence[float],
) -> Cascade:
    """A Cascade of leaves stage by stage, each of (nodes, below, vote)."""
    flat = [leaf for stage in leaves for leaf in stage]
    deepest = max(len(nodes) for nodes, _, _ in flat)
    nodes = np.full((len(flat), deepest), NONE)
    below = np.zeros((len(flat), deepest), bool)
    for row, (own, is_below, _) in enumerate(flat):
        nodes[row, : len(own)], below[row, : len(own)] = own, is_below
    votes = np.array([vote for _, _, vote in flat])
    stages = np.repeat(np.arange(len(leaves)), [len(stage) for stage in leaves])
    return Cascade(
        *(np.asarray(window), np.asarray(rects), np.asarray(weights, np.float64)),
        *(np.asarray(thresholds, np.float64), nodes, below, votes, stages),
        *(np.asarray(limits, np.float64), np.asarray(shape, np.float64)),
    )


def kernels(rects: np.ndarray, weights: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Features as weights of pixels, float32 (N, height, width). rects: (N, 3, 4); weights: (N, 3)."""
    made = np.zeros((len(rects), *window), np.float32)
    for kernel, places, shares in zip(made, rects, weights, strict=True):
        for (y, x, high, wide), share in zip(places, shares, strict=True):
            kernel[y : y + high, x : x + wide] += share
    return made


class Windows(NamedTuple):
    """Windows of one size in a picture, or in several of one size.

    sums, squares: int64 (K,), integral images of the pixels and of their squares, flat; row:
    numbers in a row of one; corners: int (n,), places in them of the windows' upper left corners.
    """

    sums: np.ndarray
    squares: np.ndarray
    row: int
    corners: np.ndarray

    def at(self, chosen: np.ndarray) -> Windows:
        """Some of the windows. chosen: indices, or bool (n,)."""
        return self._replace(corners=self.corners[chosen])

    def sum_of(self, rect: np.ndarray, of: np.ndarray) -> np.ndarray:
        """Sum of a rectangle y x height width in each window, int64 (n,). of: sums or squares."""
        y, x, high, wide = (int(v) for v in rect)
        top, bottom = y * self.row + x, (y + high) * self.row + x
        corners = self.corners
        lower = of[corners + bottom + wide] - of[corners + bottom]
        return lower - of[corners + top + wide] + of[corners + top]


def integral(pictures: np.ndarray) -> np.ndarray:
    """uint8 or int (..., H, W) -> int64 (..., H + 1, W + 1), what lies above and left of each
    corner."""
    summed = pictures.astype(np.int64).cumsum(-2).cumsum(-1)
    edges = [(0, 0)] * (summed.ndim - 2) + [(1, 0), (1, 0)]
    return np.pad(summed, edges)


def of_crops(crops: np.ndarray) -> Windows:
    """Each picture as one window. crops: uint8 (n, H, W)."""
    sums, squares = integral(crops), integral(crops.astype(np.int64) ** 2)
    corners = np.arange(len(crops)) * sums[0].size if len(crops) else np.zeros(0, int)
    return Windows(sums.ravel(), squares.ravel(), crops.shape[2] + 1, corners)


def of_picture(grey: np.ndarray, ys: np.ndarray, xs: np.ndarray) -> Windows:
    """Windows of one picture, uint8 (H, W), by their upper left corners, int (n,) each."""
    sums, squares = integral(grey), integral(grey.astype(np.int64) ** 2)
    row = grey.shape[1] + 1
    return Windows(sums.ravel(), squares.ravel(), row, ys * row + xs)


def spread(windows: Windows, window: np.ndarray) -> np.ndarray:
    """What values are divided by: area times deviation of the pixels within a border of 1.

    float64 (n,). As OpenCV has it.
    """
    high, wide = int(window[0]) - 2, int(window[1]) - 2
    inner = np.array((1, 1, high, wide))
    total = windows.sum_of(inner, windows.sums).astype(np.float64)
    squares = windows.sum_of(inner, windows.squares).astype(np.float64)
    return np.sqrt(np.maximum(high * wide * squares - total**2, 0.0))


def flattest(window: np.ndarray) -> float:
    """The `spread` that a window must have more of."""
    return FLAT * (int(window[0]) - 2) * (int(window[1]) - 2)


def judged(cascade: Cascade, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """(stages passed, int (n,); by how much the last stage looked at was passed or missed).

    -1 stages are those of a window that is too flat to be looked at.
    """
    count = len(windows.corners)
    passed, margin = np.full(count, -1), np.zeros(count)
    scale = spread(windows, cascade.window)
    left = np.flatnonzero(scale > flattest(cascade.window))
    passed[left] = 0
    for stage, limit in enumerate(cascade.limits):
        total = stage_sums(cascade, stage, windows.at(left), scale[left])
        margin[left] = total - limit
        left = left[total >= limit]
        passed[left] = stage + 1
    return passed, margin


def stage_sums(cascade: Cascade, stage: int, windows: Windows, scale: np.ndarray) -> np.ndarray:
    """Sum of the votes of one stage, float64 (n,). scale: `spread` of the windows."""
    factor, is_below = (1 / scale).astype(np.float32), {}
    for node in cascade.nodes_of(stage):
        value = np.zeros(len(scale), np.float32)
        for rect, weight in zip(cascade.rects[node], cascade.weights[node], strict=True):
            if weight:
                value += np.float32(weight) * windows.sum_of(rect, windows.sums)
        is_below[node] = value.astype(np.float32) * factor < np.float32(cascade.thresholds[node])
    total = np.zeros(len(scale))
    for leaf in np.flatnonzero(cascade.stages == stage):
        reached = np.ones(len(scale), bool)
        for node, below in zip(cascade.nodes[leaf], cascade.below[leaf], strict=True):
            if node != NONE:
                reached &= is_below[node] == below
        total += reached * cascade.votes[leaf]
    return total
