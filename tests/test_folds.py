import collections
import json
import types

import pytest

from pipelines import cli, folds, run
from pipelines.engine.data import folding
from pipelines.errors import PipelineError
from pipelines.files import write_json
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


def test_examples_that_belong_together_are_in_one_split():
    whole = data()
    together = [name.partition("/")[2] for name in whole.splits["train"].names]
    for made in folding.folded(whole, 3, lambda part: [n.partition("/")[2] for n in part.names]):
        keys = [{n.partition("/")[2] for n in own.names} for own in made.splits.values()]
        assert sum(map(len, keys)) == len(set.union(*keys)) == len(together)
    with pytest.raises(
        PipelineError, match="from 2 to 1, the number of examples that may be apart"
    ):
        folding.check(whole, 2, lambda part: ["same"] * len(part))


def written(path, changed=""):
    """24 rows of eight people, of which three say the same; some of no group."""
    rows = [("who", "age", "size", "label")]
    rows += [(f"p{i % 8}", 20 + i, i % 5, ("well", "ill")[i % 2]) for i in range(24)]
    rows += [("", 30, 3, "ill"), ("", 31, 2, "well"), *[("p1", 21, 1, "ill")] * 3]
    lines = "\n".join(",".join(map(str, row)) for row in rows)
    path.write_text(f"{lines}\n{changed}")
    return path


def test_a_table_in_folds_stopped_resumed_and_refused_if_it_changed(tmp_path, monkeypatch):
    source, path = written(tmp_path / "a.csv"), tmp_path / "run"
    given = {"group": "who", "calibrated": False}
    train, begun = run.Run.train, []

    def stopped(self):
        begun.append(self.path.name)
        if begun == ["fold_1", "fold_2"]:
            raise KeyboardInterrupt
        return train(self)

    monkeypatch.setattr(run.Run, "train", stopped)
    with pytest.raises(KeyboardInterrupt, match="goes on"):
        folds.validate("tabular_classification/linear", source, 3, path, given)
    written(source, "p9,50,1,ill\n")
    with pytest.raises(PipelineError, match="a.csv has changed since .* began"):
        folds.resume(path, {})
    written(source)
    found = folds.resume(path, {})
    assert begun == ["fold_1", "fold_2", "fold_2", "fold_3"]
    assert len(found["scores"]["accuracy"]["values"]) == 3
    with pytest.raises(PipelineError, match="time and folds both say how rows are parted"):
        folds.validate("tabular_classification/linear", source, 3, tmp_path / "b", {"time": "age"})


class Runs:
    """Stands in for the runs of folds, which reach these accuracies; 0 is a training that is stopped."""

    def __init__(self, *scores):
        self.scores, self.begun, self.machines = iter(scores), [], []

    def start(self, name, part, path, settings):
        self.begun.append(("start", name, len(part.splits["test"]), settings))
        write_json(path / "run.json", {})
        return self._made(path)

    def Run(self, path, part):
        self.begun.append(("go on", path.name, len(part.splits["test"])))
        return self._made(path)

    def _made(self, path):
        config = types.SimpleNamespace(replace=lambda **given: given)
        made = types.SimpleNamespace(finished=lambda: False, config=config)

        def train():
            self.machines.append(made.config)
            made.score = next(self.scores)
            if not made.score:
                raise KeyboardInterrupt
            return made

        def evaluate():
            result = {"accuracy": made.score, "per_class": {}, "examples": 3}
            write_json(path / "evaluations/test/result.json", {"result": result})
            return result

        made.train, made.evaluate = train, evaluate
        return made


@pytest.fixture
def pictures():
    made = data()
    for split in made.splits.values():
        split.columns["image"] = [""] * len(split)
    return made


def test_mean_and_deviation_of_the_folds(tmp_path, monkeypatch, pictures):
    """0.5, 0.7, 0.9: mean 0.7, deviation sqrt((0.04 + 0 + 0.04) / 2) = 0.2."""
    runs = Runs(0.5, 0.7, 0.9)
    monkeypatch.setattr(folds, "run", runs)
    given = {"method": "scratch", "epochs": 1}
    found = folds.validate("classification", pictures, 3, tmp_path / "run", given)
    assert [begun[:3] for begun in runs.begun] == [
        ("start", "classification/scratch", count) for count in (16, 15, 15)
    ]
    assert runs.begun[0][3] == {"epochs": 1}
    assert found["scores"]["accuracy"]["mean"] == pytest.approx(0.7)
    assert found["scores"]["accuracy"]["deviation"] == pytest.approx(0.2)
    assert list(found["scores"]) == ["accuracy"]
    kept = json.loads((tmp_path / "run" / "folds.json").read_text())
    assert {name: kept[name] for name in found} == found
    with pytest.raises(PipelineError, match="exists already"):
        folds.validate("classification", pictures, 3, tmp_path / "run", given)


def test_stopped_in_the_second_fold_it_goes_on_there(tmp_path, monkeypatch, pictures):
    monkeypatch.setattr(folds, "run", Runs(0.5, 0))
    path, given = tmp_path / "run", {"method": "scratch", "epochs": 1}
    with pytest.raises(KeyboardInterrupt, match="pipelines train --resume .*/run` goes on"):
        folds.validate("classification", pictures, 3, path, given)
    again = Runs(0.7, 0.9)
    monkeypatch.setattr(folds, "run", again)
    monkeypatch.setattr(folds.source, "read", lambda *_: pictures)
    found = folds.resume(path, {"devices": 2})
    settings = {"epochs": 1, "devices": 2}
    assert again.begun == [
        ("go on", "fold_2", 15),
        ("start", "classification/scratch", 15, settings),
    ]
    assert again.machines == [{"devices": 2}] * 2
    assert found["scores"]["accuracy"]["values"] == [0.5, 0.7, 0.9]
    assert folds.is_one(path)


def test_folds_that_were_cut_in_another_way_are_not_resumed(tmp_path):
    asked = {"folds": 3, "method": "classification/scratch", "data": "digits", "settings": {}}
    write_json(tmp_path / folds.FILE, asked)
    with pytest.raises(PipelineError, match="was begun by an earlier version .* Begin anew"):
        folds.resume(tmp_path, {})


def test_the_command_resumes_folds_and_ends_them_not(tmp_path, monkeypatch, capsys):
    write_json(tmp_path / folds.FILE, {})
    scores = {"accuracy": {"mean": 0.75, "deviation": 0.1, "values": []}}
    monkeypatch.setattr(folds, "resume", lambda path, given: {"folds": 4, "scores": scores})
    assert cli.main(["train", "--resume", str(tmp_path)]) == 0
    assert "mean of 4 folds" in capsys.readouterr().out
    for flag in (["--finish"], ["--more-epochs", "3"]):
        assert cli.main(["train", "--resume", str(tmp_path), *flag]) == 2
        assert "is a cross-validation" in capsys.readouterr().err
