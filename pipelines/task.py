"""The contract between a method and the engine: plain data if it can be, a hook with a default if not."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from pipelines import config as shared
from pipelines.errors import PipelineError, nearest

if typing.TYPE_CHECKING:
    from pipelines.formats.examples import Data, Examples

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

    kind: picture, mask, text, tokens, label, labels, tags, boxes, number, key or vector. names: of
    its ids, if they are known without the data.
    """

    kind: str
    names: tuple[str, ...] = ()


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

    def audit(self, method: Method, config: shared.Config) -> list:
        """Problems, found before any training; see `formats.examples.Problem`."""

    def train(self, first_step: int, net: Any) -> Iterable:
        """Batches (inputs, targets) from step `first_step` on, without end; they may depend on `net`."""

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
        survive a kill lies in variables of `net`.
    """

    name: str
    config: shared.Config
    begin: Callable | None = None
    cut: Callable | None = None
    solve: Callable | None = None
    steps: Callable[[Any, Source, int], Iterator[Mapping[str, float]]] | None = None


class Task:
    """A problem: its data, its scores, and how an answer is judged and drawn.

    A task is a class in `tasks/NAME/__init__.py`, whose docstring begins with what it does, in a
    sentence. A name that is not in the contract is refused as the class is made.
    """

    data: ClassVar[str] = ""  # the data set that is taken by default
    features: ClassVar[Mapping[str, Feature]] = NOTHING  # columns that an example has
    target: ClassVar[str] = ""  # the feature whose names are the labels; "" takes the data's first
    unlabelled: ClassVar[bool] = False  # whether examples without a label are of use
    scores: ClassVar[tuple[Score, ...]] = ()  # the first one judges exported files

    def default(self, read: Data, settings: Mapping) -> tuple[str, str]:
        """(method, why) that is taken for this data if none is named; "" is the first of the task."""
        return "", ""

    def floor(self, part: Part, config: Any) -> float | None:
        """What chance, or a constant answer, reaches in the first score on `part`; None if unknown."""
        return None

    def metrics(self, config: Any) -> list:
        """Keras metrics with `update_state(targets, decoded)`."""
        return []

    def evaluate(self, answer: Answer, part: Part, config: Any) -> dict | None:
        """Results of `answer` on `part`, if batches and `metrics` are not how it is judged."""
        return None

    def truth(self, targets: Any, config: Any) -> Arrays | None:
        """Targets of one example -> the decoded answer that is right, for `draw`; None if none is."""
        return None

    def difference(self, wanted: Arrays, got: Arrays, config: Any) -> float:
        """How far one decoded batch lies from another; 0 if they are the same."""
        from pipelines.ops import gaps

        return max(gaps.gap(values, got[name]) for name, values in wanted.items())

    def draw(self, inputs: Arrays, decoded: Arrays, config: Any, targets: Any = None) -> Any:
        """One example -> a picture, uint8 (H, W, 3), or text, whose spans `MarkedText` marks."""
        raise NotImplementedError


class Method(Task):
    """One way to solve a task: a class in a file of its own, `tasks/TASK/NAME.py`.

    What a method does not define is its task's, and else the default here.
    """

    Config: ClassVar[type] = shared.Config
    paper: ClassVar[str] = ""  # where it comes from, such as "Ronneberger et al. 2015"
    page: ClassVar[str] = ""  # of docs/, with its results
    formats: ClassVar[tuple[str, ...] | None] = None  # files made if none is named; None is all
    fitted: ClassVar[str] = ""  # module of edge/ that runs a model of arrays; "" for a net
    decode_in_float: ClassVar[bool] = False  # whether `decode` stays in float32 in int8 files

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        known = {name for name in dir(Method) if not name.startswith("_")}
        for name in vars(cls):
            if not name.startswith("_") and name not in known:
                raise PipelineError(
                    f"{cls.__module__}: {cls.__name__} has {name!r}, which is not in the contract of"
                    f" a method. {nearest(name, known)} Begin names of your own with _."
                )

    def __init__(self, task: str = "", name: str = "") -> None:
        package, _, file = type(self).__module__.rpartition(".")
        self._task, self._name = task or package.rpartition(".")[2], name or file

    @property
    def name(self) -> str:
        """What it is called: the name of its file, or of its entry point."""
        return self._name

    @property
    def task(self) -> str:
        """The name of its task."""
        return self._task

    # Before training.

    def source(self, data: Any, config: Any) -> Source | None:
        """What is learned from, if that is no data set. data: what the user named, or None."""
        return None

    def adapt(self, data: Data, config: Any) -> Data:
        """The data as the method learns it, with a Problem for what does not fit.

        Adapting twice changes nothing.
        """
        return data

    def resolve(self, config: Any, audit: Any) -> Any:
        """`config` with what follows from the audited data, such as the size of pictures."""
        return config

    def learn(self, examples: Examples, config: Any) -> Mapping:
        """{name: list of str, or array} that is learned besides the weights, such as a vocabulary."""
        return NOTHING

    def check(self, examples: Examples, config: Any) -> None:
        """Raises PipelineError if the model cannot take these examples."""

    def strata(self, examples: Examples, config: Any) -> list | None:
        """Lists of row indices, one per group; each batch takes the same number from every group."""
        return None

    def references(self, config: Any, source: Source) -> Mapping[str, Any]:
        """{name: config} of baseline runs on the same data, reported next to the result."""
        return NOTHING

    # Examples.

    def expand(self, examples: Examples, config: Any) -> Examples:
        """Examples as the model takes them: it may make several out of one, as tiles of a picture."""
        return examples

    def parse(self, example: Arrays, config: Any) -> tuple[Arrays, Any]:
        """One raw example -> (inputs, targets) of static shape, in plain TensorFlow."""
        raise NotImplementedError

    def augment(
        self, inputs: Arrays, targets: Any, seed: Any, progress: Any, config: Any
    ) -> tuple[Arrays, Any]:
        """A batch, changed at random.

        seed: int (2,), the only source of chance. progress: share of the run done, in [0, 1). An
        axis that the model leaves free (`None`) may be cut shorter.
        """
        return inputs, targets

    # The model.

    def model(self, config: Any) -> Any:
        """A compiled functional `keras.Model`, inputs named; or a `models.fitted.Fitted`."""
        raise NotImplementedError

    def phases(self, config: Any) -> list[Phase]:
        """The stages of a training, in order; their epochs add up to `config.epochs`."""
        return [Phase("train", config)]

    def calibrate(self, model: Any, answers: Iterable, config: Any) -> Mapping[str, float]:
        """Changes a trained net so that it says how sure it may be -> what to note down, numbers.

        answers: (raw outputs, targets) of each batch of the validation split, NumPy; nothing is
        computed if they are not asked for. The run keeps the weights as this leaves them.
        """
        return NOTHING

    def decode(self, outputs: Any, config: Any) -> Arrays:
        """Raw outputs -> {name: tensor}, what a person wants; part of every exported file."""
        return outputs

    # Exported files.

    def programs(self, model: Any, config: Any, inputs: Arrays) -> Mapping[str, Program]:
        """{name: Program} of the files. inputs: a batch as `parse` gives it."""

        import keras

        scope = IN_FLOAT if self.decode_in_float else "decode"

        def serve(values: Arrays) -> Arrays:
            outputs = model(values, training=False)
            with keras.name_scope(scope):
                return self.decode(outputs, config)

        return {SERVE: Program(serve, inputs)}

    def answer(self, run: Answer, inputs: Arrays, config: Any) -> Arrays:
        """A batch -> decoded outputs by the programs of one file, as `metrics` take them."""
        return run(inputs)

    def device(self, config: Any) -> Mapping[str, Any]:
        """What the half on the device has to know, plain values: manifest["config"]."""
        return NOTHING

    def unsupported(self, config: Any) -> Mapping[str, str]:
        """{kind of file: reason} of the files that this model cannot have."""
        return NOTHING


def contract() -> dict[str, str]:
    """{name: first line of what it is} of all that a task or method may define."""
    found = {}
    for owner in (Task, Method):
        for name, value in vars(owner).items():
            if not name.startswith("_"):
                text = (
                    inspect.getdoc(value) if callable(value) or isinstance(value, property) else ""
                )
                found[name] = (text or "").partition("\n")[0]
    return found
