"""An autoencoder with the programs `encode` and `decode`, small enough to be converted within a test run."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
import tiny

from pipelines.engine.export import convert, saved_model
from pipelines.task import Program

CODE = 4


@functools.cache
def model():
    """{"image": uint8 (B, 16, 16, 3)} -> picture (B, 16, 16, 3) in [0, 1], by `encoder` and `decoder`."""
    keras.utils.set_random_seed(0)
    picture = keras.Input((tiny.SIDE, tiny.SIDE, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 127.5, -1)(picture)
    x = keras.layers.Conv2D(8, 3, 2, "same", activation="relu")(x)
    x = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(x))
    code = keras.layers.Rescaling(3.0)(keras.layers.Dense(CODE)(x))
    encoder = keras.Model({"image": picture}, code, name="encoder")
    given = keras.Input((CODE,), name="code")
    x = keras.layers.Dense(64, activation="relu")(given)
    x = keras.layers.Dense(tiny.SIDE * tiny.SIDE * 3, activation="sigmoid")(x)
    x = keras.layers.Reshape((tiny.SIDE, tiny.SIDE, 3))(x)
    decoder = keras.Model({"code": given}, x, name="decoder")
    return keras.Model({"image": picture}, decoder({"code": encoder({"image": picture})}))


def encode(inputs):
    return {"code": model().get_layer("encoder")(inputs)}


def decode(inputs):
    return {"picture": model().get_layer("decoder")(inputs)}


def restore(inputs):
    return decode(encode(inputs))


def codes(count, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, CODE)).astype(np.float32)


def programs():
    """{name: Program}: to a code and back."""
    return {
        "encode": Program(encode, {"image": tiny.pictures(64, seed=1)}),
        "decode": Program(decode, {"code": codes(64, seed=1)}),
    }


def write(made, folder):
    """The SavedModel of programs of this model -> (its path, what int8 is calibrated on)."""
    saved_model.write(model(), made, folder / "saved_model")
    return folder / "saved_model", {name: program.inputs for name, program in made.items()}


@functools.cache
def converted():
    """{kind: path} of all four files, "saved_model" beside them, in a folder that goes when the
    tests end. Copy what you change."""
    folder = Path(tempfile.mkdtemp(prefix="autoencoder-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    saved, calibration = write(programs(), folder)
    return convert.convert(saved, folder, list(convert.FILES), calibration)
