"""A policy's files: they play the same episodes on a device, in the browser's worlds, and on a command line."""

import json
import subprocess
import sys

import browser
import gymnasium
import node
import numpy as np
import pytest
from conftest import once

import pipelines
from pipelines.edge import reinforcement as half
from pipelines.engine.serving import web
from pipelines.environments import dynamics
from pipelines.environments.grid_world import GridWorld

SMALL = dict(
    epochs=2, steps_per_epoch=20, passes=10, width=16, normalise="on", test_episodes=5,
    validation_episodes=5,
)  # fmt: skip
PHYSICS = """
import {pushed, play, randomOf, WORLDS} from "%s";
const states = [[0.01, -0.02, 0.03, 0.04]];
for (const action of %s) states.push(pushed(states.at(-1), action));
const pole = await play(WORLDS["gym:CartPole-v1"](), 3, (state) => Number(state[2] + state[3] > 0));
const grid = [];
for (let seed = 0; seed < 2000; seed += 1) grid.push((await play(WORLDS.grid(), seed, () => 1)).return);
const pay = await play(WORLDS.bandit(), 1, () => 4);
console.log(JSON.stringify({states, pole, grid, pay}));
"""


@pytest.fixture(scope="module")
def policy():
    def make(folder):
        run = pipelines.train("ppo", "cart_pole", run=folder / "run", **SMALL)
        run.export(folder / "bundle", files=["float32", "int8"], max_drop=0.2)

    folder = once("policy", make)
    return pipelines.load(folder / "run"), pipelines.load(folder / "bundle")


def test_each_file_plays_the_same_episodes(policy):
    run, bundle = policy
    result = run.evaluate()
    assert result["mean_return"] > 2 * result["floor"]
    assert result["mean_return_low"] < result["median_return"] < result["mean_return_high"] + 50
    records = {kind: record["metrics"] for kind, record in bundle.files.items()}
    assert records["float32"]["mean_return"] == pytest.approx(result["mean_return"], rel=0.01)
    assert bundle.verify()["passed"]


def test_a_file_takes_what_the_environment_gives(policy):
    run, bundle = policy
    state = [1.0, 0.5, 0.02, -0.3]
    (ours,), (theirs,) = (each.predict(json.dumps(state)) for each in policy)
    assert ours["action"] == theirs["action"]
    scale = run.model.get_layer("scale").get_weights()
    assert scale[2] == 2 * 20 * 256  # all observations of the training
    assert not np.allclose(scale[1], 1)
    assert set(theirs["probabilities"]) == {"left", "right"}


def test_predict_plays_gymnasiums_environment(policy):
    _, bundle = policy
    script = [sys.executable, str(bundle.path / "predict.py"), "--json", "--env", "gym:CartPole-v1"]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    (answer,) = json.loads(done.stdout.splitlines()[-1])["predictions"]
    env, total, over = gymnasium.make("CartPole-v1"), 0.0, False
    state, _ = env.reset(seed=0)
    while not over:
        (chosen,) = bundle.predict(json.dumps(state.tolist()))
        state, reward, ended, cut, _ = env.step(["left", "right"].index(chosen["action"]))
        total, over = total + reward, ended or cut
    assert answer["return"] == total == answer["steps"]
    script[-1] = "gym:Nothing-v0"
    done = subprocess.run(script, capture_output=True, text=True)
    assert (done.returncode, "no environment" in done.stderr) == (2, True)


def manifest(states=0, size=2, limit=7, actions="ab"):
    spec = {"shape": [1], "dtype": "int32"} if states else {"shape": [1, size], "dtype": "float32"}
    config = {"states": states, "limit": limit, "actions": list(actions)}
    return {"inputs": {"state": spec}, "config": config}


def first(inputs):
    """The first of two actions, whatever comes."""
    return {"action": np.array([0], np.int32), "values": np.zeros((1, 2), np.float32)}


@pytest.mark.parametrize("text", ["9", "-1", "5.7", "true", '"5"', "[5]", "null", "NaN", "1e999"])
def test_what_is_no_state_gets_no_answer(text):
    with pytest.raises(ValueError, match="must be a whole number from 0 to 8"):
        half.predict(text, first, manifest(states=9))
    answer, _ = half.predict("8", first, manifest(states=9))
    assert answer["action"] == "a"


@pytest.mark.parametrize(
    "text", ["[NaN, 1]", "[1, 1e39]", "[true, 1]", '["1", 1]', "[1]", "[[1, 2]]", "3", "[1, 1e999]"]
)
def test_what_is_no_vector_gets_no_answer(text):
    with pytest.raises(ValueError, match="must be a list of 2 finite numbers"):
        half.predict(text, first, manifest())
    assert half.predict("[1, 2.5]", first, manifest())[0]["state"] == [1, 2.5]


