"""Two bandits in NumPy: arms that pay by chance, and arms whose pay depends on a context."""

from __future__ import annotations

import functools

import numpy as np

from pipelines.environments.plain import Box, Discrete

PAY = (0.20, 0.35, 0.50, 0.65, 0.80)  # probabilities of the arms
ARMS, CONTEXT = 5, 4  # of the bandit with contexts
NOISE = 0.3  # standard deviation of what an arm pays there


class Bandit:
    """Arms that pay 1 or 0, each with a probability of its own; there is one state.

    An episode is `longest` pulls. `means` are what the arms pay on average now.
    """

    actions = tuple("abcde")
    longest = 100
    episodes = (20, 100)
    observation_space, action_space = Discrete(1), Discrete(len(PAY))

    def reset(self, seed: int | None = None) -> tuple[int, dict]:
        self._random, self.means = np.random.default_rng(seed), np.array(PAY)
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict]:
        return 0, float(self._random.random() < PAY[action]), False, False, {}

    def dynamics(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(going on (1, A, 1), rewards (1, A), start (1,)): see `environments.dynamics`."""
        return np.ones((1, len(PAY), 1)), np.array([PAY]), np.ones(1)


class ContextualBandit:
    """Arms that pay what the context x says, theta_a . x plus noise; a context for each pull.

    x: float32 (4,) in [-1, 1]; theta follows from a seed of its own. An episode is `longest` pulls.
    """

    actions = tuple("abcde")
    longest = 100
    episodes = (20, 100)
    observation_space = Box([-1.0] * CONTEXT, [1.0] * CONTEXT)
    action_space = Discrete(ARMS)

    def reset(self, seed: int | None = None) -> tuple[np.ndarray, dict]:
        self._random = np.random.default_rng(seed)
        return self._drawn(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        pay = float(self.means[action] + NOISE * self._random.normal())
        return self._drawn(), pay, False, False, {}

    def _drawn(self) -> np.ndarray:
        context = self._random.uniform(-1, 1, CONTEXT).astype(np.float32)
        self.means = thetas() @ context
        return context


@functools.cache
def thetas() -> np.ndarray:
    """(ARMS, CONTEXT): what each component of a context is worth for each arm."""
    return np.random.default_rng(7).normal(size=(ARMS, CONTEXT))
