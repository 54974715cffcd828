"""What a person sees while something runs: on a terminal, in a log, in a notebook."""

import io
import os
import pty
import select
import sys

import pytest

from pipelines import progress
from pipelines.progress import Progress


@pytest.fixture
def hurried(monkeypatch):
    """Times of a hundredth."""
    for name in ("REDRAW", "PATIENCE", "EVERY", "CLOCK"):
        monkeypatch.setattr(progress, name, getattr(progress, name) / 100)


@pytest.fixture
def terminal(monkeypatch):
    """A function that ends what is written to a terminal -> all of it."""
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    stream = os.fdopen(theirs, "w", encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", stream)

    def written():
        said = b""
        while select.select([ours], [], [], 0)[0]:
            said += os.read(ours, 65536)
        return said.decode()

    yield written
    stream.close()
    os.close(ours)


def test_a_terminal_has_one_line_that_goes_away(terminal):
    with Progress("proving 2 of 5", 4, "examples") as shown:
        shown.update()
        shown.say("time model.tflite")
    lines = terminal().split("\r\x1b[K")
    bar = "─" * 20
    assert lines[:2] == ["", f"proving 2 of 5  {bar} 0 of 4 examples"]
    assert lines[2] == f"time model.tflite  {'━' * 5}{'─' * 15} 1 of 4 examples"
    assert lines[-1] == ""


def test_an_inner_one_hides_the_outer_one(terminal, hurried):
    with Progress("export") as outer, Progress("read the data") as inner:
        outer.say("export on")
        inner.say("read on")
    lines = terminal().split("\r\x1b[K")
    assert lines[1] == "export"
    assert "export on" not in lines
    assert {"read the data", "read on"} <= set(lines)


def test_a_log_hears_of_what_lasts_in_whole_lines(monkeypatch, hurried):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with Progress("soon over"):
        pass
    assert log.getvalue() == ""
    with Progress("calibrate", 200) as shown:
        shown.update(80)
        shown._over.wait(3 * progress.EVERY)
    assert "\r" not in log.getvalue()
    assert log.getvalue().splitlines()[0].startswith("calibrate  80 of 200")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min"), (125, "2 min 5 s"), (12_000, "3 h 20 min"), (7200, "2 h")],
)
def test_times_as_people_say_them(seconds, text):
    assert progress.duration(seconds) == text
