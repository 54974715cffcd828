"""`engine=tf_agents`: agents of TF-Agents train our nets in a process of their own."""

import importlib.util
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from conftest import once

import pipelines
from pipelines import catalog
from pipelines.tasks.reinforcement import _tf_agents

SHORT = dict(epochs=1, steps_per_epoch=3, validation_episodes=2, test_episodes=2)
ENGINE = dict(engine="tf_agents")
CODE = """
import pathlib, sys
from pipelines.tasks.reinforcement import _tfa_child
_tfa_child.stand_in()
import with_tf_agents
with_tf_agents.main(pathlib.Path(sys.argv[1]))
"""
needs_it = pytest.mark.skipif(
    importlib.util.find_spec("tf_agents") is None, reason="TF-Agents is not installed"
)


@pytest.fixture(scope="module")
def found():
    """What tests/with_tf_agents.py found."""

    def make(folder):
        tests = Path(__file__).parent
        path = os.pathsep.join([str(tests.parent), str(tests)])
        environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "PYTHONPATH": path}
        command = [sys.executable, "-c", CODE, str(folder)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]

    return json.loads((once("tf_agents", make) / "found.json").read_text())


@needs_it
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["dqn", "double_dqn", "ppo", "ppo, Gaussian", "reinforce", "reinforce, Gaussian"]
)
def test_our_loss_of_a_batch_is_that_of_tf_agents(found, name):
    ours, theirs = found[name]
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert abs(ours) > 0.01


@needs_it
@pytest.mark.slow
def test_its_environment_runs_in_our_method_and_our_file_in_its_driver(found):
    assert found["corridor"] == [1.0, 1.0]


SMALL_NET = dict(width=4, max_steps=10)
AGENTS = [  # method, environment, settings
    ("dqn", "cart_pole", dict(SMALL_NET, updates=2, warmup=0, batch_size=12, normalise="on")),
    ("double_dqn", "grid", dict(SMALL_NET, updates=2, warmup=0, batch_size=12, environments=2)),
    ("ppo", "gym:Pendulum-v1", dict(SMALL_NET, passes=1, batch_size=12, minibatch=4)),
    ("reinforce", "cart_pole", dict(SMALL_NET, batch_size=2)),
]


@needs_it
@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "data", "given"),
    [AGENTS[0], *(pytest.param(*one, marks=pytest.mark.exhaustive) for one in AGENTS[1:])],
)
def test_a_net_that_it_trained_is_judged_and_exported_like_any_other(method, data, given, tmp_path):
    run = pipelines.train(method, data, run=tmp_path / "run", **SHORT, **ENGINE, **given)
    assert np.isfinite(run.evaluate()["mean_return"])
    assert np.isfinite(float(run.history["loss"][-1]))
    assert any(np.ptp(weights) > 0 for weights in run.model.get_weights())
    bundle = run.export(tmp_path / "bundle", files=["float32"], max_drop=0.5)
    assert bundle.verify()["passed"]


@needs_it
def test_a_process_that_dies_or_meets_an_error_is_told_in_one_line(monkeypatch):
    net = types.SimpleNamespace(save=lambda path: None)
    for code, words in (
        ("raise OSError('no room')", "TF-Agents stopped: OSError: no room"),
        ("import sys; sys.exit(3)", "TF-Agents stopped: exit code 3"),
        ('print(\'{"error": "reward of step 1"}\')', "reward of step 1"),
    ):
        kept = subprocess.Popen

        def started(command, code=code, kept=kept, **named):
            return kept([sys.executable, "-c", code], **named)

        monkeypatch.setattr(_tf_agents.subprocess, "Popen", started)
        with _tf_agents._Child({}, net) as child, pytest.raises(pipelines.PipelineError) as error:
            child.step(net)
        monkeypatch.undo()
        assert str(error.value) == words


def world(name="cart_pole"):
    return types.SimpleNamespace(name=name)


def test_what_it_lacks_is_said_with_the_lines_that_install_it(monkeypatch):
    monkeypatch.setattr(
        _tf_agents.importlib.util, "find_spec", lambda name: None if name == "gin" else name
    )
    with pytest.raises(pipelines.PipelineError) as error:
        _tf_agents._check(world(), 0)
    assert str(error.value).startswith("engine=tf_agents needs gin: `pip install ")
    assert str(error.value).endswith("then `pip install --no-deps tf-agents==0.19.0`.")


@needs_it
@pytest.mark.parametrize(
    ("name", "step", "words"),
    [
        ("cart_pole", 3, "cannot go on after a stop.*Train again, or take engine=own"),
        ("MyWorld", 0, "cannot import MyWorld. Put it into a module, and name it as module:Class"),
    ],
)
def test_what_it_cannot_do_is_refused(name, step, words):
    with pytest.raises(pipelines.PipelineError, match=words):
        _tf_agents._check(world(name), step)
    for other in ("cart_pole", "gym:ALE/Pong-v5", "mine.worlds:World"):
        _tf_agents._check(world(other), 0)


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("dqn", dict(priority=0.6), "no priority=0.6. Take priority=0.0, or engine=own"),
    ],
)
def test_settings_that_it_has_nothing_for_are_refused(method, given, words):
    known = catalog.method(method)
    with pytest.raises(pipelines.PipelineError, match=words):
        known.phases(known.Config(**ENGINE, **given))
