"""What is known of the arms of a bandit, and which one is pulled next."""

import numpy as np

from pipelines.environments.held import Held
from pipelines.tasks.reinforcement import _explore, _table


def arms(spaces, config):
    """The arms of a bandit with states, or with vectors as contexts."""
    return Counted(spaces, config) if spaces.states else Linear(spaces, config)


class Counted:
    """Pulls and rewards of each arm in each state, (S, A)."""

    def __init__(self, spaces, config):
        shape = (spaces.states, len(spaces.actions))
        self._pulls, self._sums = Held(shape, "float64"), Held(shape, "float64")
        self._config = config

    @property
    def kept(self):
        return [self._pulls, self._sums]

    @property
    def means(self):
        """The mean reward of each arm, (S, A); 0 for one that was never pulled."""
        return self._sums.value / np.maximum(self._pulls.value, 1)

    def mean(self, state, arm):
        return self.means[state, arm]

    def choose(self, state, random):
        """An arm. Thompson draws from Beta(1 + s, 1 + n - s), for rewards in [0, 1] (Agrawal & Goyal
        2012, algorithm 2); UCB1 is Auer et al. 2002, figure 1."""
        means, pulls, sums = (v[state] for v in (self.means, self._pulls.value, self._sums.value))
        if self._config.policy == "ucb":
            return _explore.upper_bound(means, pulls, self._config.width)
        if self._config.policy == "thompson":
            won = np.clip(sums, 0, pulls)
            return int(random.beta(1 + won, 1 + pulls - won).argmax())
        if random.random() < self._config.epsilon:
            return int(random.integers(len(means)))
        return _explore.greedy(means, random)

    def learn(self, state, arm, reward):
        """Counts one pull."""
        self._pulls.value[state, arm] += 1
        self._sums.value[state, arm] += reward

    def show(self, net):
        """Gives the net the means."""
        _table.put(net, self.means)


class Linear:
    """A ridge regression of the reward on the context x, (D,), for each arm.

    The inverse (I + sum x x')^-1 is kept by Sherman & Morrison's update, (A, D, D); LinUCB is Li et
    al. 2010, algorithm 1, and Thompson's draw N(theta, width^2 inverse) Agrawal & Goyal 2013,
    algorithm 1.
    """

    def __init__(self, spaces, config):
        count, size = len(spaces.actions), spaces.size
        self._inverses, self._sums = (
            Held((count, size, size), "float64"),
            Held((count, size), "float64"),
        )
        self._inverses.assign(np.eye(size))
        self._config = config

    @property
    def kept(self):
        return [self._inverses, self._sums]

    @property
    def thetas(self):
        """What each component of a context is worth for each arm, (A, D)."""
        return np.einsum("aij,aj->ai", self._inverses.value, self._sums.value)

    def mean(self, state, arm):
        return float(self.thetas[arm] @ state)

    def choose(self, state, random):
        """An arm for a context (D,)."""
        width, x = self._config.width, np.asarray(state, np.float64)
        if self._config.policy == "ucb":
            spread = np.sqrt(np.einsum("i,aij,j->a", x, self._inverses.value, x))
            return int((self.thetas @ x + width * spread).argmax())
        if self._config.policy == "thompson":
            roots = np.linalg.cholesky(self._inverses.value)
            noise = random.normal(size=roots.shape[:2])
            drawn = self.thetas + width * np.einsum("aij,aj->ai", roots, noise)
            return int((drawn @ x).argmax())
        if random.random() < self._config.epsilon:
            return int(random.integers(len(self.thetas)))
        return _explore.greedy(self.thetas @ x, random)

    def learn(self, state, arm, reward):
        """Takes in one pull."""
        x, inverse = np.asarray(state, np.float64), self._inverses.value[arm]
        moved = inverse @ x
        inverse -= np.outer(moved, moved) / (1 + x @ moved)
        self._sums.value[arm] += reward * x

    def show(self, net):
        """Gives the net the lines."""
        net.get_layer("arms").set_weights([self.thetas.T.astype("float32")])
