"""What a run, a bundle and an audit look like in a console and in a notebook."""

import re
import shutil

import held
import numpy as np
import pytest
from PIL import Image

import pipelines
from pipelines import catalog, markup
from pipelines.engine.audit.audit import Audit
from pipelines.formats.examples import Problem

EVIL = '<script>alert("1")</script>'


@pytest.fixture
def run(on_arrays, tmp_path):
    shutil.copytree(on_arrays.path, tmp_path / "run")
    return pipelines.load(tmp_path / "run", data=held.photos())


def test_history_is_columns_as_keras_has_them(run):
    (run.path / "history.csv").write_text(
        "epoch,loss,val_loss,phase\n1,0.5,,head\n2,.25,1e-3,all\n"
    )
    assert run.history == {
        "epoch": [1, 2],
        "loss": [0.5, 0.25],
        "val_loss": [None, 0.001],
        "phase": ["head", "all"],
    }
    (run.path / "history.csv").unlink()
    assert run.history == {}


def test_summary_and_html_say_the_same(run):
    score = run.evaluate()["accuracy"]
    text = run.summary()
    assert repr(text) == str(text)
    assert run.labels == list(held.CLASSES)
    for said in ("classification, scratch", "cat, dog, owl", "finished", "memory:arrays"):
        assert said in text
        assert said in run._repr_html_()
    shown = re.search(r"test accuracy +(\S+) of (\d+)", text)
    assert float(shown[1]) == pytest.approx(score, abs=5e-4)
    assert int(shown[2]) == run.source.parts()["test"]
    assert "backbone=compact_8" in text
    assert "learning_rate=" not in text  # it is the default


def test_plot_is_a_page_without_script(run):
    charts = run.plot()
    assert charts.path == run.path / "history.html"
    assert "<svg" in charts.path.read_text(encoding="utf-8")
    assert re.match(r'<iframe sandbox srcdoc="\s*&lt;!doctype html', charts._repr_html_())
    assert "<svg" not in charts._repr_html_()


def test_show_has_the_pictures_that_the_net_is_fed(run):
    for batch in ("train", "test"):
        sheet = run.show(batch, count=5)
        assert sheet.path == run.path / "shown" / f"{batch}.png"
        with Image.open(sheet.path) as picture:
            assert np.array_equal(picture, sheet.picture)
        assert sheet._repr_png_().startswith(b"\x89PNG")
        assert repr(sheet) == f"5 examples of {batch}, as the net sees them: {sheet.path}"
    first, _ = next(iter(run.source.train(0).as_numpy_iterator()))
    side = run.config.image_size
    factor = -(-160 // side)  # canvas enlarges small pictures by a whole number
    enlarged = first["image"][0].repeat(factor, 0).repeat(factor, 1)
    drawn = run.show("train").picture[: factor * side, : factor * side]
    assert np.array_equal(drawn, enlarged)  # augmented, and the first of its batch
    with pytest.raises(pipelines.PipelineError, match="has no split 'dev'"):
        run.show("dev")


def test_truth_is_what_draw_shows():
    run = catalog.method("classification/scratch")
    config = run.Config(labels=("a", "b"))
    targets = np.array([0.25, 0.75], np.float32)
    assert run.truth(targets, config) == {"probabilities": targets}
    detection = catalog.method("yolo")
    truth = detection.truth(
        {
            "boxes": np.array([[0, 0, 1, 1], [0, 0, 0.5, 1], [0, 0, 0, 0]], np.float32),
            "labels": np.array([1, 0, -1]),
            "crowd": np.array([0, 1, 0]),
        },
        None,
    )
    assert truth["classes"].tolist() == [1]
    assert truth["boxes"].tolist() == [[0, 0, 1, 1]]
    segmentation = catalog.method("unet")
    ids = np.array([[0, 1], [1, 255]], np.uint8)
    assert segmentation.truth(ids, None)["mask"].tolist() == ids.tolist()
    tags = catalog.method("bilstm_crf").truth({"gold": np.array([0, 2])}, None)
    assert tags["tags"].tolist() == [0, 2]
    picture = catalog.method("autoencoder").truth({"image": targets}, None)
    assert picture == {"picture": targets}


def test_a_bundle_shows_its_files(exported):
    html = exported._repr_html_()
    for record in exported.files.values():
        assert f">{record['path']}<" in html
    assert exported.labels == list(exported.manifest["labels"])


def test_every_text_is_escaped(run, exported):
    problems = [Problem("error", "leak", EVIL, f"{EVIL} and {EVIL}")]
    audit = Audit(problems, {EVIL: 3}, {"train": {EVIL: 3}})
    run.config = run.config.replace(labels=(EVIL, "b"))
    run.data_name = EVIL
    for html in (audit._repr_html_(), run._repr_html_(), markup.page(EVIL), markup.framed(EVIL, 9)):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    manifest = {**exported.manifest, "labels": [EVIL], "name": EVIL}
    assert "<script" not in markup.table([[EVIL]], [EVIL])
    bundle = pipelines.load(exported.path)
    bundle.manifest = manifest
    assert "<script" not in bundle._repr_html_()


def test_a_run_can_be_looked_at_before_it_is_trained(tmp_path):
    run = pipelines.prepare(
        "classification",
        held.photos(),
        tmp_path / "run",
        method="scratch",
        backbone="compact_8",
        image_size=16,
    )
    assert not run.finished()
    assert run.history == {}
    assert run.show().path.is_file()
    assert "running" in run.summary()
