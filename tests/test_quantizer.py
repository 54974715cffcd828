"""Files by ai-edge-quantizer: their weights worked out in NumPy, a recurrent net, and the way through export."""

import browser
import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
import tiny

from pipelines import cli
from pipelines.edge.litert import Model
from pipelines.engine.export import convert, metadata, quantizer, saved_model
from pipelines.errors import PipelineError
from pipelines.task import Program

needs_package = pytest.mark.skipif(
    not quantizer.installed(), reason="needs the package ai-edge-quantizer"
)


@needs_package
def test_weights_have_a_step_a_channel(tmp_path):
    random = np.random.default_rng(0)
    x, weights = (
        random.normal(size=(1, 600)).astype("float32"),
        random.normal(size=(600, 300)).astype("float32"),
    )
    inputs = keras.Input((600,), name="x")
    net = keras.Model({"x": inputs}, keras.layers.Dense(300, use_bias=False)(inputs))
    net.set_weights([weights])
    spec = tf.TensorSpec((1, 600), tf.float32, name="x")
    saved = tiny.save(net, lambda x: {"y": net(x, training=False)}, spec, tmp_path / "saved_model")
    made = convert.convert(saved, tmp_path, ["float32", *quantizer.FILES], {})
    for kind, largest in (("weight_only_int8", 127), ("weight_only_int4", 7), ("mixed", 7)):
        step = np.abs(weights).max(0) / largest
        wanted = x @ (np.round(weights / step) * step)
        np.testing.assert_allclose(
            Model(made[kind])({"x": x})["y"], wanted, atol=1e-3, err_msg=kind
        )
    before = Model(made["weight_only_int8"])({"x": x})["y"]  # its weights lie behind the flatbuffer
    metadata.attach_metadata(
        made["weight_only_int8"], name="dense", description="One layer.", labels=["a"]
    )
    np.testing.assert_array_equal(Model(made["weight_only_int8"])({"x": x})["y"], before)
    sizes = [
        made[kind].stat().st_size for kind in ("weight_only_int4", "weight_only_int8", "float32")
    ]
    assert sizes == sorted(sizes)


@needs_package
@pytest.mark.slow
def test_export_proves_them_too_and_a_browser_runs_them(trained, tmp_path):
    flags = ["--files", "float32", "--quantizer", ",".join(quantizer.FILES), "--max-drop", "0.2"]
    assert cli.main(["export", str(trained.path), "--out", str(tmp_path / "bundle"), *flags]) == 0
    from pipelines.bundle import Bundle

    bundle = Bundle(tmp_path / "bundle")
    assert list(bundle.files) == ["float32", *quantizer.FILES]
    assert all(
        record["passed"] and record["metrics"]["accuracy"] > 0.8 for record in bundle.files.values()
    )
    size = {kind: record["size_bytes"] for kind, record in bundle.files.items()}
    assert size["weight_only_int4"] < size["mixed"] < size["weight_only_int8"] < size["float32"]
    found = bundle.evaluate(data=trained.data_name, file="mixed")
    assert found["accuracy"] == bundle.files["mixed"]["metrics"]["accuracy"]
    browser.agrees(bundle, sorted((trained.path.parent / "photos/test").rglob("*.jpg"))[:1])


def test_recipes_that_cannot_be(trained, tmp_path, monkeypatch):
    with pytest.raises(PipelineError, match="unknown recipe 'int4' of the quantizer"):
        trained.export(tmp_path / "bundle", quantizer=["int4"])
    with pytest.raises(PipelineError, match="put float32 among the files"):
        trained.export(tmp_path / "bundle", ["int8"], quantizer=["mixed"])
    monkeypatch.setattr(quantizer, "installed", lambda: False)
    with pytest.raises(PipelineError, match='`pip install -e .*\\[quantizer\\]"`'):
        trained.export(tmp_path / "bundle", quantizer=["mixed"])


@needs_package
def test_a_table_that_several_programs_read_is_kept_once(tmp_path):
    """The quantizer itself writes it once for each: it is looked up, and a matrix besides."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    table = keras_hub.layers.ReversibleEmbedding(800, 32)
    net = keras.Model({"ids": ids}, table(table(ids), reverse=True))

    def score(given):
        return {"scores": net(given, training=False)}

    def last(given):
        return {"score": net(given, training=False)[:, -1]}

    def tokens(count):
        return {"ids": np.arange(8 * count, dtype=np.int32).reshape(8, count)}

    one = {"score": Program(score, tokens(12))}
    more = {"last": Program(last, tokens(6)), "step": Program(last, tokens(1))}
    sizes = {}
    for name, programs in (("one", one), ("more", one | more)):
        (tmp_path / name).mkdir()
        saved_model.write(net, programs, tmp_path / name / "saved_model")
        calibration = {program: made.inputs for program, made in programs.items()}
        made = convert.convert(
            tmp_path / name / "saved_model", tmp_path / name, ["float32", "mixed"], calibration
        )
        sizes[name] = made["mixed"].stat().st_size
    assert sizes["more"] < 1.3 * sizes["one"]
    got = Model(made["mixed"])({"ids": np.array([[5]], np.int32)}, "step")["score"]
    wanted = net({"ids": np.array([[5]])})[:, -1]
    np.testing.assert_allclose(got, wanted, atol=2e-3)
