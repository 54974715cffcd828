"""Environments: what goes in and out of them, several at once, their audit, and names that are refused."""

import importlib.util
import sys
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Tuple

import pipelines
from pipelines import run as runs
from pipelines.edge import spaces as values
from pipelines.environments import cart_pole, naming, several, spaces
from pipelines.environments.acting import Acting
from pipelines.environments.grid_world import GridWorld
from pipelines.errors import NotInstalled, PipelineError
from pipelines.records import Recorded
from pipelines.tasks.reinforcement import _world


class Odd:
    """One state and one action, with one thing that is wrong."""

    observation_space, action_space = Discrete(2), Discrete(2)

    def __init__(self, seen=0, reward=0.0, ends=True, fails=False):
        self.seen, self.reward, self.ends, self.fails = seen, reward, ends, fails

    def reset(self, seed=None):
        return self.seen, {}

    def step(self, action):
        if self.fails:
            raise RuntimeError("the motor\nis hot")
        return self.seen, self.reward, self.ends, False, {}


def odd(**given):
    return lambda: Odd(**given)


# The bundled ones.


def test_the_pole_falls_as_gymnasiums_over_1000_steps():
    theirs, random = gymnasium.make("CartPole-v1").unwrapped, np.random.default_rng(0)
    theirs.reset(seed=0)
    state = tuple(theirs.state)
    for _ in range(1000):
        action = int(random.integers(2))
        seen = theirs.step(action)[0]
        state = cart_pole.after(state, action)
        np.testing.assert_allclose(np.float32(state), seen, rtol=1e-6)
        if max(abs(state[0]), abs(state[2])) > 0.2:
            theirs.reset()
            state = tuple(theirs.state)


# Spaces.


def test_spaces_are_counted_flattened_and_kept_as_text():
    pair = Tuple((Discrete(3, start=1), MultiDiscrete([2, 2])))
    assert values.count(pair) == 12
    assert values.index(pair, (2, np.array([1, 0]))) == 1 * 4 + 2
    mixed = Dict({"a": Box(-1, 2, (2,)), "b": Discrete(2)})
    assert values.count(mixed) is None
    assert spaces.bounds(mixed) == ([-1, -1, 0, 0], [2, 2, 1, 1])
    value = {"a": np.array([0.5, 1.5]), "b": 1}
    assert values.vector(mixed, value).tolist() == [0.5, 1.5, 0, 1]
    found = spaces.read(gymnasium.make("Pendulum-v1"), "p")
    assert spaces.of_lines(found.lines()) == found
    assert found.action_low == (-2.0,)


def test_a_start_is_added_to_actions_and_taken_from_states():
    space = MultiDiscrete([2, 3], start=[5, -1])
    for number, value in enumerate([[5, -1], [5, 0], [5, 1], [6, -1], [6, 0], [6, 1]]):
        assert values.index(space, np.array(value)) == number
        assert values.action(space, number).tolist() == value
    assert values.vector(space, np.array([6, -1])).tolist() == [0, 1, 1, 0, 0]
    for wrong in ([4, 0], [7, 0], [5, 2], [5]):
        for call in (values.index, values.vector):
            with pytest.raises(ValueError, match=r"."):
                call(space, np.array(wrong))
    square = gymnasium.spaces.MultiBinary([2, 2])
    assert values.action(square, 6).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("space", [Tuple((Discrete(2),)), Dict(a=Discrete(2))])
def test_actions_of_several_parts_are_refused_before_a_step(space):
    env = Odd()
    env.action_space = space
    with pytest.raises(PipelineError, match="an action must be .* got (Tuple|Dict). Wrap"):
        spaces.read(env, "odd")


def test_spaces_that_are_too_large_or_damaged_are_refused():
    for lines in (["states x"], ["evil 1"], ["low 1.0", "high"], ["states 999999999"]):
        with pytest.raises(PipelineError):
            spaces.of_lines(lines)
    env = Odd()
    env.observation_space = gymnasium.spaces.Text(3)
    with pytest.raises(PipelineError, match="got Text. Wrap"):
        spaces.read(env, "odd")


# Several at once.


def test_environments_are_where_they_were_after_a_kill():
    make, random = naming.acting("cart_pole"), np.random.default_rng(0)
    world = several.Several(make, several.Place(2, 500, 1), 3)
    world.settle()
    for _ in range(60):
        moment = world.step(random.integers(2, size=2))
    assert world.place.over.value[0] > 2
    place = several.Place(2, 500, 1)
    for ours, theirs in zip(place.kept, world.place.kept, strict=True):
        ours.assign(theirs.value)
    again = several.Several(make, place, 3)
    again.settle()
    np.testing.assert_array_equal(again.states, world.states)
    actions = np.array([0, 1])
    moment, other = world.step(actions), again.step(actions)
    np.testing.assert_array_equal(moment.after, other.after)
    assert again.place.mean_return == world.place.mean_return > 5


