"""A picture classifier small enough to be exported and converted within a test run."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipelines.engine.export import convert
from pipelines.task import SERVE

LABELS = ["red", "green", "blue", "grün"]
SIDE = 16


def pictures(count, seed=0):
    """Plain colours, which no resizing changes: uint8 (count, 16, 16, 3)."""
    colours = np.random.default_rng(seed).integers(0, 256, (count, 1, 1, 3), np.uint8)
    return np.tile(colours, (1, SIDE, SIDE, 1))


@functools.cache
def model():
    """{"image": uint8 (B, 16, 16, 3)} -> logits (B, 4), far enough apart that quantisation rarely changes the order."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 127.5, -1)(inputs)
    for filters in (8, 16):
        x = keras.layers.Conv2D(filters, 3, 2, "same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    logits = keras.layers.Dense(len(LABELS))(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model({"image": inputs}, keras.layers.Rescaling(20.0)(logits))


def probabilities(images):
    return keras.ops.convert_to_numpy(keras.ops.softmax(model()({"image": images})))


def save(net, answer, spec, folder):
    """Writes the SavedModel of `answer(inputs)`, a function of {name: tensor} that calls `net`."""
    archive = keras.export.ExportArchive()
    archive.track(net)
    archive.add_endpoint("serve", answer, input_signature=[{spec.name: spec}])
    archive.write_out(str(folder), verbose=False)
    return Path(folder)


@functools.cache
def converted():
    """{kind: path} of all four files, in a folder that goes when the tests end. Copy what you change."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def answer(inputs):
        return {"probabilities": keras.ops.softmax(model()(inputs, training=False))}

    saved = save(
        model(),
        answer,
        tf.TensorSpec((1, SIDE, SIDE, 3), tf.uint8, name="image"),
        folder / "saved_model",
    )
    return convert.convert(
        saved, folder, list(convert.FILES), {SERVE: {"image": pictures(64, seed=1)}}
    )
