"""What is known of an environment, and the best policy that follows from it."""

import numpy as np
import pytest

from pipelines.environments import dynamics
from pipelines.environments.grid_world import GridWorld
from pipelines.errors import PipelineError
from pipelines.tasks.reinforcement import _world


def test_the_optimum_of_the_grid_world_is_that_of_policy_iteration():
    known = dynamics.of(GridWorld(), "grid")
    values = dynamics.optimum(known, 0.97)
    np.testing.assert_allclose(values, dynamics.improved(known, 0.97), atol=1e-9)
    for state, action in ((14, 2), (13, 1)):  # Bellman's equation, term by term
        wanted = known.rewards[state, action]
        wanted += 0.97 * sum(
            known.going[state, action, after] * values[after].max() for after in range(16)
        )
        assert values[state, action] == pytest.approx(wanted)
    assert known.rewards[14, 2] == pytest.approx(0.8)  # to the right of 14 lies the goal


def test_episodes_earn_what_is_expected():
    known = dynamics.of(GridWorld(), "grid")
    policy = dynamics.optimum(known, 0.99).argmax(1)
    returns = (
        _world.world("grid", None).held_out("test").play(lambda states: policy[states]).returns
    )
    expected = dynamics.expected(known, policy, 60)
    error = (expected * (1 - expected) / len(returns)) ** 0.5
    assert returns.mean() == pytest.approx(expected, abs=3 * error)


def test_gymnasiums_probabilities_give_the_known_optimum():
    world = _world.world("gym:FrozenLake8x8-v1", None).make()
    known = dynamics.of(world.env, world.name)
    values = dynamics.optimum(known, 0.999)
    assert known.start @ values.max(1) == pytest.approx(0.8926, abs=1e-4)  # measured elsewhere
    assert dynamics.expected(known, values.argmax(1), 200) == pytest.approx(0.8857, abs=1e-4)


def line_world(cost):
    """Three fields in a row: to the left or to the right, whose end earns 1; each step costs."""
    going = np.zeros((3, 2, 3))
    for state in range(3):
        going[state, 0, max(0, state - 1)] = 1
        going[state, 1, min(2, state + 1)] = state < 2
    rewards = np.full((3, 2), -float(cost))
    rewards[2, 1] += 1
    return dynamics.Dynamics(going, rewards, np.array([1.0, 0, 0]))


@pytest.mark.parametrize("find", [dynamics.optimum, dynamics.improved])
@pytest.mark.parametrize("cost", [0, 1])
def test_with_a_discount_of_1_the_best_policy_comes_to_an_end(find, cost):
    known = line_world(cost)
    policy = find(known, 1.0).astype("float32").argmax(1)  # as the net has it
    assert policy.tolist() == [1, 1, 1]
    assert dynamics.expected(known, policy, 10) == 1 - 3 * cost


def test_policy_iteration_finds_the_way_past_the_cliff_without_a_discount():
    world = _world.world("gym:CliffWalking-v1", None).make()
    known = dynamics.of(world.env, world.name)
    policy = dynamics.improved(known, 1.0).astype("float32").argmax(1)
    assert dynamics.expected(known, policy, 1000) == -13


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("going", np.ones((16, 4)), "must have the shapes .* 16 states and 4 actions; got"),
        ("going", np.full((16, 4, 16), 0.1), "probabilities from 0 to 1 whose sum"),
        ("rewards", np.full((16, 4), np.nan), "finite rewards"),
        ("start", "soon", "cannot be read: ValueError: could not convert"),
    ],
)
def test_dynamics_that_are_wrong_are_told(part, value, words, monkeypatch):
    known = dynamics.of(GridWorld(), "grid")._replace(**{part: value})
    monkeypatch.setattr(GridWorld, "dynamics", lambda self: known)
    with pytest.raises(PipelineError, match=f"mine: .*{words}"):
        dynamics.of(GridWorld(), "mine")


def test_policies_that_do_not_settle_are_told(monkeypatch):
    monkeypatch.setattr(dynamics, "ROUNDS", 1)
    with pytest.raises(PipelineError, match="has not settled after 1 policies. Take iteration"):
        dynamics.improved(line_world(1), 1.0)
