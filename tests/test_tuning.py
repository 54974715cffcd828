"""The search for settings: it finds what is better, keeps to its time, and its trials are runs."""

import csv
import math

import held
import pytest

import pipelines
from pipelines import catalog, tuning
from pipelines.errors import Refused


def far(chosen):
    """Least at rate 0.01 and layers 3."""
    return abs(math.log10(chosen["rate"]) + 2) + abs(chosen["layers"] - 3) / 10


RANGES = {"rate": ((1e-5, 1.0), 1.0), "layers": ((1, 5), 1)}


def test_the_first_trial_is_the_default_and_later_ones_are_better():
    found = tuning.search(lambda i, chosen, heard: [far(chosen)], RANGES, 5, 25, -1, seed=0)
    assert len(found) == 25
    assert [trial.number for trial in found] == list(range(1, 26))
    assert found[0].given == {"rate": 1.0, "layers": 1}
    best = min(found, key=lambda trial: trial.value)
    assert best.value < 0.3 < far({"rate": 1.0, "layers": 1})
    again = tuning.search(lambda i, chosen, heard: [far(chosen)], RANGES, 5, 25, -1, seed=0)
    assert [trial.given for trial in again] == [trial.given for trial in found]


def test_a_trial_that_falls_behind_is_stopped_and_one_that_fails_is_noted():
    def attempt(number, chosen, heard):
        if number == 2:
            raise Refused("training diverged")
        values = []
        for epoch in range(10):
            values.append(0.1 if number == 9 else epoch / 10)
            if not heard(epoch, values[-1]):
                break
        return values

    found = tuning.search(attempt, RANGES, 5, 9, 1, seed=0)
    states = [trial.state for trial in found]
    assert states == ["complete", "failed", *["complete"] * 6, "stopped early"]
    assert found[1].value is None
    assert found[0].value == 0.9  # the best epoch


def test_the_time_ends_it():
    found = tuning.search(lambda i, chosen, heard: [1.0], RANGES, 0, None, 1, seed=0)
    assert len(found) == 1  # one in any case


def test_what_is_searched_leaves_what_was_given():
    method = catalog.method("scratch")
    config = method.Config()
    found = tuning.searched(method.Config, config, None, {"dropout": 0.1})
    assert found["learning_rate"] == ((1e-4, 1e-2), 1e-3)
    assert "mixup" in found
    assert "dropout" not in found
    for space, message in (
        ({"learning_rat": (1, 2)}, "Did you mean 'learning_rate'"),
        ({"dropout": 0.5}, r"must be \(low, high\) or a list of choices; got 0.5"),
        ({"dropout": (0.5, 0.1)}, r"must be \(low, high\)"),
        ({}, "no setting to search"),
    ):
        with pytest.raises(pipelines.PipelineError, match=message):
            tuning.searched(method.Config, config, space, {})


def test_the_first_trial_has_what_follows_from_the_data(tmp_path, monkeypatch):
    """transfer takes 4e-4 if the whole net is trained, and classes without sides are mirrored."""
    seen = {}

    def search(attempt, ranges, *_):
        seen.update(ranges)
        return []

    monkeypatch.setattr(tuning, "search", search)
    with pytest.raises(Refused, match="every trial failed"):
        pipelines.tune("transfer", held.photos(30), run=tmp_path / "tune", epochs=3)
    assert seen["learning_rate"] == ((4e-5, 4e-3), 4e-4)
    assert "flip" not in seen  # the names of the classes say whether
    for value, own in seen.values():
        assert value[0] <= own <= value[1]


def test_a_search_on_arrays_leaves_a_run_and_a_table(tmp_path):
    tuned = pipelines.tune(
        "scratch",
        held.photos(30),
        trials=1,
        run=tmp_path / "tune",
        space={"batch_size": (8, 24), "optimizer": ["adamw", "sgd"]},
        epochs=1,
        backbone="compact_8",
        image_size=16,
    )
    assert set(tuned.settings) == {"batch_size", "optimizer"}
    assert tuned.settings["optimizer"] == "adamw"  # the method's own comes first
    assert tuned.best.path == tmp_path / "tune" / "trial-001"
    assert tuned.best.evaluate()["examples"] == tuned.best.source.parts()["test"]
    with open(tmp_path / "tune" / "trials.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["state"] == "complete"
    assert float(row["val_accuracy"]) == pytest.approx(tuned.trials[0].value, abs=1e-4)
    assert row["val_accuracy"] in repr(tuned)
    assert str(tuned.best.path) in tuned._repr_html_()
    with pytest.raises(pipelines.PipelineError, match="not trained by gradients"):
        pipelines.tune("ngram", {"text": ["a b", "c d"] * 9}, run=tmp_path / "other")
