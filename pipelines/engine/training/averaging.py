"""Moving averages of the weights, with batch statistics that fit them."""

import contextlib

import keras

from pipelines.engine.training import checkpoint

BATCHES = 10  # training batches that re-estimate the batch statistics


@contextlib.contextmanager
def averaged(model, batches):
    """Within it, `model` has its averaged weights where the optimizer keeps such; afterwards its
    own again.

    batches: () -> tf.data of (inputs, targets) that re-estimate the statistics of batch
    normalisation, which belong to the weights they were measured with (Izmailov et al. 2018,
    arXiv:1803.05407, section 3.2).
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not getattr(optimizer, "averages", None):
        yield
        return
    kept = checkpoint.numpy(model.variables)
    settle(model, batches)
    try:
        yield
    finally:
        checkpoint.assign(model.variables, kept, "the model")


def settle(model, batches):
    """Gives `model` its averaged weights, where there are such, for good."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    averages = getattr(optimizer, "averages", [])
    if averages:
        checkpoint.assign(model.trainable_variables, checkpoint.numpy(averages), "the averages")
        _recalibrate(model, batches)


def _recalibrate(model, batches):
    # A frozen one keeps its statistics, also in training.
    norms = [
        x
        for x in model._flatten_layers()
        if isinstance(x, keras.layers.BatchNormalization) and x.trainable
    ]
    if not norms:
        return
    for norm in norms:
        for statistic in (norm.moving_mean, norm.moving_variance):
            statistic.assign(keras.ops.zeros(statistic.shape))
    count = 0
    for inputs, _ in batches().as_numpy_iterator():
        model(inputs, training=True)
        count += 1
        if count == BATCHES:
            break
    for (
        norm
    ) in norms:  # started from zero, the averages fall short by the weight that zero still has
        share = 1 - norm.momentum**count
        for statistic in (norm.moving_mean, norm.moving_variance):
            statistic.assign(statistic / share)
