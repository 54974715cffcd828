"""Linear-chain conditional random field: scores of tag sequences, their sum, and the best one.

Lafferty et al. 2001; Lample et al. 2016, arXiv:1603.01360, section 2.2. Everywhere: emissions float
(B, T, K); tags int (B, T); mask (B, T), 1 for tokens, which are the first ones of each row, and at
least one; transitions (K, K), from the row's tag to the column's; start, end (K,).
"""

from keras import ops

from pipelines.ops import Tensor

# Score of what cannot follow: exp of it is 0, and sums over a sentence stay finite in float32.
FORBIDDEN = -1e4


def negative_log_likelihood(
    emissions: Tensor, tags: Tensor, mask: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """-log p(tags | emissions) of each sentence -> (B,)."""
    partition = log_partition(emissions, mask, transitions, start, end)
    return partition - score(emissions, tags, mask, transitions, start, end)


def score(
    emissions: Tensor, tags: Tensor, mask: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """Score of one tag sequence of each sentence, not normalised -> (B,)."""
    count, mask = emissions.shape[-1], ops.cast(mask, emissions.dtype)
    tags = ops.cast(tags, "int32")
    emitted = ops.sum(emissions * ops.one_hot(tags, count, dtype=emissions.dtype), -1)
    moved = ops.take(ops.reshape(transitions, (-1,)), tags[:, :-1] * count + tags[:, 1:])
    is_last = mask - ops.pad(mask[:, 1:], [[0, 0], [0, 1]])
    last = ops.cast(ops.sum(ops.cast(tags, emissions.dtype) * is_last, 1), "int32")
    inner = ops.sum(emitted * mask, 1) + ops.sum(moved * mask[:, 1:], 1)
    return inner + ops.take(start, tags[:, 0]) + ops.take(end, last)


def log_partition(
    emissions: Tensor, mask: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """log of the sum of exp(score) over all tag sequences, by the forward algorithm -> (B,)."""

    def step(alpha, inputs):
        emission, is_token = _split(inputs)
        grown = ops.logsumexp(alpha[:, :, None] + transitions[None], 1) + emission
        alpha = ops.where(is_token, grown, alpha)
        return alpha, alpha

    last, _ = ops.scan(step, start + emissions[:, 0], _by_time(emissions, mask))
    return ops.logsumexp(last + end, -1)


def viterbi(
    emissions: Tensor, mask: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """The best tag sequence of each sentence, 0 behind its last token -> int32 (B, T).

    Of tags that are equally good the first is taken. Only ops that LiteRT has: no argmax of floats,
    no gather.
    """

    def forward(alpha, inputs):
        emission, is_token = _split(inputs)
        grown = ops.max(alpha[:, :, None] + transitions[None], 1) + emission
        alpha = ops.where(is_token, grown, alpha)
        return alpha, alpha

    def back(tag, inputs):
        # alpha: of the step before `tag`, a one-hot row; is_token: whether `tag` belongs to one
        alpha, is_token = _split(inputs)
        arriving = ops.matmul(tag, ops.transpose(transitions))
        tag = ops.where(is_token, _best(alpha + arriving), tag)
        return tag, tag

    first = start + emissions[:, 0]
    inputs = _by_time(emissions, mask)
    last, alphas = ops.scan(forward, first, inputs)
    before = ops.concatenate([first[None], alphas[:-1]], 0)
    tag = _best(last + end)
    _, tags = ops.scan(back, tag, ops.concatenate([before, inputs[..., -1:]], -1), reverse=True)
    tags = ops.transpose(ops.concatenate([tags, tag[None]], 0), (1, 0, 2))
    numbers = ops.arange(tags.shape[-1], dtype=tags.dtype)
    tags = ops.sum(tags * numbers, -1)[:, : emissions.shape[1]]
    return ops.cast(tags * ops.cast(mask, tags.dtype), "int32")


def _by_time(emissions: Tensor, mask: Tensor) -> Tensor:
    """Emissions, and the mask behind them, of all steps but the first: (T - 1, B, K + 1).

    There is one step if T is 1. One tensor, as `scan` fails for several of unknown length (Keras
    3.15).
    """
    if emissions.shape[1] == 1:  # a scan over nothing is an error
        emissions = ops.pad(emissions, [[0, 0], [0, 1], [0, 0]])
        mask = ops.pad(mask, [[0, 0], [0, 1]])
    both = ops.concatenate([emissions, ops.cast(mask, emissions.dtype)[..., None]], -1)
    return ops.transpose(both[:, 1:], (1, 0, 2))


def _split(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """One step of `_by_time` (B, K + 1) -> what is (B, K), and whether there is a token (B, 1)."""
    return inputs[:, :-1], inputs[:, -1:] > 0


def _best(scores: Tensor) -> Tensor:
    """One-hot rows of the first largest of scores (B, K)."""
    count = scores.shape[-1]
    numbers = ops.arange(count, dtype=scores.dtype)
    is_best = scores >= ops.max(scores, -1, keepdims=True)
    first = ops.min(ops.where(is_best, numbers, float(count)), -1, keepdims=True)
    return ops.cast(ops.equal(numbers, first), scores.dtype)
