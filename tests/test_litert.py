import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from pipelines.edge.litert import Model


def image(seed=0):
    return {"image": tiny.pictures(1, seed)}


def test_specs_name_shape_and_type():
    model = Model(tiny.converted()["float32"])
    assert model.inputs == {"image": {"shape": [1, 16, 16, 3], "dtype": "uint8"}}
    assert model.outputs == {"probabilities": {"shape": [1, 4], "dtype": "float32"}}


def test_outputs_are_the_model_s():
    model = Model(tiny.converted()["float32"])
    for seed in range(5):
        expected = tiny.probabilities(tiny.pictures(1, seed))
        np.testing.assert_allclose(model(image(seed))["probabilities"], expected, atol=1e-5)


def test_outputs_are_copies():
    model = Model(tiny.converted()["float32"])
    first = model(image(0))["probabilities"]
    before = first.copy()
    assert not np.array_equal(model(image(1))["probabilities"], before)
    np.testing.assert_array_equal(first, before)


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts threads in /proc")
@pytest.mark.parametrize("threads", [1, 4])
def test_threads_are_as_many_as_asked_for(threads):
    before = len(os.listdir("/proc/self/task"))
    model = Model(tiny.converted()["float32"], threads)
    model(image())
    assert len(os.listdir("/proc/self/task")) - before == threads - 1


@pytest.mark.filterwarnings(
    r"ignore:\s*Warning. tf.lite.Interpreter is deprecated"
)  # TensorFlow's own calibrator
@pytest.mark.parametrize("dtype", [tf.int8, tf.uint8])
def test_quantised_ends_take_and_give_real_numbers(tmp_path, dtype):
    inputs = keras.Input((4,), name="x")
    net = keras.Model(inputs, keras.layers.Dense(4, kernel_initializer="identity")(inputs))
    spec = tf.TensorSpec((1, 4), tf.float32, name="x")
    saved = tiny.save(
        net, lambda x: {"y": net(x["x"], training=False)}, spec, tmp_path / "saved_model"
    )
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(saved), signature_keys=["serving_default"]
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    samples = np.random.default_rng(0).uniform(-2, 2, (50, 1, 4)).astype(np.float32)
    converter.representative_dataset = lambda: ({"x": sample} for sample in samples)
    converter.inference_input_type = converter.inference_output_type = dtype
    (tmp_path / "identity.tflite").write_bytes(converter.convert())

    model = Model(tmp_path / "identity.tflite")
    assert model.inputs["x"]["dtype"] == dtype.name
    got = model({"x": np.array([[-1.5, 0.0, 0.25, 1.75]])})["y"]
    assert got.dtype == np.float32
    np.testing.assert_allclose(
        got, [[-1.5, 0.0, 0.25, 1.75]], atol=2 * 4 / 255
    )  # two steps of a range of 4
    assert (
        model({"x": np.full((1, 4), 1e9)})["y"].max() < 2.1
    )  # out of range is clipped, not wrapped around


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({}, "the inputs must be image; got none"),
        ({"picture": tiny.pictures(1)}, "the inputs must be image; got picture"),
        (
            {"image": tiny.pictures(2)},
            r"image must have shape \[1, 16, 16, 3\]; got \[2, 16, 16, 3\]",
        ),
    ],
)
def test_wrong_inputs_are_refused(inputs, reason):
    with pytest.raises(ValueError, match=reason):
        Model(tiny.converted()["float32"])(inputs)


def test_what_is_no_model_is_refused_in_one_line(tmp_path):
    truncated, text = tmp_path / "truncated.tflite", tmp_path / "text.tflite"
    shutil.copy(tiny.converted()["float32"], truncated)
    os.truncate(truncated, 2000)
    text.write_text("hello")
    for path in (tmp_path / "missing.tflite", truncated, text):
        with pytest.raises(ValueError, match=f"{path.name} does not run in LiteRT") as caught:
            Model(path)
        assert "\n" not in str(caught.value)


def test_standard_error_is_back_after_models_were_loaded_at_once():
    before = os.fstat(2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Model, [tiny.converted()["float32"]] * 16))
    assert os.path.samestat(os.fstat(2), before)


def test_a_closed_standard_error_keeps_no_model_from_loading():
    code = f"from pipelines.edge.litert import Model; Model({str(tiny.converted()['float32'])!r})"
    command = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(code)} 2>&-"
    assert subprocess.run(command, shell=True).returncode == 0
