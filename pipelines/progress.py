"""What is being done, and how far it is: a line on a terminal, now and then a line in a log."""

from __future__ import annotations

import contextlib
import contextvars
import io
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

REDRAW = 0.2  # seconds between two looks of a terminal's line
PATIENCE = 3.0  # seconds that a log hears nothing of what may be over soon
EVERY = 4.5  # seconds between a log's lines; nobody should wait for 5 without a word
CLOCK = 2.0  # seconds after which the time is shown, too
BAR = 20  # cells

# The innermost one that is shown: the ones around it wait.
_SHOWN: contextvars.ContextVar[Progress | None] = contextvars.ContextVar("progress", default=None)


class Progress:
    """Within it, a person sees that something goes on: `proving 2 of 5  ━━━━━━──── 60 of 187  3 s`.

    On a terminal one line that is written anew and goes away at the end. In a log, a pipe or a
    notebook whole lines without carriage returns, if it lasts. text: what is done; may change by
    `say`. total: how often `update` will be called, 0 if that is unknown; unit: of what. shown:
    False for nothing at all. patience: seconds that a log hears
    nothing.
    """

    def __init__(
        self,
        text: str,
        total: int = 0,
        unit: str = "",
        shown: bool = True,
        patience: float | None = None,
    ):
        self.text, self.total, self.unit = text, total, unit
        self.done, self._began, self._note = 0, time.monotonic(), ""
        self._place = _Place(sys.stderr or io.StringIO())
        self._shown, self._patience = shown, patience or PATIENCE
        self._over, self._paused = threading.Event(), threading.Event()
        self._lock, self._last = threading.Lock(), ""
        self._heard, self._due = (
            [self._began],
            self._patience,
        )  # last line's time; seconds to the next
        self._thread = threading.Thread(target=self._keep_showing, daemon=True)

    def __enter__(self) -> Progress:
        if self._shown:
            self._outer = _SHOWN.get()
            if self._outer:
                self._outer._pause()
                self._heard = self._outer._heard
            self._token = _SHOWN.set(self)
            if self._place.at_once:
                self._show()
            self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._shown:
            self._over.set()
            self._thread.join()
            self._clear()
            _SHOWN.reset(self._token)
            if self._outer:
                self._outer._paused.clear()
        self._place.close()

    def update(self, count: int = 1) -> None:
        """`count` more are done."""
        self.done += count

    def say(self, text: str, note: str = "") -> None:
        """Goes on with another text. note: what follows it, such as a loss."""
        changed = text != self.text
        self.text, self._note = text, note
        if changed and self._shown and self._place.rewrites:
            self._show()

    def aside(self, text: str) -> None:
        """A line that stays, on standard output."""
        self._clear()
        print(text, flush=True)

    def line(self) -> str:
        """What is shown now."""
        parts = [self.text, self._how_far(), self._note]
        seconds = time.monotonic() - self._began
        if seconds >= CLOCK:
            parts.append(duration(seconds))
        return "  ".join(part for part in parts if part)

    def _how_far(self) -> str:
        if not self.total:
            return ""
        count = f"{self.done:,} of {self.total:,} {self.unit}".rstrip()
        if not self._place.rewrites:
            return count
        full = min(BAR, BAR * self.done // self.total)
        return f"{self._place.full * full}{self._place.empty * (BAR - full)} {count}"

    def _keep_showing(self) -> None:
        """Shows the line again and again until it is over."""
        while not self._over.wait(self._rest()):
            self._show()

    def _rest(self) -> float:
        """Seconds until the line is shown again; a log's lines count from the last one, whose
        ever."""
        if self._place.rewrites:
            return REDRAW
        return max(REDRAW, self._heard[0] + self._due - time.monotonic())

    def _show(self) -> None:
        with self._lock:
            line = self.line()
            if line != self._last and not self._paused.is_set():
                self._place.write(line)
                self._last, self._heard[0], self._due = line, time.monotonic(), EVERY

    def _clear(self) -> None:
        with self._lock:
            if self._last and self._place.rewrites:
                self._place.write("")
            self._last = ""

    def _pause(self) -> None:
        self._paused.set()
        self._clear()


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Within it, nothing is shown here: another library shows its own."""
    outer = _SHOWN.get()
    if outer:
        outer._pause()
    yield
    if outer:
        outer._paused.clear()


def each(items: Iterable, text: str, total: int, unit: str = "", shown: bool = True) -> Iterator:
    """The same items, each of which moves a Progress."""
    with Progress(text, total, unit, shown=shown) as progress:
        for item in items:
            yield item
            progress.update()


def duration(seconds: float) -> str:
    """A time as people say it: 7 s, 2 min 5 s, 3 h 20 min."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min" if left else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{whole} s"


class _Place:
    """Where lines go: a terminal, a log, or a notebook, whose standard error would be red."""

    def __init__(self, stream: TextIO):
        in_notebook = hasattr(stream, "pub_thread")  # ipykernel's streams
        self.is_terminal = stream.isatty()
        # A dumb terminal cannot go back in a line.
        self.rewrites = self.is_terminal and os.environ.get("TERM", "dumb") != "dumb"
        self.at_once = self.is_terminal
        self._own, self._stream = None, sys.stdout if in_notebook else stream
        if in_notebook:  # whose streams lead elsewhere than the files that they name
            self.full, self.empty = "━", "─"
            return
        with contextlib.suppress(OSError, AttributeError):  # a stream that is no file
            # A copy: what is said while TensorFlow loads goes past `terminal.hushed`.
            self._own = os.fdopen(os.dup(self._stream.fileno()), "w", encoding=stream.encoding)
            self._stream = self._own
        is_plain = not (stream.encoding or "").lower().startswith("utf")
        self.full, self.empty = ("#", "-") if is_plain else ("━", "─")

    def write(self, line: str) -> None:
        if self.rewrites:
            # The last column stays free, so that no terminal begins a new line.
            line = line[: shutil.get_terminal_size().columns - 1]
            print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)
        elif line:
            print(line, file=self._stream, flush=True)

    def close(self) -> None:
        if self._own:
            self._own.close()
