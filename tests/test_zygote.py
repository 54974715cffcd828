"""The process that forks for tests: it lives on if who asks dies, and nothing runs for ever."""

import functools
import os
import socket
import subprocess
import sys

import pytest
import zygote


def test_a_process_that_takes_too_long_is_killed(monkeypatch):
    begun = []

    def begin(*given, **how):
        begun.append(subprocess.Popen(*given, text=True, **how))
        return begun[0]

    monkeypatch.setattr(zygote, "Popen", begin)
    with pytest.raises(subprocess.TimeoutExpired, match="timed out after 0.3 seconds"):
        zygote.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.3)
    assert begun[0].returncode == -9


def test_a_process_that_is_quick_enough_is_as_without_a_limit(monkeypatch):
    monkeypatch.setattr(zygote, "Popen", functools.partial(subprocess.Popen, text=True))
    for timeout in (None, 60):
        done = zygote.run([sys.executable, "-c", "print(5)"], timeout=timeout)
        assert (done.stdout, done.returncode) == ("5\n", 0)


@pytest.mark.parametrize("sent", [b"", b'{"words": ['])
def test_who_dies_before_it_has_asked_is_left_alone(sent):
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    end, place = os.pipe()
    if sent:
        socket.send_fds(ours, [sent], [place])
    os.close(place)
    ours.close()
    with theirs, pytest.raises(ConnectionError):
        zygote._asked(theirs)
    assert os.read(end, 1) == b""  # what was sent along is closed
    os.close(end)
