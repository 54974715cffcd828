"""One environment as an agent meets it: checked, with plain observations and a limit of steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pipelines.edge import spaces as values
from pipelines.environments import spaces as kinds
from pipelines.errors import PipelineError, brief


class Acting:
    """An environment of Gymnasium's interface. An observation is a state's number, or float32 (D,).

    longest: steps after which an episode is cut off, if it has not ended. Raises PipelineError if
    the environment raises, or gives what it may not give.
    """

    def __init__(self, env: Any, name: str, longest: int):
        self.env, self.name, self.longest = env, name, longest
        self.spaces = kinds.read(env, name)
        # The return from which an episode is a success, if the environment says one.
        spec = getattr(env, "spec", None)
        self.threshold: float | None = getattr(spec or env, "reward_threshold", None)
        self._seen, self._acted = env.observation_space, env.action_space
        self._steps = -1  # of this episode; below 0 before the first

    def reset(self, seed: int) -> Any:
        """The first observation of the episode with this seed."""
        found = self._called("reset", self.env.reset, seed=seed)
        self._steps = 0
        if not isinstance(found, tuple) or len(found) != 2:
            raise PipelineError(
                f"{self.name}: reset must return (observation, info); got {type(found).__name__}."
            )
        return self._plain(found[0])

    def step(self, chosen: Any) -> tuple[Any, float, bool, bool]:
        """(observation, reward, whether the episode ended, whether it was cut off)."""
        if self._steps < 0:
            raise PipelineError(f"{self.name}: reset comes before the first step.")
        found = self._called("step", self.env.step, values.action(self._acted, chosen))
        self._steps += 1
        if not isinstance(found, tuple) or len(found) != 5:
            raise PipelineError(
                f"{self.name}: step must return (observation, reward, terminated, truncated, info);"
                f" got {len(found) if isinstance(found, tuple) else type(found).__name__} of these."
            )
        seen, reward, ended, cut, _ = found
        if not _is_finite(reward):
            shown = " ".join(str(reward).split())[:60]
            raise PipelineError(
                f"{self.name}: the reward of step {self._steps} is {shown}. A reward must be a"
                " finite number."
            )
        over = bool(cut) or self._steps >= self.longest
        return self._plain(seen), float(reward), bool(ended), over and not ended

    def _plain(self, seen: Any) -> Any:
        spaces = self.spaces
        try:
            if spaces.states:
                found = values.index(self._seen, seen)
                right = 0 <= found < spaces.states
            else:
                found = values.vector(self._seen, seen)
                right = found.size == spaces.size
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise self._unfit(seen) from error
        if not right:
            raise self._unfit(seen)
        return found

    def _unfit(self, seen: Any) -> PipelineError:
        shape = np.shape(seen) if isinstance(seen, np.ndarray) else repr(seen)[:60]
        return PipelineError(
            f"{self.name}: an observation does not fit observation_space, {self._seen}; got {shape}."
            " Correct one of the two."
        )

    def _called(self, what: str, call: Callable, *arguments: Any, **named: Any) -> Any:
        try:
            return call(*arguments, **named)
        except Exception as error:  # it is the user's code
            raise PipelineError(
                f"{self.name}: {what} raised {type(error).__name__}: {brief(error)} (step"
                f" {self._steps + 1} of an episode)"
            ) from error


def _is_finite(reward: Any) -> bool:
    """Whether what an environment gives is a finite number."""
    try:
        return math.isfinite(reward)
    except (TypeError, ValueError, OverflowError):  # such as None, a text, or 10**400
        return False
