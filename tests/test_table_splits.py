"""Rows parted by group, by time or by class, and what the answers to rows depend on."""

import types

import numpy as np
import pytest

import pipelines
from pipelines import catalog
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.families import table_reasons, table_splits
from pipelines.formats.examples import COLUMN, Examples

CLASSES = "tabular_classification/linear"


def table(path, rows):
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


@pytest.fixture
def visits(tmp_path):
    """120 visits of 30 patients over 60 days, of which few have the label "rare"."""
    rows = [("patient", "day", "age", "label")]
    for i in range(120):
        label = "rare" if i < 4 else ("well", "ill")[i % 2]
        rows.append((f"p{i % 30}", f"2024-{1 + i // 60:02d}-{1 + i % 28:02d}", 20 + i % 50, label))
    return table(tmp_path / "visits.csv", rows)


def cells(source, column):
    return {
        split: list(part.columns[COLUMN + column]) for split, part in source.data.splits.items()
    }


def test_no_group_is_in_two_splits(visits):
    made = setup.set_up(CLASSES, visits, {"group": "patient"})
    found = {split: set(own) for split, own in cells(made.source, "patient").items()}
    assert sum(map(len, found.values())) == len(set.union(*found.values())) == 30
    assert all(found.values())
    names = list(made.config.learned["columns"])
    assert not [name for name in names if "patient" in name]
    again = made.method.adapt(made.source.data, made.config)
    assert again.fingerprint() == made.source.data.fingerprint()


def test_the_latest_rows_are_the_test(visits):
    made = setup.set_up(CLASSES, visits, {"time": "day", "on_bad_data": "skip"})
    days = cells(made.source, "day")
    assert max(days["train"]) < min(days["validation"])
    assert max(days["validation"]) < min(days["test"])
    # A tenth each, but rows of one day stay together.
    assert 6 <= len(days["test"]) <= 12


def test_each_class_is_in_each_split_that_is_cut(visits):
    made = setup.set_up(CLASSES, visits, {})
    for part in made.source.data.splits.values():
        assert set(part.columns["label"]) == {0, 1, 2}


def test_splits_of_the_data_stay_and_torn_groups_are_said(tmp_path):
    rows = [("who", "x", "label", "split")]
    rows += [(f"g{i % 5}", i, "ab"[i % 2], ("train", "val", "test")[i % 3]) for i in range(30)]
    found = pipelines.audit(
        table(tmp_path / "a.csv", rows), task="tabular_classification", group="who"
    )
    torn = [problem for problem in found.problems if problem.kind == "torn-group"]
    assert found.counts == {"train": 10, "validation": 10, "test": 10}
    assert torn[0].message == "rows of who 'g1' are in train and in validation."


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"group": "pacient"}, "no column 'pacient' to part rows by. Did you mean 'patient'"),
        ({"time": "patient"}, "visits.csv:2: column 'patient' must hold a number or a date"),
        ({"time": "day", "group": "patient"}, "group and time both say how rows are parted"),
    ],
)
def test_what_rows_cannot_be_parted_by_is_one_line(given, message, visits):
    with pytest.raises(PipelineError, match=message):
        setup.set_up(CLASSES, visits, given)


def test_rows_of_one_time_are_in_one_split():
    data = catalog.load("iris_flowers")
    part = data.splits["train"]
    times = [1.0] * (len(part) - 2) + [2.0, 3.0]
    pool = type(part)(part.names, {COLUMN + "t": times}, part.where)
    config = types.SimpleNamespace(time="t", learned={})
    cut = table_splits._by_time(pool, {}, ["validation", "test"], config)
    assert [len(cut[split]) for split in ("train", "validation", "test")] == [len(part) - 2, 1, 1]


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ([1, 1, 1, 1, 2, 2, 3, 3], [4, 6]),  # fewer than ten rows; earlier changes of time
        ([1] * 12 + [2] * 4 + [3] * 4, [12, 16]),
        (list(range(30)), [24, 27]),
    ],
)
def test_no_split_by_time_is_empty(times, wanted):
    assert table_splits._firsts(times, ["validation", "test"]) == wanted


@pytest.mark.parametrize("times", [[1] * 10 + [2] * 10, [1] + [2] * 18 + [3], [1]])
def test_times_that_part_nothing_are_refused_and_judged_as_a_whole(times):
    names = [str(i) for i in range(len(times))]
    pool = Examples(names, {COLUMN + "day": list(map(float, times))}, names)
    config = types.SimpleNamespace(time="day", learned={})
    with pytest.raises(PipelineError, match="column 'day' has [123] different times in"):
        table_splits._by_time(pool, {}, ["validation", "test"], config)
    trained = types.SimpleNamespace(time="day", learned={"columns": ["x"]})
    assert table_splits._by_time(pool, {}, ["validation", "test"], trained) == {"train": pool}


