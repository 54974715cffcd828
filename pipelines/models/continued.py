"""Blocks of a decoder that go on from what they have read: what its kinds share."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import layers, ops

from pipelines.models import Tensor


class Continued(layers.Layer):
    """(B, T, D) -> (B, T, D), T at most `context`, through `blocks` and then `norm`.

    Its state, see `language`, is (1, N): how many items were read, and the keys and values of each
    block for `context` items. A kind of it has `settings`, the arguments it was made with, and
    `kept`, the shape (1, 2, context, groups of heads, D / heads) of what a block keeps.
    """

    spread, rows = 0.05, 0
    settings: dict[str, Any]
    context: int
    kept: tuple[int, ...]
    blocks: list[layers.Layer]
    norm: layers.Layer

    @property
    def size(self) -> int:
        return 1 + len(self.blocks) * self._numbers

    @property
    def _numbers(self) -> int:
        """Of keys and values of a block."""
        return int(np.prod(self.kept))

    def _places(self, read: Tensor, count: int) -> Tensor:
        """The places of the next `count` items, int32 (count,).

        What is beyond the last is never asked for, but timed with noise as a state.
        """
        return ops.minimum(read + ops.arange(count, dtype="int32"), self.context - 1)

    def _through(self, x: Tensor, state: Tensor, step: Callable) -> tuple[Tensor, Tensor]:
        """(1, T, D) through all blocks, and the state after.

        step: (block, x, its keys and values before) -> (x, those after).
        """
        after, size = [state[:, :1] + x.shape[1]], self._numbers
        for i, block in enumerate(self.blocks):
            past = ops.reshape(state[:, 1 + i * size : 1 + (i + 1) * size], self.kept)
            x, known = step(block, x, past)
            after.append(ops.reshape(known, (1, -1)))
        return self.norm(x), ops.concatenate(after, -1)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape

    def get_config(self) -> dict:
        return {**super().get_config(), **self.settings}
