"""Trainings that a run is read beside."""

import json

import keras
import numpy as np
import pytest

import pipelines
from pipelines import cli
from pipelines.engine.report import page
from pipelines.engine.training import own, references, start, weights
from pipelines.files import write_json

SMALL = dict(backbone="compact_8", image_size=16, batch_size=8, epochs=1, steps_per_epoch=3)


@pytest.fixture(scope="module")
def domains(tmp_path_factory):
    """Photos of two classes in two domains; the target has labels in its test split alone."""
    from conftest import write_photos

    folder = tmp_path_factory.mktemp("domains")
    counts = {
        f"source/{s}/{c}": n
        for s, n in (("train", 8), ("validation", 3), ("test", 3))
        for c in ("sky", "apple")
    }
    write_photos(folder / "data", counts)
    counts = {"target/train": 12, "target/test/sky": 3, "target/test/apple": 3}
    write_photos(folder / "data", counts, seed=1)
    return folder / "data"


def test_a_target_without_labels_has_a_floor_and_no_ceiling(domains, tmp_path, capsys):
    run = pipelines.train("adaptation", domains, tmp_path / "run", alignment="adabn", **SMALL)
    result = run.evaluate()
    assert (result["target_labelled"], result["target_unlabelled"]) == (6, 0)
    assert set(result["references"]) == {"source_only"}
    assert set(result["references"]["source_only"]) >= {"accuracy", "source_accuracy"}
    trained = run.evaluate("train")
    assert (trained["target_labelled"], trained["target_unlabelled"]) == (0, 12)
    assert trained["accuracy"] == trained["source_accuracy"]
    notes = [
        p["message"]
        for p in json.loads((run.path / "audit.json").read_text())["problems"]
        if p["kind"] == "unlabelled"
    ]
    assert notes == ["12 of 28 examples have no label."]
    capsys.readouterr()
    cli.main(["evaluate", str(run.path)])
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    (head,) = (words for words in said if words[:1] == ["metric"])
    assert head == ["metric", "test,", "12", "examples", "source_only"]
    assert "source only" in run.report().read_text()


def test_a_run_killed_among_its_references_goes_on(domains, tmp_path):
    run = pipelines.train(
        "adaptation", domains, tmp_path / "run", alignment="source", references=False, **SMALL
    )
    assert not (run.path / "references").exists()
    config = (run.path / "config.yaml").read_text().replace("references: false", "references: true")
    (run.path / "config.yaml").write_text(config.replace("alignment: source", "alignment: adabn"))
    (run.path / "run.json").write_text(json.dumps({**run.info, "status": "running"}))
    again = pipelines.resume(run.path)
    reference = pipelines.load(run.path / "references/source_only")
    assert again.info["weights_sha256"] == run.info["weights_sha256"]
    # The same training as the run's own was: so are its weights.
    assert reference.info["weights_sha256"] == run.info["weights_sha256"]


def test_references_have_what_the_user_brought(domains, tmp_path, monkeypatch):
    """The weights to start from go by their layers: the reference has no branch for domains."""
    small = dict(alignment="dann", **SMALL)
    first = pipelines.prepare("adaptation", domains, tmp_path / "first", **small)
    made = first.method.model(first.config)
    weights.write(made, first.path)
    run = pipelines.prepare("adaptation", domains, tmp_path / "run", start_from=first.path, **small)
    write_json(run.path / own.FILE, {"loss": "mse", "metrics": [], "model": False})
    monkeypatch.setattr(type(run), "train", lambda reference: None)
    references.train(run)
    reference = pipelines.load(run.path / "references/source_only", domains)
    begun = reference.method.model(reference.config)
    assert begun.loss is keras.losses.get("mse")
    start.apply(reference.path, begun)
    old = {start._without_numbers(v.path): np.asarray(v) for v in made.weights}
    assert len(begun.weights) < len(made.weights)
    for variable in begun.weights:
        found = old[start._without_numbers(variable.path)]
        np.testing.assert_array_equal(np.asarray(variable), found)


def test_the_page_shows_them_in_one_table():
    references = {"source_only": {"accuracy": 0.25}, "target_trained": {"accuracy": 0.75}}
    html = page.render({"evaluation": {"accuracy": 0.5, "references": references}})
    own = html.index("this run")
    assert own < html.index("source only", own) < html.index("target trained", own)
    assert np.isfinite(own)