def test_what_is_cut_off_has_its_own_last_state_and_has_not_ended():
    world = several.Several(naming.acting("bandit", 3), several.Place(1, 3, 1), 0)
    world.settle()
    moments = [world.step(np.array([0])) for _ in range(3)]
    assert [bool(m.cut[0]) for m in moments] == [False, False, True]
    assert not any(m.ended[0] for m in moments)
    fallen = several.Several(naming.acting("cart_pole"), several.Place(1, 500, 1), 0)
    fallen.settle()
    while True:
        moment = fallen.step(np.array([0]))
        if moment.ended[0]:
            break
    assert abs(moment.after[0]).max() > 0.2  # where it fell, and not where the next one begins
    assert abs(fallen.states[0]).max() < 0.06


class Counting:
    """With the interface of TF-Agents' PyEnvironment: counts to 3, and is cut off at once if told."""

    def __init__(self, discount=0.0):
        self.discount, self.at = discount, 0

    def observation_spec(self):
        return SimpleNamespace(shape=(2,), dtype=np.float32, minimum=0.0, maximum=9.0)

    def action_spec(self):
        return SimpleNamespace(shape=(), dtype=np.int64, minimum=1, maximum=2)

    def _now(self, kind, reward=0.0, discount=1.0):
        seen = np.array([self.at, 9 - self.at], np.float32)
        return SimpleNamespace(step_type=kind, reward=reward, discount=discount, observation=seen)

    def reset(self):
        self.at = 0
        return self._now(0)

    def step(self, action):
        self.at += int(action)
        return self._now(2, 1.0, self.discount) if self.at >= 3 else self._now(1)


@pytest.mark.parametrize(("discount", "end"), [(0.0, (True, False)), (0.9, (False, True))])
def test_an_environment_of_tf_agents_is_taken_as_it_is(discount, end):
    world = naming.acting(lambda: Counting(discount))()
    assert (world.spaces.size, world.spaces.actions) == (2, ("0", "1"))
    assert world.reset(0).tolist() == [0, 9]
    assert world.step(1)[1:] == (0.0, False, False)  # the second action is 2
    seen, *rest = world.step(0)
    assert (seen.tolist(), *rest) == ([3, 6], 1.0, *end)


# What may be wrong.


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (dict(reward=float("nan")), "the reward of step 1 is nan"),
        (dict(reward=None), "the reward of step 1 is None"),
        (dict(reward="much"), "the reward of step 1 is much. A reward must be a finite number"),
        (dict(seen=5), "does not fit observation_space"),
        (dict(fails=True), "step raised RuntimeError: the motor is hot"),
    ],
)
def test_an_environment_that_is_wrong_is_an_error_of_the_audit(given, words):
    (problem,) = _world.world(odd(**given), None).audit(None, None)
    assert (problem.severity, words in problem.message) == ("error", True)
    with pytest.raises(pipelines.Refused, match="odd.*"):
        pipelines.train("q_learning", odd(**given), run="/nowhere/run")


def test_the_audit_tells_what_no_one_sees_at_once():
    counter = iter(range(1000))

    class Restless(Odd):
        observation_space = Box(-1, 1, (2,))

        def reset(self, seed=None):
            self.seen = np.array([next(counter), 1e-3])
            return self.seen, {}

    found = {
        p.kind: p.message for p in _world.world(lambda: Restless(ends=False), None).audit(0, 0)
    }
    assert set(found) == {"not-reproducible", "endless", "outside", "mixed-scale", "floor"}
    assert "random actions 0" in found["floor"]


def test_a_step_comes_after_a_reset():
    with pytest.raises(PipelineError, match="reset comes before the first step"):
        Acting(Odd(), "odd", 5).step(0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gird", "Did you mean 'grid'"),
        ("gym:CartPol-v1", "Did you mean 'CartPole-v1'"),
        ("gym:os:Evil-v0", "takes a name of Gymnasium alone"),
        ("no_such_module:World", "cannot be imported"),
        ("math:pi", "is no class"),
    ],
)
def test_a_name_that_will_not_do_is_told(name, words):
    with pytest.raises(PipelineError, match=words):
        naming.makers(name)


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(NotInstalled, match=r"pip install .*\[reinforcement\]"):
        naming.makers("gym:CartPole-v1")


