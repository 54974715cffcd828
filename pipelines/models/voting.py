"""Rankings as ballots: Copeland's score and a Markov chain over what most of them prefer."""

from keras import ops

from pipelines.models import Tensor

COPELAND, MARKOV = RULES = ("copeland", "markov")
CANDIDATES = 100  # items that are compared in pairs: the best by Borda's counts
JUMP = 0.15  # share of steps to any candidate, so that none keeps the chain for good
STEPS = 30  # of the chain; 0.85^30 is below 1 %


def voted(places: Tensor, weights: Tensor, rule: str) -> Tensor:
    """Scores (B, I), of which the order alone counts, of ballots.

    places: (B, P, I), of each item on each ballot, 0 for the best; weights: (P,), of the ballots.
    Candidates come first, by `rule` and if that is equal by Borda's counts; the others follow by
    these.
    """
    items = places.shape[-1]
    count = min(CANDIDATES, items)
    points = ops.sum((1 - places / items) * weights[:, None], 1) / (ops.sum(weights) + 1e-9)
    _, order = ops.top_k(points, items)
    _, rank = ops.top_k(-ops.cast(order, "float32"), items)  # files have no other inverse
    chosen = ops.repeat(order[:, None, :count], places.shape[1], 1)
    prefers = preferred(ops.take_along_axis(places, chosen, -1), weights)
    ties = 1 - ops.arange(count, dtype="float32") / count
    votes = copeland(prefers) + 0.5 * ties if rule == COPELAND else markov(prefers) + 1e-3 * ties
    own = ops.take_along_axis(votes, ops.minimum(rank, count - 1), -1)
    return ops.where(rank < count, own, points - 2)


def preferred(places: Tensor, weights: Tensor) -> Tensor:
    """(B, P, N) -> (B, N, N): 1 if most ballots, by weight, have i before j, -1 if j before i."""
    is_before = ops.sign(places[:, :, None, :] - places[:, :, :, None])
    return ops.sign(ops.sum(is_before * weights[:, None, None], 1))


def copeland(prefers: Tensor) -> Tensor:
    """(B, N, N) -> (B, N), above 0: pairs that an item wins less those that it loses, and N.

    Copeland 1951; Saari & Merlin 1996.
    """
    return ops.sum(prefers, -1) + prefers.shape[-1]


def markov(prefers: Tensor) -> Tensor:
    """(B, N, N) -> (B, N): N times how often a walk is at an item that moves to what most prefer.

    Each step looks at one item at random and moves there if most ballots have it before (MC4 of
    Dwork et al. 2001, "Rank aggregation methods for the web", section 3.2), or jumps anywhere.
    """
    count = prefers.shape[-1]
    moves = ops.cast(prefers < 0, "float32") / count
    stays = 1 - ops.sum(moves, -1)
    there = ops.ones_like(stays)
    for _ in range(STEPS):
        moved = ops.squeeze(ops.matmul(there[:, None], moves), 1) + there * stays
        there = JUMP + (1 - JUMP) * moved
    return there
