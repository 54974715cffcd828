"""How a table's actions are tried: a row of values and of visits in, an action out."""

import numpy as np


def explorer(config, done, random):
    """(values (A,), visits (A,)) -> an action. done: share of the training, in [0, 1)."""
    if config.explore == "ucb":
        return lambda values, visits: upper_bound(values, visits, config.ucb)
    if config.explore == "softmax":
        return lambda values, visits: softmax(values, config.temperature, random)
    share = epsilon(config, done)

    def choose(values, visits):
        if random.random() < share:
            return int(random.integers(len(values)))
        return greedy(values, random)

    return choose


def epsilon(config, done):
    """The share of random actions: it falls from `epsilon` to `epsilon_end` in a straight line."""
    left = max(0.0, 1 - done / config.epsilon_share)
    return config.epsilon_end + (config.epsilon - config.epsilon_end) * left


def greedy(values, random):
    """One of the best actions, by chance if there are several."""
    best = np.flatnonzero(values == values.max())
    return int(best[0] if len(best) == 1 else best[int(random.random() * len(best))])


def upper_bound(values, visits, width):
    """The action of the largest value plus bonus; one that was never tried comes first.

    The bonus is width sqrt(2 ln n / n_a); Auer et al. 2002, UCB1, with width 1 for returns in
    [0, 1].
    """
    if not visits.min():
        return int(visits.argmin())
    bonus = width * np.sqrt(2 * np.log(visits.sum()) / visits)
    return int((values + bonus).argmax())


def softmax(values, temperature, random):
    """An action by chance, exp(value / temperature) as likely."""
    weights = np.exp((values - values.max()) / temperature)
    ladder = np.cumsum(weights)
    return int(np.searchsorted(ladder, random.random() * ladder[-1], side="right"))
