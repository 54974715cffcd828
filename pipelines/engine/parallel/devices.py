"""Training on several devices at once: each batch is shared among them, on the JAX backend."""

import contextlib
import gc
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from pipelines.engine.parallel import processes
from pipelines.errors import PipelineError


def check(config: Any) -> None:
    """Raises PipelineError if a batch cannot be shared among `config.devices`."""
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


def divided(config: Any) -> None:
    """Raises PipelineError if `config.batch_size` is no multiple of `config.devices`."""
    count, size = config.devices, config.batch_size
    if size % count:
        below = size - size % count
        near = f"{below} or {below + count}" if below else f"{count}"
        raise PipelineError(
            f"batch_size must be a multiple of devices={count}; got {size}. Try {near}."
        )


@contextlib.contextmanager
def shared(config: Any) -> Iterator[None]:
    """Within it, each of `config.devices` has a copy of a model's weights and a part of a batch."""
    check(config)
    if config.devices == 1:
        yield
        return
    devices = _chosen(config.devices)
    with keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False).scope():
        yield
    # Keras leaves the input pipeline's iterator in a cycle. If it goes no sooner than Python
    # itself, its threads may be waited for without end (seen in one of some twenty runs of two
    # processes).
    gc.collect()


def _chosen(count: int) -> list[str]:
    """`count` devices, equally many of each process, those of the first process first."""
    if processes.count() == 1:
        return keras.distribution.list_devices()[:count]
    import jax

    share = count // processes.count()
    chosen = []
    for i in range(processes.count()):
        own = [device for device in jax.devices() if device.process_index == i]
        chosen += [f"{device.platform}:{device.id}" for device in own[:share]]
    return chosen


def whole(predict: Callable[[Any], Any], inputs: Any) -> Any:
    """`predict(inputs)`, of a batch of any size.

    The batch is filled up to what the devices can share, and the outputs are cut again.
    """
    distribution = keras.distribution.distribution()
    count = distribution.num_model_replicas if distribution else 1
    size = len(keras.tree.flatten(inputs)[0])
    if size % count == 0:
        return predict(inputs)
    filled = math.ceil(size / count) * count
    places = np.minimum(np.arange(filled), size - 1)

    def cut(values: Any) -> Any:
        return values[:size] if len(values) == filled else values

    outputs = predict(keras.tree.map_structure(lambda values: values[places], inputs))
    return keras.tree.map_structure(cut, outputs)
