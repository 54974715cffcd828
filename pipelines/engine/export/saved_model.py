"""A Keras model as a SavedModel with named inputs and outputs."""

import keras
import numpy as np
import tensorflow as tf

from pipelines.engine.export import convert
from pipelines.errors import PipelineError


def answer(model, task, config):
    """inputs -> decoded outputs; what decodes stays in float in every file where the task asks for it."""
    scope = convert.FLOAT if getattr(task, "DECODE_IN_FLOAT", False) else "decode"

    def answered(inputs):
        outputs = model(inputs, training=False)
        with tf.name_scope(scope):
            return task.decode(outputs, config)

    return answered


def write(model, answer, folder, inputs):
    """Writes `answer`, a function of the named inputs that calls `model`, with a batch of 1;
    outputs keep their names.

    inputs: a batch of the model's inputs, whose shape is that of the file where the model leaves an
    axis free. Raises PipelineError where it cannot be written.
    """
    specs = {
        t.name: tf.TensorSpec((1, *np.shape(inputs[t.name])[1:]), t.dtype, name=t.name)
        for t in keras.tree.flatten(model.input)
    }
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", answer, input_signature=[specs])
    try:
        archive.write_out(str(folder), verbose=False)
    except (
        tf.errors.OpError
    ) as error:  # TensorFlow writes with its own code, whose errors are no OSError
        reason = str(error).strip().splitlines()[0].rpartition("; ")[2]
        raise PipelineError(
            f"cannot write {folder}: {reason}. Free some space or choose a folder that you may"
            " write to."
        ) from error
