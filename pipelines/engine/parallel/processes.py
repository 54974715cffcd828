"""Training in several processes, on one machine or many, by JAX's own distributed runtime.

Every process reads the same data and makes the same decisions; each puts its share of a batch on
its own devices. The first one writes the run; the others write to a folder that is gone when they
end.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import keras
import numpy as np

from pipelines.engine.parallel.supervisor import ADDRESS, COUNT, INDEX
from pipelines.errors import PipelineError

if TYPE_CHECKING:
    import tensorflow as tf

# In what JAX says of a lost partner.
LOST = re.compile("gloo|nccl|connection|peer|heartbeat", re.IGNORECASE)
SILENCE = 20  # seconds without a sign of life after which a process counts as lost


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Within it, this process is one of those that the environment names, if it names any.

    To be entered before anything else of JAX. Raises PipelineError if they cannot meet. An error
    within ends this process at once: if it took its leave of the others in order, they would wait
    for it for minutes.
    """
    if ADDRESS not in os.environ:
        yield
        return
    _join()
    try:
        yield
    except BaseException as error:
        _end(error)


def _end(error: BaseException) -> NoReturn:
    """Says what went wrong and ends this process."""
    is_ours = isinstance(error, PipelineError)
    if is_ours:
        print(f"pipelines: {error}", file=sys.stderr)
    elif not isinstance(error, KeyboardInterrupt):
        traceback.print_exception(error)
    sys.stdout.flush()
    sys.stderr.flush()
    if not is_ours and LOST.search(str(error)):
        os.abort()  # as JAX does if it learns of it before the step does
    os._exit(getattr(error, "exit_code", 1))


def _join() -> None:
    """Meets the others. Raises PipelineError if that fails."""
    if keras.backend.backend() != "jax":
        raise PipelineError(
            f"several processes need the JAX backend; this is {keras.backend.backend()}. Say"
            " --backend jax."
        )
    import jax

    # Two steps at once on one processor may take up each other's messages.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    numbers = [os.environ.get(name, "") for name in (COUNT, INDEX)]
    if not all(map(str.isdigit, numbers)):
        raise PipelineError(f"with {ADDRESS}, {COUNT} and {INDEX} must be numbers; got {numbers}.")
    count, index = map(int, numbers)
    first_address, *_ = os.environ[ADDRESS].split(",")  # Keras takes a list
    try:
        jax.distributed.initialize(first_address, count, index, heartbeat_timeout_seconds=SILENCE)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise PipelineError(f"the processes cannot meet at {first_address}: {reason}") from error


def count() -> int:
    """How many processes train together."""
    if keras.backend.backend() != "jax":
        return 1
    import jax

    return jax.process_count()


def first() -> bool:
    """Whether this is the process whose run is kept."""
    if count() == 1:
        return True
    import jax

    return jax.process_index() == 0


def folder(path: Path | str) -> Path:
    """Where this process writes what belongs in `path`.

    There, or in a copy that is gone when the process ends.
    """
    path = Path(path)
    if count() == 1:
        return path
    from jax.experimental import multihost_utils

    own = path if first() else _copy(path)
    # From here on the first one may write.
    multihost_utils.sync_global_devices("each process has its folder")
    return own


def _copy(path: Path) -> Path:
    scratch = Path(tempfile.mkdtemp(prefix="pipelines-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    own = scratch / path.resolve().name
    if path.is_dir():
        shutil.copytree(path, own)
    return own


def agree(what: str, text: str) -> None:
    """Raises PipelineError if `text`, which is called `what`, differs from process to process."""
    if count() == 1:
        return
    from jax.experimental import multihost_utils

    digest = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    digests = multihost_utils.process_allgather(digest)
    if (digests != digest).any():
        raise PipelineError(
            f"{what} differ from process to process. Give each the same command, and data with the"
            " same content."
        )


def decided(values: dict[str, float]) -> dict[str, float]:
    """{name: number} as the first process has it: rounding must not let processes diverge."""
    if count() == 1:
        return values
    from jax.experimental import multihost_utils

    numbers = multihost_utils.broadcast_one_to_all(np.array(list(values.values()), np.float64))
    return dict(zip(values, map(float, numbers), strict=True))


def share(data: tf.data.Dataset) -> tf.data.Dataset:
    """tf.data of whole batches -> of the rows that are for this process's devices."""
    if count() == 1:
        return data
    import jax
    import tensorflow as tf

    index, parts = jax.process_index(), jax.process_count()

    def rows(values: tf.Tensor) -> tf.Tensor:
        size = tf.shape(values)[0] // parts
        cut = values[index * size : (index + 1) * size]
        static = values.shape[0] // parts if values.shape[0] else None
        return tf.ensure_shape(cut, [static, *values.shape[1:]])

    def cut(*batch: Any) -> Any:
        return tf.nest.map_structure(rows, batch)

    return data.map(cut, num_parallel_calls=tf.data.AUTOTUNE)
