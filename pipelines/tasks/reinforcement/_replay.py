"""A memory of what was met, drawn from evenly or by how wrong the net was; kept by checkpoints."""

import numpy as np

from pipelines.environments.held import Held


class Replay:
    """The latest `size` steps: state, action, reward, after, ended. The oldest one makes room."""

    def __init__(self, size, spaces):
        shape = () if spaces.states else (spaces.size,)
        kind = "int32" if spaces.states else "float32"
        self._columns = {
            "state": Held((size, *shape), kind),
            "after": Held((size, *shape), kind),
            "action": Held((size,), "int32"),
            "reward": Held((size,)),
            "ended": Held((size,)),
        }
        self._added, self.size = Held((1,), "int64"), size

    @property
    def kept(self):
        """All that a checkpoint has to keep."""
        return [*self._columns.values(), self._added]

    def __len__(self):
        return min(self.size, int(self._added.value[0]))

    def add(self, moment, actions):
        """Takes in one step of some environments -> the rows that it went to."""
        count = len(actions)
        rows = (int(self._added.value[0]) + np.arange(count)) % self.size
        given = {
            "state": moment.states,
            "after": moment.after,
            "action": actions,
            "reward": moment.rewards,
            "ended": moment.ended,
        }
        for name, values in given.items():
            self._columns[name].value[rows] = values
        self._added.value[0] += count
        return rows

    def at(self, rows):
        """{name: array} of rows, of any shape."""
        return {name: column.value[rows] for name, column in self._columns.items()}


class SumTree:
    """Priorities of `size` rows; one is drawn in proportion to its own in logarithmic time.

    A binary tree in an array, each node the sum of its two below; Schaul et al. 2016,
    arXiv:1511.05952, appendix B.2.1.
    """

    def __init__(self, size):
        self._leaves = 1 << max(0, size - 1).bit_length()
        self.tree = Held((2 * self._leaves,), "float64")

    @property
    def total(self):
        return float(self.tree.value[1])

    @property
    def highest(self):
        """The largest priority."""
        return float(self.tree.value[self._leaves :].max())

    def put(self, rows, priorities):
        """Gives rows (n,), each at most once, other priorities."""
        nodes, tree = np.asarray(rows) + self._leaves, self.tree.value
        tree[nodes] = priorities
        while nodes[0] > 1:
            nodes = np.unique(nodes // 2)
            tree[nodes] = tree[2 * nodes] + tree[2 * nodes + 1]

    def find(self, places):
        """The rows that places (n,) in [0, total) fall in, if each is as wide as its priority."""
        nodes, left, tree = np.ones(len(places), np.int64), np.array(places), self.tree.value
        while nodes[0] < self._leaves:
            nodes = 2 * nodes
            is_right = left >= tree[nodes]
            left = left - np.where(is_right, tree[nodes], 0.0)
            nodes = nodes + is_right
        return nodes - self._leaves

    def probability(self, rows):
        """How likely rows are to be drawn."""
        return self.tree.value[np.asarray(rows) + self._leaves] / self.total
