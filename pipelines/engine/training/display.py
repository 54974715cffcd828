"""What a person sees of a training: a line while an epoch goes on, and one that stays of each."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from pipelines.engine.parallel import processes
from pipelines.progress import Progress, duration

TIMED = 3  # steps by which the time is guessed, after the first one, which compiles the net
ENOUGH = 3.0  # seconds of them after which fewer will do
FORWARD = 1 / 3  # of the time of a step, which goes forward, backward and changes the weights


class Display:
    """One phase, from the epoch `first` to `last`, both from 0 on.

    steps: of an epoch. validation: batches of a pass. name: of the phase; "" if it is the only one.
    """

    def __init__(self, first: int, last: int, steps: int, validation: int, name: str = ""):
        self._last, self._steps, self._validation = last, steps, validation
        self._name, self._length = name, last - first + 1
        self._progress: Progress | None = None
        self._compiled, self._timed, self._guessed = 0.0, 0, False
        self._begun, self._epoch_seconds = 0.0, 0.0

    def begin(self, epoch: int, within: int = 0) -> None:
        """An epoch begins, or goes on after its first steps."""
        self.close()
        self._epoch, self._within = epoch, within
        self._begun = time.monotonic()
        text = f"epoch {epoch + 1}/{self._last + 1}"
        shown = processes.first()
        self._progress = Progress(text, self._steps, "steps", shown=shown).__enter__()
        self._progress.done = within
        if not self._compiled:
            self._progress.say(text, "the first one takes longer")

    def step(self, logs: Mapping[str, float]) -> None:
        """One step is done."""
        now = time.monotonic()
        if self._compiled:
            self._timed += 1
        else:
            self._compiled = now
        progress = self._progress
        progress.update()
        left = self._left(progress.done, now)
        note = f"loss {logs.get('loss', math.nan):.4g}"
        progress.say(progress.text, f"{note}  {left} left" if left else note)
        enough = self._timed >= TIMED or (self._timed and now - self._compiled > ENOUGH)
        if enough and not self._guessed:
            self._guessed = True
            self._guess()

    def validating(self) -> None:
        """The steps of the epoch are done."""
        self._progress.say(f"{self._progress.text}, validating")

    def end(self, numbers: Mapping[str, float], note: str = "") -> None:
        """The epoch is over. numbers: to be shown; note: what else there is to say."""
        seconds = time.monotonic() - self._begun
        if not self._within:
            began = max(self._begun, self._compiled)  # compiling comes once
            self._epoch_seconds = time.monotonic() - began
        self.close()
        if processes.first():
            count = str(self._last + 1)
            head = f"epoch {str(self._epoch + 1).rjust(len(count))}/{count}"
            shown = [f"{name} {value:.4f}" for name, value in numbers.items()]
            took = f"{seconds:.1f} s" if seconds < 10 else duration(seconds)
            print("  ".join(part for part in (head, *shown, took, note) if part), flush=True)

    def aside(self, text: str) -> None:
        """A line that stays."""
        self._progress.aside(text)

    def close(self) -> None:
        """Nothing is shown any more, such as after an error."""
        if self._progress:
            self._progress.__exit__()
            self._progress = None

    def _left(self, done: int, now: float) -> str:
        """The time that is left of the phase, as text; "" if that is unknown."""
        if self._timed < TIMED:
            return ""
        epochs = self._last - self._epoch
        if self._epoch_seconds:
            rest = self._epoch_seconds * (1 - done / self._steps)
            return duration(rest + epochs * self._epoch_seconds)
        return duration(self._seconds(epochs * self._steps + self._steps - done, epochs + 1))

    def _seconds(self, steps: int, passes: int) -> float:
        """How long so many steps and passes over the validation examples take."""
        step = (time.monotonic() - self._compiled) / self._timed
        return step * (steps + FORWARD * self._validation * passes)

    def _guess(self) -> None:
        epochs = self._last + 1 - self._epoch
        seconds = self._seconds(epochs * self._steps - self._within, epochs)
        which = f" of phase {self._name}" if self._name else ""
        more = " more" if epochs < self._length else ""
        plural = "" if epochs == 1 else "s"
        text = f"  time        about {duration(seconds)} for {epochs}{more} epoch{plural}{which}"
        self._progress.aside(text)
