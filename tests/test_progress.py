"""What a person sees while something runs: on a terminal, in a log, in a notebook."""

import io
import os
import pty
import sys

import pytest

from pipelines import progress
from pipelines.progress import Progress


@pytest.fixture
def hurried(monkeypatch):
    """Times of a hundredth."""
    for name in ("REDRAW", "PATIENCE", "EVERY", "CLOCK"):
        monkeypatch.setattr(progress, name, getattr(progress, name) / 100)


def on_a_terminal(show, monkeypatch):
    """What a terminal gets while `show` runs."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream, monkeypatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stderr", stream)
        show()
        print("END", end="", file=stream, flush=True)
        said = b""
        while not said.endswith(b"END"):
            said += os.read(ours, 65536)
    os.close(ours)
    return said.decode().removesuffix("END").split("\r\x1b[K")


def test_a_terminal_has_one_line_that_goes_away(monkeypatch):
    def show():
        with Progress("proving 2 of 5", 4, "examples") as shown:
            shown.update()
            shown.say("timing model.tflite")

    lines = on_a_terminal(show, monkeypatch)
    assert lines[:2] == ["", f"proving 2 of 5  {'─' * 20} 0 of 4 examples"]
    assert f"timing model.tflite  {'━' * 5}{'─' * 15} 1 of 4 examples" in lines
    assert lines[-1] == ""


def test_an_inner_one_hides_the_outer_one(monkeypatch, hurried):
    def show():
        with Progress("exporting") as outer, Progress("reading the data") as inner:
            outer.say("exporting on")
            inner.say("reading on")

    lines = on_a_terminal(show, monkeypatch)
    assert lines[1] == "exporting"
    assert "exporting on" not in lines
    assert {"reading the data", "reading on"} <= set(lines)


def test_a_log_hears_of_what_lasts_in_whole_lines(monkeypatch, hurried):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with Progress("soon over", patience=60):
        pass
    assert log.getvalue() == ""
    with Progress("calibrate", 200) as shown:
        shown.update(80)
        shown._over.wait(3 * progress.EVERY)
    assert "\r" not in log.getvalue()
    assert log.getvalue().splitlines()[0].startswith("calibrate  80 of 200")


def test_a_log_hears_of_short_parts_of_what_lasts(monkeypatch, hurried):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with Progress("exporting"):
        for number in range(6):
            with Progress(f"part {number}") as shown:
                shown._over.wait(0.7 * progress.PATIENCE)
    assert log.getvalue().startswith("part ")


def test_a_notebook_gets_whole_lines_as_output(monkeypatch, hurried):
    class Stream(io.StringIO):
        pub_thread = None  # as ipykernel's streams have it

        def fileno(self):  # of the server's console, not of the notebook
            raise AssertionError("not asked for")

    red, output = Stream(), Stream()
    monkeypatch.setattr(sys, "stderr", red)
    monkeypatch.setattr(sys, "stdout", output)
    with Progress("calibrating", 200) as shown:
        shown.update(80)
        shown._over.wait(3 * progress.EVERY)
    assert red.getvalue() == ""
    assert output.getvalue().splitlines()[0].startswith("calibrating  80 of 200")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min"), (125, "2 min 5 s"), (12_000, "3 h 20 min"), (7200, "2 h")],
)
def test_times_as_people_say_them(seconds, text):
    assert progress.duration(seconds) == text
