"""Python processes that have TensorFlow loaded as they begin: copies of one that stays, a fork each.

TensorFlow takes five seconds of processor to load, and dozens of tests need a process of their own:
one that may die, has another disk, or is killed. `Popen` is used as `subprocess.Popen` is, for
commands of this interpreter. What is forked has imported TensorFlow and has not used it yet.
"""

import atexit
import contextlib
import functools
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIPE = subprocess.PIPE  # so that this module stands for `subprocess` itself


class Popen:
    """A process for `[sys.executable, "-c" or "-m", ...]`, with the streams of `subprocess.Popen`."""

    def __init__(self, command, stdout=None, stderr=None, text=True, env=None, cwd=None):
        assert command[0] == sys.executable, command
        self.args, self.returncode, self.stdout, self.stderr = command, None, None, None
        places, opened = [], []
        for name, stream, own in (("stdout", stdout, 1), ("stderr", stderr, 2)):
            if stream == subprocess.PIPE:
                end, place = os.pipe()
                setattr(self, name, open(end, encoding="utf-8"))  # noqa: SIM115
                opened.append(place)
            elif stream == subprocess.DEVNULL:
                place = os.open(os.devnull, os.O_WRONLY)
                opened.append(place)
            else:
                place = own if stream is None else stream.fileno()
            places.append(place)
        job = {
            "words": [str(word) for word in command[1:]],
            "environment": dict(os.environ if env is None else env),
            "folder": str(cwd or os.getcwd()),
        }
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_started())
        socket.send_fds(self._connection, [json.dumps(job).encode() + b"\n"], places)
        for place in opened:
            os.close(place)
        self.pid = int(self._told())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stream in (self.stdout, self.stderr):
            if stream:
                stream.close()
        self.wait()

    def wait(self, timeout=None):
        """Its exit code, below 0 if a signal has ended it."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = int(self._told())
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.args, timeout) from None
            self._connection.close()
        return self.returncode

    def poll(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0.001)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number):
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def communicate(self):
        """(all of its standard output, all of its standard error), once it has ended."""
        said = {}

        def read(name, stream):
            said[name] = stream.read()

        streams = [(name, getattr(self, name)) for name in ("stdout", "stderr")]
        readers = [threading.Thread(target=read, args=pair) for pair in streams if pair[1]]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        for _, stream in streams:
            if stream:
                stream.close()
        self.wait()
        return said.get("stdout"), said.get("stderr")

    def _told(self):
        """A line of the one that stays."""
        line = b""
        while not line.endswith(b"\n"):
            got = self._connection.recv(1)
            if not got:
                raise RuntimeError("the process that forks has died")
            line += got
        return line


def run(command, timeout=None, **how):
    """`subprocess.run` with captured text."""
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    late = threading.Event()
    with Popen(command, **how) as process:

        def end():
            late.set()
            process.kill()

        timer = threading.Timer(timeout or threading.TIMEOUT_MAX, end)
        timer.daemon = True
        timer.start()
        out, err = process.communicate()
        timer.cancel()
    if late.is_set():
        raise subprocess.TimeoutExpired(command, timeout, out, err)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@functools.cache
def _started():
    """The name of the socket at which the one that stays listens."""
    ours, theirs = os.pipe()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": "tensorflow"}
    process = subprocess.Popen(
        [sys.executable, __file__, str(theirs)],
        env=environment,
        stdin=subprocess.PIPE,
        pass_fds=[theirs],
    )
    os.close(theirs)
    with open(ours, encoding="utf-8") as told:
        name = told.readline().strip()
    atexit.register(_ended, process)
    return f"\0{name}"


def _ended(process):
    process.stdin.close()
    process.wait()


# Below, the one that stays.


def serve(told):
    """Forks for each job that comes, until standard input is closed; tells at which socket."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    import pipelines.run  # noqa: F401

    gc.freeze()  # no child looks through what is loaded, nor copies it by that
    with socket.socket(socket.AF_UNIX) as door:
        name = f"\0pipelines-tests-{os.getpid()}"  # of no file
        door.bind(name)
        door.listen()
        with open(told, "w") as out:
            print(name[1:], file=out)
        _jobs(door)


def _jobs(door):
    living = {}  # pidfd of a child: (its number, whom to tell)
    while True:
        ready, *_ = select.select([sys.stdin, door, *living], [], [])
        if sys.stdin in ready:
            return
        for one in ready:
            if one is door:
                connection, _ = door.accept()
                try:
                    asked = _asked(connection)
                except OSError:  # who asks has died
                    connection.close()
                    continue
                pid = _forked(connection, living, *asked)
                living[os.pidfd_open(pid)] = pid, connection
                with contextlib.suppress(OSError):  # nobody may wait for it
                    connection.sendall(f"{pid}\n".encode())
            else:
                pid, connection = living.pop(one)
                _, status = os.waitpid(pid, 0)
                with contextlib.suppress(OSError):  # nobody may wait for it
                    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
                connection.close()
                os.close(one)


def _asked(connection):
    """(the places of the streams, the job) that come over a connection; OSError if it ends before."""
    content, places, _, _ = socket.recv_fds(connection, 1 << 20, 2)
    while not content.endswith(b"\n"):
        got = connection.recv(1 << 20)
        if not got:
            for place in places:
                os.close(place)
            raise ConnectionError("nobody asks any more")
        content += got
    return places, json.loads(content)


def _forked(connection, living, places, job):
    """Forks a child for a job -> its number."""
    pid = os.fork()
    if not pid:
        for other in living:
            os.close(other)
        connection.close()
        _be(places, **job)
    for place in places:
        os.close(place)
    return pid


def _be(places, words, environment, folder):
    """The child, which ends here."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, place in enumerate(places, 1):
            os.dup2(place, number)
            os.close(place)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.path[1:1] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
        _run(words)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(BaseException):
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _run(words):
    how, what, *rest = words
    sys.path[0] = os.getcwd()
    if how == "-m":
        sys.argv = [what, *rest]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    sys.argv = ["-c", *rest]
    exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    serve(int(sys.argv[1]))
