"""The parts of the contract: plain data that a method hands to the engine, and what it is
handed."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from pipelines import config as shared

SERVE = "serving_default"  # the program of a file that has one only; TensorFlow's usual name
IN_FLOAT = "decode_in_float"  # name scope of ops that no file quantises
NOTHING: Mapping = MappingProxyType({})
Arrays = Mapping[str, Any]  # {name: array or tensor}; the first axis is the batch
Answer = Callable[..., Arrays]  # (inputs, program=SERVE) -> outputs of one model or file


@dataclass(frozen=True)
class Score:
    """One number that a task is judged by.

    better: "higher", or "lower" as for a perplexity. tolerance: what an exported file may lose by
    default; if `relative`, as a share of the Keras model's value. counted: a share of independent
    examples; only such a score has a 95 % bound for each class.
    """

    name: str
    better: str = "higher"
    tolerance: float = 0.01
    relative: bool = False
    counted: bool = False

    def __post_init__(self):
        if self.better not in ("higher", "lower"):
            raise ValueError(f"better must be higher or lower; got {self.better!r}.")

    @property
    def sign(self) -> int:
        """+1 if more is better, -1 if less is."""
        return 1 if self.better == "higher" else -1

    def limit(self, max_drop: float | None) -> float:
        """How much worse a file may be: `max_drop`, or the tolerance if there is none."""
        return self.tolerance if max_drop is None else max_drop

    def worsening(self, before: float, after: float) -> float:
        """How much worse `after` is than `before`: below 0 if it is better; a share if relative."""
        loss = self.sign * (before - after)
        return loss / abs(before) if self.relative and before else loss

    def reaches(self, value: float, limit: float) -> bool:
        """Whether `value` is at least as good as `limit`; a value that is no number is not."""
        return self.sign * value >= self.sign * limit


@dataclass(frozen=True)
class Feature:
    """One column of the examples.

    kind: picture, mask, text, tokens, label, labels, tags, boxes, number, key, vector or answers.
    names: of its ids, if they are known without the data. optional: whether data may lack it, as
    it has something else to be learned.
    """

    kind: str
    names: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Program:
    """A named signature of every exported file.

    call: {name: tensor (1, ...)} -> {name: tensor}; traced by TensorFlow, made of what LiteRT has.
    inputs: {name: array (N, ...)}, examples of what goes in. They give shape and dtype of the
        signature and set the ranges of int8.
    free: {input name: axes} that stay free in the file (its batch is 1).
    file: name of a file of its own, float32, in place of a signature in every file; for a client
        that wants other outputs.
    metadata: more arguments of `tflite_file.attach_metadata` for such a file.
    """

    call: Callable
    inputs: Mapping
    free: Mapping = field(default_factory=dict)
    file: str = ""
    metadata: Mapping = field(default_factory=dict)


class Part(Protocol):
    """Examples, or episodes, that a model is judged on or calibrated with, in a fixed order."""

    @property
    def names(self) -> list[str]: ...

    def __len__(self) -> int: ...

    def batches(self, batch_size: int | None = None) -> Iterable:
        """(inputs, targets) of one pass."""

    def sample(self, count: int) -> tuple[Arrays, Any]:
        """Up to `count` examples spread evenly: (inputs, targets), NumPy."""


@typing.runtime_checkable
class Source(Protocol):
    """What a run learns from and is judged on: a data set, an environment, a pair of pictures."""

    def fingerprint(self) -> str:
        """SHA-256 of all that the training sees."""

    def audit(self, method: Any, config: shared.Config) -> list:
        """Problems, found before any training; see `formats.examples.Problem`."""

    def train(self, first_step: int, net: Any) -> Iterable:
        """Batches (inputs, targets) from step `first_step` on, without end; they may depend on
        `net`."""

    def parts(self) -> Mapping[str, int]:
        """{train, validation, test: examples or episodes}, those that there are."""

    def held_out(self, name: str) -> Part:
        """The part of that name."""


@dataclass(frozen=True)
class Phase:
    """One stage of a training, with epochs, schedule, early stopping and best epoch of its own.

    config: the run's settings as they hold in this phase; `epochs` is the phase's. The engine takes
        epochs, monitor, patience, keep and the learning rate that it notes down from it; batches
        and steps are the run's.
    begin: compiled model -> None, or a line to print. Called once before the phase, it sets what is
        trainable and compiles the model, maybe with another loss, so that nothing of an earlier
        phase is needed but the weights. None leaves the model as it is.
    cut: model -> (fixed, rest), after `begin`, if a part of the model does not change in this
        phase: two models that share its layers, `rest` compiled and with an input `features`, so
        that rest(fixed(inputs)) is what the model gives. The engine computes `fixed` once for each
        example, without augmentation, and trains `rest` on what it gave.
    solve: (net, source) -> None, or a line to print, if the weights are found at once.
    steps: (net, source, first_step) -> an iterator that does one step of the training each time it
        is asked, from `first_step` on, and yields its numbers, such as {"loss": 0.3}. All that must
        survive a kill lies in variables of `net`, or in what `memory` names.
    memory: () -> what a checkpoint keeps besides the variables of the net, after `begin`: a list of
        variables, or of whatever else has `shape`, `value` and `assign`, such as a replay memory.
    """

    name: str
    config: shared.Config
    begin: Callable | None = None
    cut: Callable | None = None
    solve: Callable | None = None
    steps: Callable[[Any, Source, int], Iterator[Mapping[str, float]]] | None = None
    memory: Callable[[], list] | None = None
