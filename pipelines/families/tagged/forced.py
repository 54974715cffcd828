"""Scores of tags by which the spans of rules stay as they are, whatever the model says."""

from collections.abc import Sequence

from keras import ops

from pipelines.edge import words
from pipelines.models import Tensor
from pipelines.ops import schemes

FORCED = 1e3  # added to the score of a tag that a rule gives; a scheme's -1e4 is more


def forced(emissions: Tensor, ruled: Tensor, labels: Sequence[str]) -> Tensor:
    """(B, T, K) with the tags of rules far above all others, and what would go on with them below.

    ruled: ids (B, T), see `edge.rules.fixed`. The rest of a rule's span is given by the rule, so a
    word that none marks cannot go on with it.
    """
    ids = ops.arange(len(labels), dtype="int32") + words.FIRST
    given = ops.cast(ops.equal(ruled[..., None], ids), emissions.dtype)
    table = ops.convert_to_tensor(schemes.going_on(labels), emissions.dtype)
    after = ops.pad(ops.matmul(given[:, :-1], table), ((0, 0), (1, 0), (0, 0)))
    is_free = 1 - ops.max(given, -1, keepdims=True)
    return emissions + FORCED * (given - after * is_free)
