"""A linear-chain CRF on hand-made features, fitted by python-crfsuite and run as a Keras model."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines import installing
from pipelines.errors import NotInstalled
from pipelines.models import Tensor
from pipelines.models.tagger import Chain

# L1 and L2, as in the tutorial of sklearn-crfsuite.
PENALTIES = {"c1": 0.1, "c2": 0.1, "max_iterations": 100}


def fit(
    rows: Sequence[Sequence[Sequence[str]]], tags: Sequence[Sequence[str]], labels: Sequence[str]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Sentences of lists of features, and their tags -> (features, weights, transitions).

    By L-BFGS. weights: (F, K); transitions: (K, K). Features without a weight are left out. Raises
    PipelineError if python-crfsuite is not installed.
    """
    info = _trained(rows, tags)
    names = sorted({name for name, _ in info.state_features})
    weights = _table(info.state_features, names, labels)
    return names, weights, _table(info.transitions, labels, labels)


def _trained(rows: Sequence[Sequence[Sequence[str]]], tags: Sequence[Sequence[str]]) -> Any:
    """What python-crfsuite says of the model that it made of sentences."""
    try:
        import pycrfsuite
    except ImportError as error:
        raise NotInstalled(
            f"linear_crf needs the package python-crfsuite: {installing.line('crf')}."
        ) from error
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({**PENALTIES, "feature.possible_transitions": True})
    for row, own in zip(rows, tags, strict=True):
        trainer.append(row, own)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model")
        trainer.train(file)
        tagger = pycrfsuite.Tagger()
        tagger.open(file)
        info = tagger.info()
        tagger.close()
    return info


def _table(
    values: Mapping[tuple[str, str], float], rows: Sequence[str], columns: Sequence[str]
) -> np.ndarray:
    """{(row, column): number} -> float32 (len(rows), len(columns)), 0 for what is not there."""
    row_of = {name: i for i, name in enumerate(rows)}
    column_of = {name: i for i, name in enumerate(columns)}
    table = np.zeros((len(rows), len(columns)), np.float32)
    for (row, column), value in values.items():
        table[row_of[row], column_of[column]] = value
    return table


def outputs(clues: Tensor, shape: tuple[int, int]) -> dict[str, Tensor]:
    """Ids of features (B, T, F), shape (N, K) of their weights -> what `tagger.head` gives.

    A word's emissions are the sum of its features' weights; there are no scores of the first and
    the last tag.
    """
    table = layers.Embedding(*shape, dtype="float32", name="weights")
    emissions = ops.sum(table(clues), 2)
    is_word = ops.not_equal(clues[..., 0], 0)
    return {
        "emissions": emissions,
        "mask": ops.cast(is_word, "float32"),
        "scores": Chain(name="scores")(emissions),
    }


def assign(net: keras.Model, weights: np.ndarray, transitions: np.ndarray) -> None:
    """Gives a model of `outputs` its weights (N, K) and transitions (K, K)."""
    net.get_layer("weights").set_weights([weights])
    net.get_layer("scores").set_weights([np.pad(transitions, [[0, 2], [0, 0]])])
