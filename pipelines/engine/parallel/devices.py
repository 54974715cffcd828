"""Training on several devices at once: each batch is shared among them, on the JAX backend."""

import contextlib
import gc

import keras
import numpy as np

from pipelines.engine.parallel import processes
from pipelines.errors import PipelineError


def check(config):
    """Raises PipelineError where a batch cannot be shared among `config.devices`."""
    count, workers = config.devices, processes.count()
    if count == 1 and workers == 1:
        return
    if keras.backend.backend() != "jax":
        raise PipelineError(
            f"devices={count} needs the JAX backend; this is {keras.backend.backend()}. Say"
            " --backend jax, or set KERAS_BACKEND=jax."
        )
    there = keras.distribution.list_devices()
    if count > len(there):
        raise PipelineError(
            f"devices={count} is more than there are: {len(there)} ({', '.join(there)}). Ask for"
            f" {len(there)}."
        )
    if count % workers:
        raise PipelineError(
            f"devices must be a multiple of the {workers} processes; got {count}. Ask for"
            f" {len(there)}, which is all."
        )
    divided(config)


def divided(config):
    """Raises PipelineError where `config.batch_size` is no multiple of `config.devices`."""
    count, size = config.devices, config.batch_size
    if size % count:
        near = [n for n in (size - size % count, size - size % count + count) if n]
        raise PipelineError(
            f"batch_size must be a multiple of devices={count}; got {size}. Try"
            f" {' or '.join(map(str, near))}."
        )


@contextlib.contextmanager
def shared(config):
    """Within it, models are made with a copy of their weights on each of `config.devices`, and batches are parted."""
    check(config)
    if config.devices == 1:
        yield
        return
    with keras.distribution.DataParallel(
        devices=_chosen(config.devices), auto_shard_dataset=False
    ).scope():
        yield
    # Keras leaves the input pipeline's iterator in a cycle. Where it goes no sooner than Python
    # itself, its threads may be waited for without end (seen in one of some twenty runs of two
    # processes).
    gc.collect()


def _chosen(count):
    """`count` devices, equally many of each process, those of the first process first."""
    if processes.count() == 1:
        return keras.distribution.list_devices()[:count]
    import jax

    share = count // processes.count()
    parts = [
        [d for d in jax.devices() if d.process_index == i][:share] for i in range(processes.count())
    ]
    return [f"{device.platform}:{device.id}" for part in parts for device in part]


def whole(predict, inputs):
    """`predict(inputs)`, of a batch of any size: it is filled up to what the devices can share, and cut again."""
    distribution = keras.distribution.distribution()
    count = distribution.num_model_replicas if distribution else 1
    size = len(keras.tree.flatten(inputs)[0])
    if size % count == 0:
        return predict(inputs)
    places = np.minimum(np.arange(-(-size // count) * count), size - 1)
    outputs = predict(keras.tree.map_structure(lambda values: values[places], inputs))
    return keras.tree.map_structure(
        lambda values: values[:size] if len(values) == len(places) else values, outputs
    )
