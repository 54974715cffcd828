"""Training in several processes, on one machine or many, that JAX's own distributed runtime ties
together.

Every process reads the same data and makes the same decisions; each puts its share of a batch on
its own devices. The first one writes the run; the others write to a folder that is gone when they
end.
"""

import atexit
import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import keras
import numpy as np

from pipelines.engine.parallel.supervisor import ADDRESS, COUNT, INDEX
from pipelines.errors import PipelineError

LOST = re.compile(
    "gloo|nccl|connection|peer|heartbeat", re.IGNORECASE
)  # in what JAX says of a lost partner
SILENCE = 20  # seconds without a sign of life after which a process counts as lost


@contextlib.contextmanager
def together():
    """Within it, this process is one of those that the environment names, if it names any.

    To be entered before anything else of JAX. Raises PipelineError where they cannot meet. An error
    within ends this
    process at once: if it took its leave of the others in order, they would wait for it for
        minutes.
    """
    if ADDRESS not in os.environ:
        yield
        return
    _join()
    try:
        yield
    except BaseException as error:
        if isinstance(error, PipelineError):
            print(f"pipelines: {error}", file=sys.stderr)
        elif not isinstance(error, KeyboardInterrupt):
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        if not isinstance(error, PipelineError) and LOST.search(str(error)):
            os.abort()  # as JAX does where it learns of it before the step does
        os._exit(getattr(error, "exit_code", 1))


def _join():
    if keras.backend.backend() != "jax":
        raise PipelineError(
            f"several processes need the JAX backend; this is {keras.backend.backend()}. Say"
            " --backend jax."
        )
    import jax

    # Two steps at once on one processor may take up each other's messages.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    address, *numbers = (os.environ.get(name, "") for name in (ADDRESS, COUNT, INDEX))
    if not all(number.isdigit() for number in numbers):
        raise PipelineError(
            f"beside {ADDRESS}, {COUNT} and {INDEX} must be numbers; got {numbers}."
        )
    first_address = address.split(",")[0]  # Keras takes a list
    try:
        jax.distributed.initialize(
            first_address, *map(int, numbers), heartbeat_timeout_seconds=SILENCE
        )
    except RuntimeError as error:
        raise PipelineError(
            f"the processes cannot meet at {first_address}: {' '.join(str(error).split())}"
        ) from error


def count():
    """How many processes train together."""
    if keras.backend.backend() != "jax":
        return 1
    import jax

    return jax.process_count()


def first():
    """Whether this is the process whose run is kept."""
    if count() == 1:
        return True
    import jax

    return jax.process_index() == 0


def folder(path):
    """Where this process writes what belongs in `path`: there, or in a copy that is gone when the process ends."""
    if count() == 1:
        return Path(path)
    from jax.experimental import multihost_utils

    own = Path(path)
    if not first():
        scratch = Path(tempfile.mkdtemp(prefix="pipelines-"))
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        own = scratch / Path(path).resolve().name
        if Path(path).is_dir():
            shutil.copytree(path, own)
    multihost_utils.sync_global_devices(
        "each process has its folder"
    )  # from here on the first one may write
    return own


def agree(what, text):
    """Raises PipelineError where `text` differs from process to process."""
    if count() == 1:
        return
    from jax.experimental import multihost_utils

    digest = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    if any((other != digest).any() for other in multihost_utils.process_allgather(digest)):
        raise PipelineError(
            f"{what} differ from process to process. Give each the same command, and data with the"
            " same content."
        )


def decided(values):
    """{name: number} as the first process has it: rounding must not let processes part ways."""
    if count() == 1:
        return values
    from jax.experimental import multihost_utils

    numbers = multihost_utils.broadcast_one_to_all(np.array(list(values.values()), np.float64))
    return dict(zip(values, map(float, numbers), strict=True))


def share(data):
    """tf.data of whole batches -> of the rows that are for this process's devices."""
    if count() == 1:
        return data
    import jax
    import tensorflow as tf

    index, parts = jax.process_index(), jax.process_count()

    def rows(values):
        size = tf.shape(values)[0] // parts
        cut = values[index * size : (index + 1) * size]
        static = values.shape[0] // parts if values.shape[0] else None
        return tf.ensure_shape(cut, [static, *values.shape[1:]])

    return data.map(
        lambda *batch: tf.nest.map_structure(rows, batch), num_parallel_calls=tf.data.AUTOTUNE
    )
