"""Test-time augmentation: what is said of mirrored and turned views of a picture, averaged.

The U-Net paper averages over seven turns of the test pictures (Ronneberger et al. 2015,
arXiv:1505.04597, section 4).
"""

import keras
from keras import ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.joint import Joint


@keras.saving.register_keras_serializable(REGISTERED)
class Views(Joint):
    """A functional model of one square picture that looks at `count` views of it at once.

    In training it looks at one. count: 1; 2, mirrored left to right; 4, also top to bottom; 8, also
    with rows and columns exchanged, which are all flips and quarter turns. Inputs and outputs are
    structures of (B, S, S, C), each of its own S.
    """

    count = 1

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor = None) -> Tensor:
        if training or self.count == 1:
            return super().call(inputs, training=training, mask=mask)
        views = keras.tree.map_structure(lambda x: spread(x, self.count), inputs)
        outputs = super().call(views, training=False)
        return keras.tree.map_structure(lambda x: averaged(x, self.count), outputs)


def spread(pictures: Tensor, count: int) -> Tensor:
    """(B, S, S, C) -> its views, one batch after the other: (count * B, S, S, C)."""
    return ops.concatenate([_flipped(_turned(pictures, *moves), *moves) for moves in _moves(count)])


def averaged(answers: Tensor, count: int) -> Tensor:
    """The mean over the views, moved back: (count * B, S, S, C) -> (B, S, S, C)."""
    views = zip(ops.split(answers, count), _moves(count), strict=True)
    back = [_turned(_flipped(x, *moves), *moves) for x, moves in views]
    return sum(back) / count


def _moves(count: int) -> list[tuple[bool, bool, bool]]:
    """(left to right, top to bottom, exchanged) of each view."""
    return [(bool(i & 1), bool(i & 2), bool(i & 4)) for i in range(count)]


def _flipped(x: Tensor, across: bool, down: bool, exchanged: bool) -> Tensor:
    axes = [axis for axis, yes in ((1, down), (2, across)) if yes]
    return ops.flip(x, axes) if axes else x


def _turned(x: Tensor, across: bool, down: bool, exchanged: bool) -> Tensor:
    return ops.transpose(x, (0, 2, 1, 3)) if exchanged else x
