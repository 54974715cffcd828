"""A program in a file of its own: what is in it, and what is refused."""

import autoencoder
import numpy as np
import pytest
import tensorflow as tf
import tiny

from pipelines.edge.litert import Model
from pipelines.engine.export import metadata, own_file
from pipelines.errors import Refused
from pipelines.task import SERVE, Program

FACTS = {"description": "A picture as numbers.", "labels": list("abcd"), "name": "codes"}


def program(call, **more):
    return Program(call, {"image": tiny.pictures(6, seed=1)}, file="model_own.tflite", **more)


def test_a_file_has_the_program_alone_with_metadata(tmp_path):
    own = program(autoencoder.encode, metadata={"license": "CC0-1.0"})
    record = own_file.write(autoencoder.model(), own, tmp_path, **FACTS)
    path = tmp_path / "model_own.tflite"
    assert list(tmp_path.iterdir()) == [path]
    assert record.pop("max_difference") < 1e-4
    assert record == {"path": "model_own.tflite", "size_bytes": path.stat().st_size}
    assert metadata.read_metadata(path) == {**FACTS, "license": "CC0-1.0"}
    model, picture = Model(path), {"image": tiny.pictures(1, seed=2)}
    assert model.programs.keys() == {SERVE}
    np.testing.assert_allclose(
        model(picture)["code"], autoencoder.encode(picture)["code"], atol=1e-5
    )


def test_other_files_do_not_have_it(tmp_path):
    made = {"own": program(autoencoder.restore), **autoencoder.programs()}
    saved, _ = autoencoder.write(made, tmp_path)
    assert set(tf.saved_model.load(str(saved)).signatures) == {"encode", "decode", SERVE}


def test_a_file_that_differs_is_refused(tmp_path):
    def noisy(inputs):
        code = autoencoder.encode(inputs)["code"]
        traced = not tf.executing_eagerly()
        return {"code": code + 0.01 if traced else code}

    with pytest.raises(Refused, match="model_own.tflite: outputs differ by 0.01"):
        own_file.write(autoencoder.model(), program(noisy), tmp_path, **FACTS)


def test_an_op_that_cannot_be_is_named(tmp_path):
    def best(inputs):
        code = autoencoder.encode(inputs)["code"]
        return {"best": tf.raw_ops.BitwiseAnd(x=tf.cast(code, tf.int32), y=3)}

    with pytest.raises(Refused, match=r"model_own.tflite: BitwiseAnd .*does not run"):
        own_file.write(autoencoder.model(), program(best), tmp_path, **FACTS)
