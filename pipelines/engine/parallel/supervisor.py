"""One of several processes that train together, watched by another that loads neither JAX nor TensorFlow."""

import os
import signal
import subprocess
import sys
import tempfile

from pipelines.errors import PipelineError

# Keras's own names: where they are set, `pipelines train` joins the others by them.
ADDRESS, COUNT, INDEX = (
    f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
)


def supervise(argv, coordinator, count, index):
    """Trains in a child process and waits for it -> exit code; JAX aborts a process whose partner
    is lost.

    argv: the command line of `pipelines` without its flags on processes. coordinator: host:port of
    the process with index 0, whose run it is. Raises PipelineError where the three do not make
    sense together.
    """
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
    named = {ADDRESS: coordinator, COUNT: str(count), INDEX: str(index)}
    with tempfile.TemporaryDirectory(prefix="pipelines-") as scratch:
        code = _wait(
            [sys.executable, "-m", "pipelines", *argv],
            {**os.environ, **named, "TMPDIR": scratch},
            index,
        )
    if code >= 0:
        return code
    killed = signal.Signals(-code)
    what = (
        "lost the others, or never met them"
        if killed == signal.SIGABRT
        else f"was ended by {killed.name}"
    )
    print(
        f"pipelines: process {index} of {count} {what}. `pipelines train --resume DIR` goes on from"
        " the last checkpoint, in the same number of processes and on as many devices, or in"
        " others.",
        file=sys.stderr,
    )
    return 1


def _wait(command, environment, index):
    """Runs `command` -> its exit code; what ends this process ends it, too."""
    told = None if index == 0 else subprocess.DEVNULL  # one of them tells the news
    child = subprocess.Popen(command, env=environment, stdout=told)
    before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        return child.wait()
    finally:
        child.kill()
        signal.signal(signal.SIGTERM, before)
