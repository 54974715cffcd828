"""A small ELECTRA from scratch: first it learns which pieces of text were replaced, then to answer."""

import itertools
from dataclasses import dataclass

from etils import epy

from pipelines import config as shared
from pipelines.config import setting
from pipelines.task import Phase
from pipelines.tasks.question_answering import _reader

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines import optimization
    from pipelines.families import word_pieces
    from pipelines.models import replaced


@dataclass(frozen=True, kw_only=True)
class _Config(_reader.Config, shared.Config):
    """The shared settings, and those of the net and its pretraining."""

    epochs: int = setting(
        40, "passes over the training split, pretraining among them", "epochs", low=1
    )
    batch_size: int = setting(16, "windows per step", "windows", low=1)
    learning_rate: float = setting(1e-3, "peak learning rate", low=0.0, high=10.0)
    warmup_epochs: float = setting(1.0, "linear warm-up from 0", "epochs", low=0.0)
    pretraining: float = setting(
        0.2, "share of the epochs in which replaced pieces are found; 0 leaves it out",
        low=0.0, high=0.9,
    )  # fmt: skip
    width: int = setting(64, "size of the features of a piece", "features", low=8, high=4096)
    depth: int = setting(3, "blocks of the net", "blocks", low=1, high=64)
    vocabulary: int = setting(8000, "most word pieces that are learned", "pieces", low=64,
                              high=200_000)  # fmt: skip


class Electra(_reader.Reader):
    """An ELECTRA whose word pieces are learned from the training split."""

    Config = _Config
    paper = "Clark et al. 2020"

    def learn(self, examples, config):
        """The word pieces of passages and questions of training."""
        texts = [*dict.fromkeys(examples.columns["context"]), *examples.columns["question"]]
        return {"pieces": word_pieces.learned(texts, config.vocabulary)}

    def phases(self, config):
        """Replaced pieces, and then answers."""
        before = min(config.epochs - 1, round(config.pretraining * config.epochs))
        rest = config.replace(epochs=config.epochs - before)
        answers = Phase("answers", rest, lambda model: optimization.compile(model, rest))
        return [_pretraining(config, before), answers] if before else [answers]

    def _backbone(self, config):
        size = len(config.learned["pieces"])
        return replaced.backbone(
            size, config.width, config.depth, config.max_length, config.dropout
        )


def _pretraining(config, epochs):
    """The phase of replaced pieces. It is judged by nothing, and its last weights are kept."""
    own = config.replace(epochs=epochs, monitor="", keep="last", patience=0)
    made = []

    def begin(model):
        made[:] = [replaced.pretrainer(model.get_layer("electra"), config.seed)]
        optimization.compile(made[0], own)
        made[0].optimizer.build(made[0].trainable_variables)

    def steps(net, source, first_step):
        batches = source.train(first_step, net).as_numpy_iterator()
        for step in itertools.count(first_step):
            inputs, _ = next(batches)
            made[0].reset_metrics()
            yield made[0].train_on_batch(_masked(inputs, (config.seed, step)), return_dict=True)

    def memory():
        return [*made[0].variables, *made[0].optimizer.variables]

    return Phase("replaced pieces", own, begin, steps=steps, memory=memory)


def _masked(inputs, seed):
    """Inputs with "masked": a share of the pieces of words as another id, the mask's."""
    pieces = inputs["pieces"]
    is_word = pieces >= word_pieces.FIRST
    chance = np.random.default_rng(seed).random(pieces.shape)
    mask = word_pieces.SPECIAL.index(word_pieces.MASK)
    masked = np.where(is_word & (chance < replaced.SHARE), mask, pieces)
    return {**inputs, "masked": masked.astype(np.int32)}
