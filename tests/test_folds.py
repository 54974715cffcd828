import collections
import json
import types

import pytest

from pipelines import folds
from pipelines.engine.data import folding
from pipelines.errors import PipelineError
from pipelines.formats import _cutting
from pipelines.formats.examples import Data, Examples


def part(names, labels):
    return Examples(list(names), {"label": list(labels)}, list(names))


def data(train=40, validation=6, test=5):
    counts = {"train": train, "validation": validation, "test": test}
    splits = {
        split: part([f"{split}/{i}" for i in range(count)], [i % 2 for i in range(count)])
        for split, count in counts.items()
    }
    return Data("here", "made", splits, {"label": ["a", "b"]})


def test_examples_of_a_class_are_dealt_out_by_their_hashes():
    keys = list("abcdefg")
    classes = [0, 0, 0, 0, 1, 1, -1]
    order = [
        *sorted("abcd", key=_cutting._hash),
        *sorted("ef", key=_cutting._hash),
        "g",
    ]
    wanted = {key: i % 3 for i, key in enumerate(order)}
    assert _cutting.folds(keys, 3, classes) == wanted


def test_each_example_is_held_out_once_and_the_test_split_never_seen():
    held = collections.Counter()
    for made in folding.folded(data(), 4):
        assert set(made.splits) == {"train", "validation", "test"}
        names = [name for split in made.splits.values() for name in split.names]
        assert len(names) == len(set(names)) == 46
        held.update(made.splits["test"].names)
        counts = collections.Counter(made.splits["test"].columns["label"])
        assert max(counts.values()) - min(counts.values()) <= 1
        assert len(made.splits["validation"]) > 0
    assert set(held.values()) == {1}
    assert len(held) == 46
    assert not any(name.startswith("test/") for name in held)


@pytest.mark.parametrize("count", [1, 47])
def test_a_number_of_folds_that_cannot_be(count):
    with pytest.raises(PipelineError, match=f"folds must be from 2 to 46, .* got {count}. Try 5."):
        list(folding.folded(data(), count))


def test_mean_and_deviation_of_the_folds(tmp_path, monkeypatch):
    """0.5, 0.7, 0.9: mean 0.7, deviation sqrt((0.04 + 0 + 0.04) / 2) = 0.2."""
    scores, started = iter([0.5, 0.7, 0.9]), []

    def start(name, part, path, settings):
        started.append((name, len(part.splits["test"]), settings))
        path.mkdir(parents=True)
        result = {"accuracy": next(scores), "per_class": {}, "examples": 3}
        made = types.SimpleNamespace(evaluate=lambda: result)
        made.train = lambda: made
        return made

    monkeypatch.setattr(folds.run, "start", start)
    given = {"method": "scratch", "epochs": 1}
    pictures = data()
    for split in pictures.splits.values():
        split.columns["image"] = [""] * len(split)
    found = folds.validate("classification", pictures, 3, tmp_path / "run", given)
    assert [count for _, count, _ in started] == [16, 15, 15]
    assert {name for name, _, _ in started} == {"classification/scratch"}
    assert started[0][2] == {"epochs": 1}
    assert found["scores"]["accuracy"]["mean"] == pytest.approx(0.7)
    assert found["scores"]["accuracy"]["deviation"] == pytest.approx(0.2)
    assert list(found["scores"]) == ["accuracy"]
    assert json.loads((tmp_path / "run" / "folds.json").read_text()) == found
    with pytest.raises(PipelineError, match="exists already"):
        folds.validate("classification", pictures, 3, tmp_path / "run", given)
