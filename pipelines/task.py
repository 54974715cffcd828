"""The contract between a method and the engine: plain data if it can be, a hook with a default if
not."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pipelines import config as shared
from pipelines.errors import PipelineError, nearest
from pipelines.parts import (
    IN_FLOAT,
    NOTHING,
    SERVE,
    Answer,
    Arrays,
    Feature,
    Part,
    Phase,
    Program,
    Score,
    Source,
)

if typing.TYPE_CHECKING:
    from pipelines.formats.examples import Data, Examples

__all__ = [
    "Answer",
    "Arrays",
    "Feature",
    "IN_FLOAT",
    "Method",
    "NOTHING",
    "Part",
    "Phase",
    "Program",
    "SERVE",
    "Score",
    "Source",
    "Task",
    "contract",
]


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
        """(method, why) that is taken for this data if none is named; "" is the first of the
        task."""
        return "", ""

    def floor(self, part: Part, config: Any) -> float | None:
        """What chance, or a constant answer, reaches in the first score on `part`; None if
        unknown."""
        return None

    def learns(self, config: Any) -> str:
        """What is learned, in a few words, as a run says when it begins; "" says nothing."""
        return ""

    def metrics(self, config: Any) -> list:
        """Keras metrics with `update_state(targets, decoded)`."""
        return []

    def evaluate(self, answer: Answer, part: Part, config: Any) -> dict | None:
        """Results of `answer` on `part`, if batches and `metrics` are not how it is judged."""
        return None

    def explain(self, answer: Answer, part: Part, config: Any) -> Mapping[str, Any]:
        """What answers depend on: {"importance": {name: number}, "curves", "texts": {title: text}},
        and further scores, {name: number}.

        answer: of all programs, as `answer` below takes them; `answer.raw(inputs)` of a net are its
        raw outputs.
        """
        return NOTHING

    def doubts(self, result: Mapping[str, Any], config: Any) -> Sequence[str]:
        """What speaks against a model besides its score, going by its results: sentences."""
        return ()

    def truth(self, targets: Any, config: Any) -> Arrays | None:
        """Targets of one example -> the decoded answer that is right, for `draw`; None if none
        is."""
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
    files: ClassVar[tuple[str, ...] | None] = None  # made if none is named; None: all; (): none
    fitted: ClassVar[str] = ""  # module of edge/ that runs a model of arrays; "" for a net
    decode_in_float: ClassVar[bool] = False  # whether `decode` stays in float32 in int8 files

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        known = {name for name in dir(Method) if not name.startswith("_")}
        for name in vars(cls):
            if not name.startswith("_") and name not in known:
                raise PipelineError(
                    f"{cls.__module__}: {cls.__name__} has {name!r}, which is not in the contract"
                    f" of a method. {nearest(name, known)} Begin names of your own with _."
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

    def for_target(self, config: Any) -> Method:
        """The method with the `scores` of what this config learns, such as numbers, not classes."""
        return self

    def learn(self, examples: Any, config: Any) -> Mapping:
        """{name: list of str, or array} that is learned besides the weights, such as a vocabulary.

        examples: of training; or the whole Source, if that is no data set.
        """
        return NOTHING

    def check(self, examples: Examples, config: Any) -> None:
        """Raises PipelineError if the model cannot take these examples."""

    def together(self, examples: Examples, config: Any) -> Sequence[str]:
        """A key of each example: in a cross-validation those with the same key are in one split.

        Raises PipelineError if the settings part examples in another way.
        """
        return examples.names

    def strata(self, examples: Examples, config: Any) -> list | None:
        """Lists of row indices, one per group; each batch takes the same number from every
        group."""
        return None

    def sizes(self, examples: Examples, config: Any) -> Any:
        """A number of each example, by which a batch holds those of like size; None mixes all."""
        return None

    def drawn(self, examples: Examples, config: Any) -> Callable[[Any], Any] | None:
        """step, int64 -> rows of its batch, int64 (B,), in TensorFlow; None, the default, shuffles.

        What comes must follow from the seed and the step alone, so that a resumed run is exact.
        """
        return None

    def continues(self, config: Any) -> bool:
        """Whether row r of a batch goes on after row r of the one before: nothing is shuffled."""
        return False

    def begin(self, inputs: Arrays, is_first: Any, config: Any) -> Arrays:
        """Inputs of a batch that continues, with a mark of the rows that begin anew.

        is_first: bool (B,), rows that do not go on after the batch before.
        """
        return inputs

    def references(self, config: Any, source: Source) -> Mapping[str, Any]:
        """{name: config} of baseline runs on the same data, reported next to the result."""
        return NOTHING

    # Examples.

    def expand(self, examples: Examples, config: Any) -> Examples:
        """Examples as the model takes them: it may make several out of one, as tiles of a
        picture."""
        return examples

    def parts(self, part: Part, config: Any) -> tuple[Any, Any] | None:
        """(number of the example, share of its answer) of each row that `expand` made, or None.

        int (N,) and float (N,). The answers to the parts of an example are averaged by their shares
        before they are judged. None: each row is an example.
        """
        return None

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
        computed if they are not asked for. Of examples in `parts` they are what `raw` makes of the
        averaged answers. The run keeps the weights as this leaves them.
        """
        return NOTHING

    def sketch(self, answer: Answer, part: Part, config: Any) -> Any:
        """What a net makes after an epoch, a picture, uint8 (H, W, 3); None draws nothing."""
        return None

    def decode(self, outputs: Any, config: Any) -> Arrays:
        """Raw outputs -> {name: tensor}, what a person wants; part of every exported file."""
        return outputs

    def raw(self, decoded: Arrays, config: Any) -> Any:
        """Decoded answers, NumPy -> raw outputs that `decode` to them, for `calibrate` with
        `parts`."""
        return decoded

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

    def attachments(self, model: Any, config: Any) -> Mapping[str, Callable[[Path], None]]:
        """{file name: what writes it} of files for other programs that a bundle has as well."""
        return NOTHING

    def on_tpu(self, config: Any) -> str:
        """What of a training by steps of its own runs on a TPU, for `preflight`; "" if unknown."""
        return ""

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
