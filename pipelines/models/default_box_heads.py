"""Heads that say of each default box what it holds and how it has to be moved.

A 3x3 convolution and two of 1x1 for each level, as in the region proposal network of Ren et al.
2015, arXiv:1506.01497, section 3.1. SSD (Liu et al. 2016) predicts by the 3x3 convolutions at once.
"""

from collections.abc import Sequence

from keras import layers

from pipelines.models import Tensor, detector


def heads(
    levels: Sequence[Tensor], strides: Sequence[int], width: int, a_cell: int, classes: int
) -> dict[str, Tensor]:
    """Features (B, h, w, C) of several levels -> {"classes": logits (B, A, classes), "offsets":
    (B, A, 4)}.

    `a_cell` boxes a cell; A of all levels, in the order of `ops.default_boxes`.
    """
    found: dict[str, list[Tensor]] = {"classes": [], "offsets": []}
    for stride, x in zip(strides, levels, strict=True):
        x = detector.conv(x, width, 3, name=f"head{stride}_conv")
        for kind, channels in (("classes", classes), ("offsets", 4)):
            name = f"head{stride}_{kind}"
            y = layers.Conv2D(a_cell * channels, 1, dtype="float32", name=name)(x)
            y = layers.Reshape((-1, channels), dtype="float32", name=f"{name}_flat")(y)
            found[kind].append(y)
    return {kind: detector.joined(values, kind) for kind, values in found.items()}