def test_an_environment_that_needs_another_package_is_told():
    name = "gym:LunarLander-v3"
    if importlib.util.find_spec("Box2D"):
        pytest.skip("Box2D is installed")
    with pytest.raises(NotInstalled, match=f"{name} needs a package that is missing: Box2D is not"):
        naming.acting(name)()


def test_bounds_may_be_infinite_and_observations_may_not():
    class Endless(Odd):
        observation_space = Box(-np.inf, np.inf, (2,))

    good = _world.world(lambda: Endless(seen=np.array([3.0, 1e9])), None)
    assert spaces.of_lines(good.spaces.lines()) == good.spaces
    assert good.spaces.high == (np.inf,) * 2
    assert {p.severity for p in good.audit(None, None)} == {"note"}
    bad = _world.world(lambda: Endless(seen=np.array([0.0, np.inf])), None)
    (problem, *_) = bad.audit(None, None)
    assert (problem.severity, problem.kind) == ("error", "not-finite")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("class World(:", r"SyntaxError: invalid syntax \(broken_world.py, line 1\). Correct broken_world"),
        ("World = Wrld", "NameError: name 'Wrld' is not defined"),
    ],
)  # fmt: skip
def test_a_module_of_ones_own_that_is_broken_is_told(code, words, tmp_path, monkeypatch):
    (tmp_path / "broken_world.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PipelineError, match=f"broken_world:World cannot be imported: {words}"):
        naming.makers("broken_world:World")


def test_no_code_runs_because_a_file_names_it(tmp_path, monkeypatch):
    (tmp_path / "evil_world.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PipelineError, match="not run because a file names it"):
        naming.makers(Recorded("evil_world:World"))


@pytest.mark.parametrize(
    ("method", "data", "words"),
    [
        ("dqn", "gym:Pendulum-v1", "acts by vectors, which dqn cannot take. Try method=ppo"),
        ("q_learning", "cart_pole", "observes vectors.* cannot take. Try method=dqn or ppo"),
        ("q_learning", "gym:Pendulum-v1", "observes vectors.* cannot take. Try method=ppo"),
        ("value_iteration", "gym:Blackjack-v1", "does not say how likely each next state is"),
    ],
)
def test_a_method_that_does_not_fit_the_environment_is_told(method, data, words, tmp_path):
    with pytest.raises(PipelineError, match=words):
        pipelines.train(method, data, run=tmp_path / "run")


class Changed(GridWorld):
    """A world whose version a test changes, and that can break in the middle."""

    version, left = "1", 10**9
    longest = 20

    def step(self, action):
        Changed.left -= 1
        if Changed.left < 0:
            raise OSError("the cable is loose")
        return super().step(action)


def test_a_run_whose_environment_breaks_keeps_its_checkpoint_and_goes_on(tmp_path, monkeypatch):
    given = dict(epochs=2, steps_per_epoch=2, batch_size=2, checkpoint_steps=1, max_steps=20)
    given |= dict(validation_episodes=2, test_episodes=2)
    whole = pipelines.train("q_learning", Changed, run=tmp_path / "whole", **given)
    started = runs.start("q_learning", Changed, tmp_path / "broken", given)
    monkeypatch.setattr(Changed, "left", 30)
    with pytest.raises(PipelineError, match="step raised OSError: the cable is loose"):
        started.train()
    assert list((tmp_path / "broken/checkpoints").glob("step_*.npz"))
    monkeypatch.setattr(Changed, "left", 10**9)
    with monkeypatch.context() as patch:
        patch.setattr(Changed, "version", "2")
        with pytest.raises(PipelineError, match="has changed since the run started"):
            pipelines.resume(tmp_path / "broken", data=Changed)
    resumed = pipelines.resume(tmp_path / "broken", data=Changed)
    assert resumed.info["weights_sha256"] == whole.info["weights_sha256"]


def test_code_of_ones_own_is_named_again_before_a_run_is_judged(tmp_path, monkeypatch):
    (tmp_path / "my_world.py").write_text(
        "from pipelines.environments.grid_world import GridWorld as Mine\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    given = dict(epochs=1, steps_per_epoch=1, batch_size=1, validation_episodes=2, test_episodes=2)
    run = pipelines.train("q_learning", "my_world:Mine", run=tmp_path / "run", **given)
    assert run.evaluate(data="my_world:Mine")["examples"] == 2
    opened = pipelines.load(tmp_path / "run")
    with pytest.raises(PipelineError, match="Name it yourself: --data my_world:Mine"):
        opened.evaluate()