def test_the_page_refuses_the_same():
    texts = ["9", "-1", "5.7", "true", '"5"', "[5]", "8"], ["[1, 1e39]", "[true, 1]", "3", "[1, 2]"]
    code = f"""
    import {{predict}} from "{web.SOURCE / "reinforcement.js"}";
    const run = async () => ({{action: {{data: [0]}}}});
    const said = [];
    for (const [texts, manifest] of {json.dumps([*zip(texts, (manifest(9), manifest()), strict=True)])})
      for (const text of texts)
        await predict(text, run, manifest).then(() => said.push(1), () => said.push(0));
    console.log(JSON.stringify(said));
    """
    assert node.found(code) == [0] * 6 + [1] + [0] * 3 + [1]


class Told(gymnasium.Env):
    """Never ends. Observes a pair, and takes two numbers from 1 on; breaks if it is told to."""

    observation_space = gymnasium.spaces.Tuple([gymnasium.spaces.Discrete(3, start=1)] * 2)
    action_space = gymnasium.spaces.MultiDiscrete([1, 2], start=[1, 1])
    breaks, reward = "", 1.0

    def __init__(self):
        if self.breaks == "make":
            raise OSError("no screen")

    def reset(self, seed=None, options=None):
        return (1, 3), {}

    def step(self, action):
        assert action.tolist() == [1, 1]
        if self.breaks == "step":
            raise OSError("the cable\nis loose")
        return (1, 3), self.reward, False, False, {}


@pytest.fixture
def told():
    gymnasium.register("Told-v0", entry_point=Told)
    yield "gym:Told-v0 3"
    del gymnasium.registry["Told-v0"]


def test_an_episode_ends_at_the_limit_and_spaces_are_those_of_the_training(told):
    wanted = {"environment": "gym:Told-v0", "return": 7.0, "steps": 7}
    given = []

    def run(inputs):
        given.append(inputs["state"].tolist())
        return first(inputs)

    assert half.predict(told, run, manifest(states=9)) == (wanted, {})
    assert half.predict(told, run, manifest(size=6)) == (wanted, {})
    assert given == [[2]] * 7 + [[[1, 0, 0, 0, 0, 1]]] * 7


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (dict(states=8), "observes Tuple.*; the model knows 8 states"),
        (dict(size=4), r"observes \[6\]; the model takes \[4\]"),
        (dict(states=9, actions="abc"), "takes MultiDiscrete.*; the model knows 3 actions"),
        (dict(states=9, actions=""), "takes MultiDiscrete.*; the model knows actions of numbers"),
    ],
)
def test_another_environment_is_refused(told, known, words):
    with pytest.raises(ValueError, match=words):
        half.predict(told, first, manifest(**known))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("breaks", "make", "make raised OSError: no screen"),
        ("breaks", "step", "step raised OSError: the cable is loose"),
        ("reward", float("nan"), "earned nan in 7 steps"),
        ("reward", None, "the reward of a step raised TypeError"),
        ("observation_space", gymnasium.spaces.Text(3), "an observation does not fit Text"),
    ],
)
def test_an_environment_that_breaks_is_told(told, monkeypatch, name, value, words):
    monkeypatch.setattr(Told, name, value)
    known = manifest(size=6) if name == "observation_space" else manifest(states=9)
    with pytest.raises(ValueError, match=words):
        half.predict(told, first, known)


def test_the_worlds_of_the_page_are_those_of_python():
    actions = np.random.default_rng(0).integers(2, size=1000).tolist()
    code = PHYSICS % (web.SOURCE / "worlds.js", actions)
    found = node.found(code)
    env = gymnasium.make("CartPole-v1").unwrapped
    env.reset()
    env.state = found["states"][0]
    for action, state in zip(actions[:1000], found["states"][1:], strict=True):
        env.steps_beyond_terminated = None
        env.step(action)
        np.testing.assert_allclose(env.state, state, rtol=1e-9)
        env.state = state
    assert (found["pole"]["return"], len(found["pole"]["states"])) == (500, 501)
    known = dynamics.of(GridWorld(), "grid")
    expected = dynamics.expected(known, np.ones(16, int), 60)
    error = (expected * (1 - expected) / 2000) ** 0.5
    assert np.mean(found["grid"]) == pytest.approx(expected, abs=4 * error)
    assert 65 < found["pay"]["return"] < 95


def test_a_browser_acts_as_the_policy(policy):
    browser.agrees(policy[1], ["[1, 0.5, 0.02, -0.3]", "[0, 0, 0, 0]"])


def test_the_page_plays_an_episode(policy):
    found = browser.check(policy[1].path, [], sources=["play 1"])
    ((answer, line),) = found["answers"]
    assert set(answer) == {"environment", "return", "steps"}
    assert 20 < answer["return"] == answer["steps"] <= 500
    assert line == f"cart_pole: return {answer['steps']} in {answer['steps']} steps"
