"""What a policy meets in some environments at once, with the advantage of each action."""

import numpy as np

from pipelines.ops import returns


def collected(world, actor, steps, random, discount, share):
    """Steps of a policy in N environments -> {name: (steps x N, ...)}.

    "state", "action", "log" (the log probability it was taken with), "advantage" and "return", what
    its state is worth by what followed. share: lambda, see `returns.advantages`.
    """
    moments, actions, logs = [], [], []
    for _ in range(steps):
        chosen, log = actor.act(world.states, random)
        moments.append(world.step(chosen))
        actions.append(chosen)
        logs.append(log)
    states, after, rewards, ended, cut = (
        np.stack([getattr(moment, name) for moment in moments])
        for name in ("states", "after", "rewards", "ended", "cut")
    )

    def worth(seen):
        return actor.values(seen.reshape(-1, *seen.shape[2:])).reshape(rewards.shape)

    values = worth(states)
    advantages = returns.advantages(
        rewards, values, worth(after), ended, ended | cut, discount, share
    )
    found = {"state": states, "action": np.stack(actions), "log": np.stack(logs)}
    found |= {"advantage": advantages, "return": advantages + values}
    return {name: _flat(values) for name, values in found.items()}


def _flat(values):
    """(T, N, ...) -> (T x N, ...), in the types of nets."""
    flat = values.reshape(-1, *values.shape[2:])
    return flat if flat.dtype == np.int32 else flat.astype(np.float32)


def shuffled(found, passes, batch, random):
    """{name: (n, ...)} -> {name: (K, batch, ...)}: so many passes, each in an order of its own.

    What does not fill a batch is left out of a pass.
    """
    rows = orders(len(found["state"]), passes, batch, random)
    return {name: values[rows] for name, values in found.items()}


def orders(count, passes, batch, random):
    """(K, batch): the rows of `shuffled`, of `count`."""
    batch = min(batch, count)
    whole = count // batch * batch
    every = np.concatenate([random.permutation(count)[:whole] for _ in range(passes)])
    return every.reshape(-1, batch)


def standard(values):
    """(..., batch): each batch with mean 0 and deviation 1; a batch of one stays as it is."""
    if values.shape[-1] == 1:
        return values
    away = values - values.mean(-1, keepdims=True)
    return away / (values.std(-1, keepdims=True) + 1e-8)
