"""An environment with the interface of TF-Agents' PyEnvironment, as one of Gymnasium's."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from pipelines.environments.plain import Box, Discrete

LAST = 2  # the step_type of the end of an episode


def is_one(env: Any) -> bool:
    """Whether an environment has that interface; TF-Agents need not be installed."""
    return all(callable(getattr(env, name, None)) for name in ("observation_spec", "action_spec"))


class Wrapped:
    """Such an environment with Gymnasium's `reset` and `step`.

    An episode whose last step has a discount above 0 was cut off, and has not ended. What is random
    is seeded by `seed`, if the environment can.
    """

    def __init__(self, env: Any):
        self.inner = env
        self.observation_space = _space(env.observation_spec())
        self.action_space = _space(env.action_spec())

    def reset(self, seed: int | None = None) -> tuple[Any, dict]:
        if seed is not None and hasattr(self.inner, "seed"):
            with contextlib.suppress(NotImplementedError):  # as TF-Agents' own `seed` says
                self.inner.seed(seed)
        return self.inner.reset().observation, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict]:
        found = self.inner.step(np.asarray(action, self.inner.action_spec().dtype))
        is_last = int(found.step_type) == LAST
        ended = is_last and float(found.discount) == 0
        return found.observation, float(found.reward), ended, is_last and not ended, {}


def _space(spec: Any) -> Any:
    """A scalar of whole numbers between bounds can be counted; all else is a vector."""
    low, high = getattr(spec, "minimum", -np.inf), getattr(spec, "maximum", np.inf)
    if not spec.shape and np.issubdtype(spec.dtype, np.integer) and np.isfinite(low):
        return Discrete(int(high) - int(low) + 1, int(low))
    return Box(np.broadcast_to(low, spec.shape), np.broadcast_to(high, spec.shape))
