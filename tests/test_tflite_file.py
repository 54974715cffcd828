import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from ai_edge_litert import schema_py_generated as schema

from pipelines.edge.litert import Model
from pipelines.engine.export import metadata, tflite_file
from pipelines.errors import Refused

FACTS = dict(
    name="colours", description="Which colour it is.", labels=tiny.LABELS, license="CC0-1.0"
)


@pytest.fixture(params=["float32", "float16", "dynamic", "int8"])
def file(request, tmp_path):
    """A copy of a converted file, to be changed."""
    return shutil.copy(tiny.converted()[request.param], tmp_path / "model.tflite")


def run(path, seed=0):
    return Model(path)({"image": tiny.pictures(1, seed)})["probabilities"]


def test_operators_are_counted():
    ops = tflite_file.operators(tiny.converted()["float32"])
    assert (ops["CONV_2D"], ops["FULLY_CONNECTED"], ops["SOFTMAX"]) == (2, 1, 1)
    assert "CAST" not in ops  # tflite-micro has no cast of uint8


def test_builtin_ops_are_accepted(file):
    tflite_file.refuse_foreign(file)


def converted_with_select_ops(saved):
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(saved), signature_keys=["serving_default"]
    )
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS,
        tf.lite.OpsSet.SELECT_TF_OPS,
    ]
    return converter.convert()


def test_a_flex_op_is_refused_with_its_layer_and_a_way_out(tmp_path):
    class Best(keras.layers.Layer):
        def call(self, x):
            return keras.ops.argmax(x, -1)

    inputs = keras.Input((4,), name="x")
    net = keras.Model(inputs, Best(name="best_of_three")(keras.layers.Dense(3)(inputs)))
    spec = tf.TensorSpec((1, 4), tf.float32, name="x")
    saved = tiny.save(
        net, lambda x: {"best": net(x["x"], training=False)}, spec, tmp_path / "saved_model"
    )
    (tmp_path / "model.tflite").write_bytes(converted_with_select_ops(saved))
    assert tflite_file.operators(tmp_path / "model.tflite")["FlexBitwiseAnd"] == 1
    with pytest.raises(
        Refused, match=r"^model.tflite: BitwiseAnd \(layer .*best_of_three.*\) .*use tf.argmax\.$"
    ):
        tflite_file.refuse_foreign(tmp_path / "model.tflite")


def test_weights_left_outside_are_refused(tmp_path):
    """What `tf.saved_model.save` makes of a Keras model converts, runs, and gives NaN."""
    inputs = keras.Input((4,), name="x")
    module = tf.Module()
    module.net = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    spec = tf.TensorSpec((1, 4), tf.float32, name="x")
    serve = tf.function(lambda x: {"y": module.net(x)}, input_signature=[spec])
    tf.saved_model.save(module, tmp_path / "saved_model", signatures={"serving_default": serve})
    (tmp_path / "model.tflite").write_bytes(converted_with_select_ops(tmp_path / "saved_model"))
    with pytest.raises(Refused, match="VAR_HANDLE .*the weights were not frozen"):
        tflite_file.refuse_foreign(tmp_path / "model.tflite")


def test_metadata_changes_no_answer(file):
    before = [run(file, seed) for seed in range(5)]
    metadata.attach_metadata(file, **FACTS)
    np.testing.assert_array_equal([run(file, seed) for seed in range(5)], before)


def test_metadata_is_read_back(file):
    metadata.attach_metadata(file, **FACTS)
    assert metadata.read_metadata(file) == FACTS


def test_metadata_is_the_same_bytes_however_often(file, tmp_path):
    twin = shutil.copy(file, tmp_path / "twin.tflite")
    metadata.attach_metadata(twin, **FACTS | {"name": "a name of another length", "labels": ["x"]})
    metadata.attach_metadata(file, **FACTS)
    once = file.read_bytes()
    metadata.attach_metadata(file, **FACTS)
    assert file.read_bytes() == once
    metadata.attach_metadata(twin, **FACTS)
    assert metadata.read_metadata(twin) == FACTS
    assert len(twin.read_bytes()) == len(once)


def test_a_file_without_metadata_says_so(file):
    with pytest.raises(ValueError, match="has no metadata"):
        metadata.read_metadata(file)


def test_weights_lie_at_multiples_of_sixteen_bytes(file):
    """The schema's `force_align: 16`, which accelerators and microcontrollers rely on."""
    metadata.attach_metadata(file, **FACTS)
    data = np.frombuffer(file.read_bytes(), np.uint8)
    model = schema.Model.GetRootAs(data.tobytes())
    buffers = [model.Buffers(i) for i in range(model.BuffersLength())]
    starts = [b._tab.Vector(b._tab.Offset(4)) for b in buffers if b.DataLength()]
    assert len(starts) > 5
    assert {start % 16 for start in starts} == {0}
