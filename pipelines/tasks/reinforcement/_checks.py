"""The audit of an environment: what comes is compared with what it says, by playing some episodes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats.examples import Problem
from pipelines.tasks.reinforcement import _episodes

EPISODES, STEPS = 5, 2_000  # that are played with random actions, at most
MIXED = 30.0  # times the scale of another component
FIRST = 4_000_000  # seed of the first of them


def problems(world: Any) -> list[Problem]:
    """What a training would trip over, and what policies without learning reach."""
    try:
        return list(itertools.chain(_resets(world), _played(world), _floor(world)))
    except PipelineError as error:
        return [Problem("error", "environment", world.name, str(error))]


def _resets(world: Any) -> Iterator[Problem]:
    """Whether an episode follows from its seed and its actions."""
    first, second = (_trace(world.make(), FIRST, 20) for _ in range(2))
    if len(first) != len(second) or not all(map(np.array_equal, first, second)):
        text = (
            "two episodes with the same seed and actions differ. reset(seed=...) has to seed all"
            " that is random; else no result can be repeated, and resuming is not exact"
        )
        yield Problem("warning", "not-reproducible", world.name, text)


def _trace(world: Any, seed: int, steps: int) -> list:
    """The observations and rewards of the first steps of an episode with random actions."""
    choose, found = _episodes.random_policy(world.spaces, seed), [world.reset(seed)]
    for _ in range(steps):
        state, reward, ended, cut = world.step(choose(np.zeros(1))[0])
        found += [state, reward]
        if ended or cut:
            break
    return found


def _played(world: Any) -> Iterator[Problem]:
    """What some whole episodes show."""
    seen, ends, steps = [], 0, 0
    for episode in range(EPISODES):
        one = world.make()
        choose = _episodes.random_policy(one.spaces, FIRST + episode)
        state, over, length = one.reset(FIRST + episode), False, 0
        while not over and steps < STEPS:
            seen.append(state)
            state, _, ended, cut = one.step(choose(np.zeros(1))[0])
            over, steps, length = ended or cut, steps + 1, length + 1
            ends += ended
    limit = world.make().longest
    if not ends and steps >= min(STEPS, EPISODES * limit):
        text = (
            f"no episode of random actions ended by itself in {steps:,} steps; each is cut off after"
            f" {limit:,} (max_steps)"
        )
        yield Problem("note", "endless", world.name, text)
    if not world.spaces.states:
        yield from _vectors(world, np.array(seen))


def _vectors(world: Any, seen: np.ndarray) -> Iterator[Problem]:
    """What the components of observations (N, D) are like."""
    if not np.isfinite(seen).all():
        text = "an observation is NaN or infinite: no net can learn from it"
        yield Problem("error", "not-finite", world.name, text)
        return
    low, high = np.array(world.spaces.low), np.array(world.spaces.high)
    slack = 1e-4 * (1 + np.abs(seen).max(0))
    if (seen < low - slack).any() or (seen > high + slack).any():
        where = int(np.argmax(((seen < low - slack) | (seen > high + slack)).any(0)))
        text = (
            f"component {where} of an observation is outside of observation_space: from"
            f" {seen[:, where].min():.3g} to {seen[:, where].max():.3g}, and it says"
            f" {low[where]:.3g} to {high[where]:.3g}"
        )
        yield Problem("warning", "outside", world.name, text)
    scale = np.abs(seen).max(0)
    moving = scale[scale > 0]
    if len(moving) and moving.max() > MIXED * moving.min():
        text = (
            f"components of the observations have mixed scales, from {moving.min():.2g} to"
            f" {moving.max():.2g}. normalise=on brings them to one scale within the net"
        )
        yield Problem("note", "mixed-scale", world.name, text)


def _floor(world: Any) -> Iterator[Problem]:
    found = _episodes.floors(world.held_out("validation"))
    listed = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
    text = f"mean return without learning: {listed}"
    yield Problem("note", "floor", world.name, text)
