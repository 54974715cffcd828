"""A classifier of windows, as one convolutional net over a sheet with a pyramid of pictures.

Sermanet et al. 2014 (OverFeat), arXiv:1312.6229, section 3.3: what is computed of a window is
computed of the whole picture, as neighbouring windows share it. The pooling over all of a picture,
with which a classifier ends, becomes an average over each window.
"""

from collections.abc import Sequence

from keras import layers, ops

from pipelines.models import Tensor, detector
from pipelines.ops import windows


def logits(pictures: Tensor, pyramid: Sequence[int], width: int, classes: int) -> Tensor:
    """Of uint8 pictures (B, S, S, 3), logits (B, A, classes) of the windows of `ops.windows`.

    pyramid: sides of its pictures in cells, the largest first.
    """
    levels = _levels(pictures, pyramid)
    rows = windows.shelves(pyramid)
    sheet = _sheet(levels, pyramid, rows)
    features = _trunk(sheet, width)
    found = []
    for place, cells in enumerate(_cut(features, pyramid, rows)):
        for shape in windows.fitting(pyramid[place]):
            name = f"windows{place}_{shape[0]}x{shape[1]}"
            pooled = layers.AveragePooling2D(shape, 1, "valid", name=name)(cells)
            found.append(layers.Reshape((-1, pooled.shape[-1]), name=f"{name}_flat")(pooled))
    return _judged(_joined(found, 1, "windows"), 4 * width, classes)


def _judged(pooled: Tensor, width: int, classes: int) -> Tensor:
    """Features (B, A, C) of windows -> logits (B, A, classes)."""
    hidden = layers.Dense(width, "relu", kernel_initializer="he_normal", name="hidden")(pooled)
    return layers.Dense(classes, dtype="float32", name="classes")(hidden)


def _levels(pictures: Tensor, pyramid: Sequence[int]) -> list[Tensor]:
    """The pictures in all sizes. Each is made of the one before, so that none is shrunk by much
    at once, which would leave out pixels."""
    last = layers.Rescaling(1 / 127.5, -1.0, dtype="float32", name="rescale")(pictures)
    levels = []
    for cells in pyramid:
        side = cells * windows.STRIDE
        last = ops.image.resize(last, (side, side), interpolation="bilinear")
        levels.append(last)
    return levels


def _sheet(levels: list[Tensor], pyramid: Sequence[int], rows: list[list[int]]) -> Tensor:
    """The pictures on one sheet, row by row, with grey between them."""
    made = []
    for row, places in enumerate(rows):
        height = pyramid[places[0]]
        spare = pyramid[0] - sum(pyramid[place] for place in places)
        spare -= windows.GAP * (len(places) - 1)
        parts = []
        for place in places:
            below = height - pyramid[place] + windows.GAP
            right = spare if place == places[-1] else windows.GAP
            pads = ((0, below * windows.STRIDE), (0, right * windows.STRIDE))
            parts.append(layers.ZeroPadding2D(pads, name=f"pad{place}")(levels[place]))
        made.append(_joined(parts, 2, f"row{row}"))
    return _joined(made, 1, "sheet")


def _joined(parts: list[Tensor], axis: int, name: str) -> Tensor:
    return layers.Concatenate(axis, name=name)(parts) if len(parts) > 1 else parts[0]


def _cut(features: Tensor, pyramid: Sequence[int], rows: list[list[int]]) -> list[Tensor]:
    """Features of a sheet -> those of each picture on it, in the order of `pyramid`."""
    height, width, _ = features.shape[1:]
    found, top = {}, 0
    for places in rows:
        left = 0
        for place in places:
            side = pyramid[place]
            edges = ((top, height - top - side), (left, width - left - side))
            found[place] = layers.Cropping2D(edges, name=f"cut{place}")(features)
            left += side + windows.GAP
        top += pyramid[places[0]] + windows.GAP
    return [found[place] for place in range(len(pyramid))]


def _trunk(sheet: Tensor, width: int) -> Tensor:
    """Features (B, h, w, 4 `width`) of a sheet, a cell for each 8 x 8 pixels."""
    x = detector.conv(sheet, width, 3, 2, name="trunk1")
    x = detector.conv(x, 2 * width, 3, 2, name="trunk2_down")
    x = detector.conv(x, 2 * width, 3, name="trunk2")
    x = detector.conv(x, 4 * width, 3, 2, name="trunk3_down")
    for i in (1, 2):
        x = detector.conv(x, 4 * width, 3, name=f"trunk3_{i}")
    return x
