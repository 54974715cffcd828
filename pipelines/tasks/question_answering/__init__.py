"""Question answering: the words of a passage that answer a question, or that there are none."""

import math
from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError
from pipelines.models import sources
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines.metrics import answers, squad
    from pipelines.models import span
    from pipelines.tasks.question_answering import _data, _drawn, _thresholds, _windows

STEP = 16  # places; batches are cut to multiples of it, as JAX compiles each length anew
POSITIONS = 512  # word pieces that BERT has places for
PIECES = 1.4  # word pieces of a word, roughly
ASKED = 20  # places for the question and what stands around it, roughly


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of every method."""

    max_length: int = setting(
        0,
        "word pieces of question and passage that go in at once; 0 follows the data, up to 256",
        "pieces",
        low=0,
        high=100_000,
    )
    overlap: float = setting(
        0.5, "share of a window of the passage that the next one has again", low=0.0, high=0.9
    )
    question_length: int = setting(
        64, "pieces of a question that are read", "pieces", low=1, high=100_000
    )
    answer_length: int = setting(30, "pieces of an answer at most", "pieces", low=1, high=1000)
    no_answer: str = setting(
        "auto",
        "whether the model may say that a passage has no answer; auto if the data has such"
        " questions",
        choices=("auto", "on", "off"),
    )
    monitor: str = setting(
        "val_f1", "what decides which epoch is kept: val_loss or val_ and a metric's name"
    )

    @property
    def has_none(self) -> bool:
        """Whether a score below 0 means that there is no answer."""
        return self.no_answer == "on"


class QuestionAnswering(Method):
    """What every method shares: passages in windows, spans, scores, drawing."""

    data = "villagers"
    features = {
        "context": Feature("text"),
        "question": Feature("text"),
        "answers": Feature("answers"),
    }
    scores = (Score("f1"), Score("exact_match"))
    page = "question_answering.md"

    def default(self, read, settings):
        """BERT if MiniLM is installed, else an ELECTRA from scratch."""
        if sources.MINILM.installed():
            return "bert", "MiniLM is installed"
        return "electra", f"MiniLM is not installed: {sources.MINILM.install}"

    def floor(self, part, config):
        """F1 of a constant answer: all of the window, or none if more questions have none."""
        columns = part.examples.columns
        first = np.unique(columns["question"], return_index=True)[1]
        whole, none = [], []
        for i in first:
            right = answers.right(columns["answers"][i])
            whole.append(squad.scores(answers.word(columns["text"][i]), right)[1])
            none.append(float(not right))
        return float(max(np.mean(whole), np.mean(none) if config.has_none else 0.0))

    def adapt(self, data, config):
        """Data with answers at their places; see `_data.adapt`."""
        return _data.adapt(data, config)

    def together(self, examples, config):
        """Questions about one article, or one passage if no article is named."""
        return _data.article(examples)

    def resolve(self, config, data):
        """How much goes in at once, and whether there are questions without an answer."""
        length = config.max_length
        if not length:
            places = data.longest["items"] * PIECES + ASKED
            length = min(_data.LONGEST, math.ceil(places / STEP) * STEP)
        if not STEP <= length <= POSITIONS:
            raise PipelineError(
                f"max_length must be from {STEP} to {POSITIONS} word pieces; got {length}."
            )
        none = config.no_answer
        if none == "auto":
            none = "on" if data.longest[_data.NONE] else "off"
        return config.replace(max_length=length, no_answer=none)

    def expand(self, examples, config):
        """Questions as the model takes them, one example a window of the passage."""
        return _windows.expand(examples, config, self.device(config))

    def parse(self, example, config):
        """One window, P pieces -> ({"pieces", "segments": (P,)}, targets), int32.

        Targets: {"start", "end": pieces of the answer, 0 if the window has none, "question": its
        number, "begins", "ends": (P,), the characters of each piece, "text": code points of the
        window, "answers": those of the right answers, a line each}.
        """
        size = config.max_length
        inputs = {"pieces": (size,), "segments": (size,)}
        targets = {"start": (), "end": (), "question": (), "begins": (size,), "ends": (size,)}
        long = {"text": (_windows.LETTERS * size,), "answers": (_windows.ANSWERS,)}
        return _shaped(example, inputs), _shaped(example, targets | long)

    def augment(self, inputs, targets, seed, progress, config):
        """Nothing is changed at random; the batch is cut to its longest row."""
        longest = tf.reduce_max(tf.reduce_sum(tf.cast(inputs["pieces"] != 0, tf.int32), 1))
        size = tf.shape(inputs["pieces"])[1]
        length = tf.minimum((longest + STEP - 1) // STEP * STEP, size)
        return {name: values[:, :length] for name, values in inputs.items()}, targets

    def decode(self, outputs, config):
        """Logits -> {"start", "end": int32 (B,), pieces, "score": (B,)}; see `models.span`."""
        return span.answer(outputs, config.answer_length)

    def calibrate(self, model, answers, config):
        """The threshold of no answer with the best F1, if questions may have none."""
        if not config.has_none:
            return {}
        return _thresholds.calibrate(self, model, answers, config)

    def metrics(self, config):
        """F1, the first one named, is what an exported file is judged by."""
        return [answers.Answers(config.has_none)]

    def draw(self, inputs, decoded, config, targets=None):
        """The question, and the passage with the answer marked."""
        return _drawn.passage(inputs, decoded, config, targets)

    def device(self, config):
        """How windows lie, and whether there may be no answer."""
        names = ("max_length", "overlap", "question_length")
        own = {name: getattr(config, name) for name in names}
        return {**own, "no_answer": config.has_none}

    def unsupported(self, config):
        """No model has an int8 file, as with `text_classification/bert`."""
        return {"int8": "LiteRT refuses BERT's arithmetic in int8 (XNNPACK)"}


def _shaped(example, shapes):
    """{name: int32 tensor of a static shape} of an example."""
    return {
        name: tf.ensure_shape(tf.cast(example[name], tf.int32), shape)
        for name, shape in shapes.items()
    }
