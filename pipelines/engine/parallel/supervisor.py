"""One of several processes that train together, watched by one without JAX and TensorFlow."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

from pipelines.errors import PipelineError

# Keras's own names: if they are set, `pipelines train` joins the others by them.
ADDRESS, COUNT, INDEX = (
    f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
)


def supervise(
    argv: Sequence[str], coordinator: str | None, count: int | None, index: int | None
) -> int:
    """Trains in a child process and waits for it -> exit code.

    JAX aborts a process whose partner is lost. argv: the command line of `pipelines` without its
    flags on processes. coordinator: host:port of the process with index 0, whose run it is. Raises
    PipelineError if the three do not make sense together.
    """
    _check(coordinator, count, index)
    named = {ADDRESS: coordinator, COUNT: str(count), INDEX: str(index)}
    command = [sys.executable, "-m", "pipelines", *argv]
    with tempfile.TemporaryDirectory(prefix="pipelines-") as scratch:
        code = _wait(command, {**os.environ, **named, "TMPDIR": scratch}, index)
    if code >= 0:
        return code
    killed = signal.Signals(-code)
    what = f"was ended by {killed.name}"
    if killed == signal.SIGABRT:
        what = "lost the others, or never met them"
    print(
        f"pipelines: process {index} of {count} {what}. `pipelines train --resume DIR` goes on from"
        " the last checkpoint, in the same number of processes and on as many devices, or in"
        " others.",
        file=sys.stderr,
    )
    return 1


def _check(coordinator: str | None, count: int | None, index: int | None) -> None:
    if not coordinator or count is None or index is None:
        raise PipelineError(
            "several processes need --coordinator HOST:PORT, --processes N and --process I, all"
            " three."
        )
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdigit():
        raise PipelineError(
            f"--coordinator takes HOST:PORT, of the process with --process 0; got {coordinator!r}."
        )
    if not 0 <= index < count:
        raise PipelineError(
            f"--process must be from 0 to {count - 1} with --processes {count}; got {index}."
        )


def _wait(command: Sequence[str], environment: Mapping[str, str], index: int) -> int:
    """Runs `command` -> its exit code; what ends this process ends it, too."""
    told = None if index == 0 else subprocess.DEVNULL  # one of them tells the news
    child = subprocess.Popen(command, env=environment, stdout=told)
    before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        return child.wait()
    finally:
        child.kill()
        signal.signal(signal.SIGTERM, before)
