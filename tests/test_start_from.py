"""A training that starts from weights of another, or goes on after its end."""

import keras
import numpy as np
import pytest
from conftest import SMALL

import pipelines
from pipelines import cli
from pipelines import run as runs
from pipelines.engine.training import start
from pipelines.errors import PipelineError
from pipelines.records import read_json


def test_weights_are_matched_by_path_and_shape():
    wanted = [("stem/kernel", (2, 3)), ("dense_4/kernel", (3, 5)), ("head/kernel", (5, 2))]
    wanted += [("twice/bias", (1,)), ("twice/bias", (1,)), ("dense_4/bias", (5,))]
    found = [
        ("dense/bias", np.full(5, 1.0)),
        ("head/kernel", np.full((5, 3), 2.0)),  # three classes, not two
        ("dense/kernel", np.full((3, 5), 3.0)),
        ("twice/bias", np.full(1, 4.0)),
        ("twice/bias", np.full(1, 5.0)),
        ("stem/kernel", np.full((2, 3), 6.0)),
    ]
    taken, new = start.matched(wanted, found)
    assert {index: array.flat[0] for index, array in taken.items()} == {
        0: 6.0, 1: 3.0, 3: 4.0, 4: 5.0, 5: 1.0,
    }  # fmt: skip
    assert new == [2]


def test_states_that_a_batch_has_left_are_no_weights():
    wanted = [("body/gru1/kernel", (2, 3)), ("body/carried", (4, 3)), ("table/embeddings", (5, 2))]
    found = [("body/gru1/kernel", np.ones((2, 3))), ("body/carried", np.ones((4, 3)))]
    taken, new = start.matched(wanted, found)
    assert (list(taken), new) == ([0], [2])


@pytest.mark.parametrize("kind", ["run", "bundle", "file"])
def test_other_classes_take_all_but_the_head(trained, exported, photos, tmp_path, kind):
    data = photos({f"{split}/{c}": 6 for split in ("train", "validation") for c in "ab"})
    source = {"run": trained, "bundle": exported, "file": trained.model_file}[kind]
    same = {k: v for k, v in trained.config.as_dict().items() if k in ("backbone", "image_size")}
    settings = same | {"start_from": source, "epochs": 1, "batch_size": 6}
    run = runs.start("scratch", data, tmp_path / "run", settings)
    facts = run.info["start_from"]
    assert facts["sha256"] == trained.info["weights_sha256"]
    assert [name.split("/")[-1] for name in facts["new"]] == ["kernel", "bias"]
    made = run.method.model(run.config)
    start.apply(run.path, made)
    old = {v.path: np.asarray(v.value) for v in trained.model.weights}
    for v in made.weights:
        if v.path not in facts["new"]:
            np.testing.assert_array_equal(np.asarray(v.value), old[v.path])
    assert facts["taken"] == len(made.weights) - 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "does not exist. Name the folder of a run or bundle"),
        ("other.txt", "is neither a run, a bundle nor a .keras file"),
        ("broken.keras", "broken.keras cannot be loaded safely"),
        ("lambda.keras", "lambda.keras cannot be loaded safely"),
        ("foreign.keras", "fits this model by its layer and shape"),
    ],
)
def test_what_cannot_be_started_from_is_one_line(tmp_path, name, message):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="head")])
    foreign = [keras.Input((5,)), keras.layers.Dense(7, name="other")]
    (tmp_path / "other.txt").write_text("x")
    (tmp_path / "broken.keras").write_bytes(b"PK\x03\x04")
    keras.Sequential(foreign).save(tmp_path / "foreign.keras")
    keras.Sequential([*foreign, keras.layers.Lambda(lambda x: x + 1)]).save(
        tmp_path / "lambda.keras"
    )
    with pytest.raises(PipelineError, match=message) as caught:
        start.find(str(tmp_path / name), model)
    assert "\n" not in str(caught.value)


def test_more_epochs_of_a_finished_run(photos, tmp_path):
    data = photos({"train/a": 16, "train/b": 16, "validation/a": 4, "validation/b": 4})
    settings = {**SMALL, "epochs": 2, "keep": "last"}
    run = pipelines.train("scratch", data=data, run=tmp_path / "run", **settings)
    before = run.info["weights_sha256"]
    assert run.source.config.epochs == 2
    run.train(epochs=1)
    assert run.source.config.epochs == 3  # by which augmentation goes
    assert (run.config.epochs, run.info["epochs_done"]) == (3, 3)
    opened = pipelines.load(tmp_path / "run")
    assert (opened.config.epochs, opened.info["status"]) == (3, "finished")
    assert read_json(tmp_path / "run/run.json")["weights_sha256"] != before


def test_more_epochs_by_the_command(trained, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(pipelines, "resume", lambda run, **given: asked.update(given) or trained)
    assert cli.main(["train", "--resume", str(trained.path), "--more-epochs", "4"]) == 0
    assert asked == {"finish": False, "epochs": 4}
    assert f"run: {trained.path}" in capsys.readouterr().out
