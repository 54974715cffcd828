"""A pole on a cart in NumPy: pushed left or right, it has to stay up; as Gymnasium's CartPole-v1."""

from __future__ import annotations

import math

import numpy as np

from pipelines.environments.plain import Box, Discrete

# Barto, Sutton & Anderson 1983, section V: kg, m, N, s, as Gymnasium takes them.
GRAVITY, CART, POLE, HALF_LENGTH, FORCE, TAU = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
WIDEST, STEEPEST = 2.4, 12 * math.pi / 180  # m, radians: beyond them it has failed


class CartPole:
    """Position, velocity, angle and its velocity, float32 (4,); 1 for each step that it stays up."""

    actions = ("left", "right")
    longest = 500
    episodes = (20, 100)
    observation_space = Box(
        [-2 * WIDEST, -math.inf, -2 * STEEPEST, -math.inf],
        [2 * WIDEST, math.inf, 2 * STEEPEST, math.inf],
    )
    action_space = Discrete(2)

    def reset(self, seed: int | None = None) -> tuple[np.ndarray, dict]:
        self.state = tuple(np.random.default_rng(seed).uniform(-0.05, 0.05, 4).tolist())
        return np.array(self.state, np.float32), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        self.state = after(self.state, action)
        failed = abs(self.state[0]) > WIDEST or abs(self.state[2]) > STEEPEST
        return np.array(self.state, np.float32), 1.0, failed, False, {}


def after(state: tuple, action: int) -> tuple[float, float, float, float]:
    """The state TAU seconds later, by Euler's method."""
    x, speed, angle, turning = state
    cos, sin = math.cos(angle), math.sin(angle)
    push = (FORCE if action == 1 else -FORCE) + POLE * HALF_LENGTH * turning**2 * sin
    push /= CART + POLE
    bend = HALF_LENGTH * (4.0 / 3.0 - POLE * cos**2 / (CART + POLE))
    twist = (GRAVITY * sin - cos * push) / bend
    shift = push - POLE * HALF_LENGTH * twist * cos / (CART + POLE)
    return x + TAU * speed, speed + TAU * shift, angle + TAU * turning, turning + TAU * twist