def test_rows_without_a_group_are_alone_and_told(tmp_path):
    rows = [("who", "x", "label")]
    rows += [("" if i % 3 else f"p{i}", i % 7, "ab"[i % 2]) for i in range(60)]
    source = table(tmp_path / "a.csv", rows)
    found = pipelines.audit(source, task="tabular_classification", group="who")
    (told,) = [own for own in found.problems if own.kind == "no-group"]
    assert told.message.startswith("40 rows have no who; each is taken as a group of its own")
    assert all(count < 60 for count in found.counts.values())


# Reasons.


class Part:
    """Rows of three numbers, as the model takes them, and what is true of them."""

    def __init__(self, rows, targets):
        self.rows, self.targets = rows, targets

    def __len__(self):
        return len(self.rows)

    def sample(self, count):
        return {"features": self.rows[:count]}, self.targets[:count]


def numbers_config(**more):
    own = '{"name": "%s", "kind": "number", "mean": 10, "deviation": 2, "missing": 0, "marks": 0}'
    learned = {"columns": [own % name for name in "abc"], "numbers": ["y"], **more}
    return types.SimpleNamespace(learned=learned, seed=0)


def test_importance_and_dependence_of_a_known_function():
    rows = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    targets = 3 * rows[:, :1] + rows[:, 1:2]  # c says nothing
    method, config = catalog.method("tabular_regression/linear"), numbers_config()

    def answer(inputs):
        features = inputs["features"]
        return {"value": 3 * features[:, :1] + features[:, 1:2]}

    part = Part(rows, targets)
    found = table_reasons.explained(
        answer, part, method, config, lambda decoded: {"y": decoded["value"][:, 0]}
    )
    assert list(found["importance"]) == ["a", "b", "c"]
    assert found["importance"]["c"] == 0
    curve = found["curves"]["partial dependence: y on a"]
    slope = np.diff(curve["y"]) / np.diff(curve["x"])  # three for each deviation of two
    np.testing.assert_allclose(slope, 1.5, rtol=1e-3)
    left = table_reasons.residuals(lambda inputs: {"value": targets - 1}, part, config)
    assert left["distribution of residuals"]["x"] == pytest.approx([1.0] * 200)
    assert left["mean residual by y found"]["y"] == pytest.approx([1.0] * 20)


def test_of_many_columns_the_first_are_looked_at(monkeypatch, capsys):
    rows = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    config, seen = numbers_config(), []
    monkeypatch.setattr(table_reasons, "MOST", 2)

    def answer(inputs):
        seen.append(len(inputs["features"]))
        return {"value": inputs["features"][:, :1]}

    part, method = Part(rows, rows[:, :1]), catalog.method("tabular_regression/linear")
    found = table_reasons.explained(answer, part, method, config, lambda decoded: {})
    assert list(found["importance"]) == ["a", "b"]
    assert "the first 2 of 3 columns" in capsys.readouterr().err
    assert seen.count(20 * table_reasons.SHUFFLES) == 2


def test_the_mean_of_angles_is_that_of_directions():
    assert table_reasons._mean(np.array([350.0, 30.0]), True) == pytest.approx(10.0)
    assert table_reasons._mean(np.array([350.0, 30.0]), False) == pytest.approx(190.0)


def test_of_two_labels_that_may_both_hold_each_has_its_curve(monkeypatch):
    """Of two classes the second says all."""
    method, shown = catalog.method(CLASSES), []

    def explained(answer, part, method, config, values):
        shown.append(list(values({"probabilities": np.zeros((1, 2))})))

    monkeypatch.setattr(table_reasons, "explained", explained)
    for learned in ({}, {"answer": ["labels"]}):
        config = types.SimpleNamespace(labels=("a", "b"), learned=learned)
        method.explain(None, None, config)
    assert shown == [["b"], ["a", "b"]]


def test_the_report_has_reasons(visits, tmp_path):
    run = pipelines.train(CLASSES, visits, tmp_path / "run")
    result = run.evaluate()
    assert set(result["importance"]) == {"age", "patient"}
    assert "partial dependence: ill on age" in result["curves"]
    page = run.report().read_text(encoding="utf-8")
    assert "What the score loses if a column is shuffled" in page
