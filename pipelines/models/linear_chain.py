"""A linear-chain CRF on hand-made features, fitted by python-crfsuite and run as a Keras model: the baseline."""

import tempfile
from pathlib import Path

import numpy as np
from keras import layers, ops

from pipelines.errors import PipelineError
from pipelines.models.tagger import Chain

PENALTIES = {
    "c1": 0.1,
    "c2": 0.1,
    "max_iterations": 100,
}  # L1, L2, as in the tutorial of sklearn-crfsuite


def fit(rows, tags, labels):
    """Sentences of lists of features and their tags -> (features, weights (F, K), transitions (K,
    K)), by L-BFGS.

    Features without a weight are left out. Raises PipelineError where python-crfsuite is not
    installed.
    """
    try:
        import pycrfsuite
    except ImportError as error:
        advice = "pip install 'keras-task-pipelines[crf]' brings it."
        raise PipelineError(f"linear_crf needs the package python-crfsuite. {advice}") from error
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({**PENALTIES, "feature.possible_transitions": True})
    for row, own in zip(rows, tags, strict=True):
        trainer.append(row, own)
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(str(Path(folder) / "model"))
        tagger = pycrfsuite.Tagger()
        tagger.open(str(Path(folder) / "model"))
        info = tagger.info()
        tagger.close()
    places = {label: i for i, label in enumerate(labels)}
    names = sorted({name for name, _ in info.state_features})
    rows = {name: i for i, name in enumerate(names)}
    weights, transitions = (
        np.zeros((len(names), len(labels)), np.float32),
        np.zeros((len(labels),) * 2, np.float32),
    )
    for (name, tag), weight in info.state_features.items():
        weights[rows[name], places[tag]] = weight
    for (before, after), weight in info.transitions.items():
        transitions[places[before], places[after]] = weight
    return names, weights, transitions


def outputs(clues, shape):
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


def assign(net, weights, transitions):
    """Gives a model of `outputs` its weights (N, K) and transitions (K, K)."""
    net.get_layer("weights").set_weights([weights])
    net.get_layer("scores").set_weights([np.pad(transitions, [[0, 2], [0, 0]])])
