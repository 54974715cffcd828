"""A training that takes as many epochs as fit in a time."""

import time
import types

import killed
import pytest
from conftest import SMALL

import pipelines
from pipelines import catalog
from pipelines import run as runs
from pipelines.engine.training import budget, setup
from pipelines.errors import PipelineError
from pipelines.records import read_yaml
from pipelines.task import Phase


@pytest.mark.parametrize(
    ("left", "most", "epochs"),
    [(31, 100, 9), (32, 100, 10), (1000, 100, 100), (1000, 7, 7), (5, 100, 3), (-1, 100, 3)],
)
def test_the_most_epochs_that_fit(left, most, epochs):
    def seconds(count):
        if count < 3:
            raise PipelineError("too few for three phases")
        return 2 + 3 * count

    assert budget.fitting(seconds, left, most) == epochs


def test_phases_keep_their_shares():
    config = catalog.method("transfer").Config(unfreeze=("none", "all"), phase_epochs=(2, 6))
    assert config.lasting(20).phase_epochs == (5, 15)
    assert config.lasting(20).epochs == 20
    assert config.lasting(3).phase_epochs == (1, 2)
    with pytest.raises(PipelineError, match="1 epochs are too few for the phases none, all"):
        config.lasting(1)


def test_the_epochs_that_fit_are_written_down_and_resuming_stays_exact(
    photos, monkeypatch, tmp_path
):
    # A step takes 0.5 s and a validation pass 1 s, compiling 2 s: 6 epochs of 4 steps in 20 s.
    monkeypatch.setattr(budget, "measured", lambda *_: {"train": budget.Cost(2.0, 3.0)})
    monkeypatch.setattr(budget, "RESERVE", 0.0)
    monkeypatch.setattr(budget, "time", types.SimpleNamespace(perf_counter=lambda: 0.0))
    data = photos({"train/a": 16, "train/b": 16, "validation/a": 4, "validation/b": 4})
    settings = {**SMALL, "minutes": 21 / 60}
    whole = pipelines.train("scratch", data=data, run=tmp_path / "whole", **settings)
    written = read_yaml(whole.path / "config.yaml")
    assert (written["epochs"], written["minutes"]) == (6, 21 / 60)
    assert whole.info["epochs_done"] == 6
    # Nothing is timed again, and the schedule is that of 6 epochs.
    resumed = killed.resumed(runs.start("scratch", data, tmp_path / "cut", settings), 12)
    assert resumed.info["weights_sha256"] == whole.info["weights_sha256"]


def test_what_is_timed_is_what_a_training_does(photos, monkeypatch):
    data = photos({"train/a": 8, "train/b": 8, "validation/a": 4, "validation/b": 4})
    monkeypatch.setattr(budget, "STEPS", 2)
    made = setup.set_up("scratch", data, SMALL)
    began = time.perf_counter()
    costs = budget.measured(made.method, made.config, made.source)
    taken = time.perf_counter() - began
    assert list(costs) == ["train"]
    assert 0 < costs["train"].epoch < taken
    assert 0 < costs["train"].once < taken


def test_a_phase_that_is_solved_is_timed_once(monkeypatch):
    """Its clock: 1 to begin, 30 to solve, 5 for a pass over the training split, 2 over the other."""
    clock = [0.0]
    parts = {"train": range(50), "validation": range(20)}
    source = types.SimpleNamespace(held_out=parts.get)

    def takes(seconds, answer=None):
        clock[0] += seconds
        return answer

    method = types.SimpleNamespace(model=lambda config: "net")
    phase = Phase("head", config=None, solve=lambda net, own: takes(30))
    monkeypatch.setattr(budget, "time", types.SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(budget.fit, "begin", lambda *_, **more: takes(1, ("net", source)))
    monkeypatch.setattr(budget.evaluate, "Decoder", lambda *_: "answer")
    monkeypatch.setattr(budget.evaluate, "validate", lambda answer, part, *_: takes(len(part) / 10))
    assert budget._cost(method, [phase], 0, source) == budget.Cost(38.0, 0.0)
