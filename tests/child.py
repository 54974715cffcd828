"""A Python process that stays, with JAX as its backend: what takes long to load is loaded once a worker."""

import atexit
import functools
import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEVICES = 4  # that this machine's processors are made into


def flags(devices):
    """XLA_FLAGS of a process with so many devices, in which compiling is quick and what it gives is slow."""
    return f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"


def run(code, *arguments):
    """Runs `code` with `arguments` as sys.argv[1:] -> subprocess.CompletedProcess.

    As `python -c` would, but in a process that has run other code before: patches of modules are to
    be taken back.
    """
    pytest.importorskip("jax")
    with tempfile.TemporaryDirectory() as scratch:
        job = {"code": code, "arguments": [str(word) for word in arguments], "folder": scratch}
        process = _started()
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:  # it has died: the next one asks a new process
            _started.cache_clear()
            answer = str(process.wait())
        out, err = ((Path(scratch) / name).read_text() for name in ("out", "err"))
    return subprocess.CompletedProcess(code, int(answer), out, err)


def command(*words):
    """`pipelines WORDS` -> subprocess.CompletedProcess."""
    return run(COMMAND, *words)


COMMAND = "import sys; from pipelines import cli; raise SystemExit(cli.main(sys.argv[1:]))"


@functools.cache
def _started():
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": "jax"}
    environment |= {"XLA_FLAGS": flags(DEVICES)}
    process = subprocess.Popen(
        [sys.executable, __file__],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_ended, process)
    return process


def _ended(process):
    process.stdin.close()
    process.wait()


def serve():
    """The child: a job on each line of standard input; its exit code on a line of standard output."""
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        print(_done(**json.loads(line)), file=answers, flush=True)
        if not gc.get_freeze_count():
            gc.freeze()  # what the first job has loaded stays, and need not be looked through again


def _done(code, arguments, folder):
    import traceback

    kept = sys.argv, dict(os.environ), os.getcwd()
    sys.argv = ["-c", *arguments]
    for number, name in ((1, "out"), (2, "err")):
        with open(Path(folder) / name, "w") as file:
            os.dup2(file.fileno(), number)
    try:
        exec(compile(code, "<child>", "exec"), {"__name__": "__main__"})
        result = 0
    except SystemExit as stop:
        result = stop.code or 0
    except BaseException:
        traceback.print_exc()
        result = 1
    sys.stdout.flush()
    sys.stderr.flush()
    sys.argv = kept[0]
    os.environ.clear()
    os.environ.update(kept[1])
    os.chdir(kept[2])
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()
    return result


if __name__ == "__main__":
    serve()
