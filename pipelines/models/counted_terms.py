"""A linear model of counted terms: weights found by scikit-learn, run as a Keras layer."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import LinearSVC

from pipelines.edge import words
from pipelines.errors import PipelineError
from pipelines.models import REGISTERED, Tensor, heads

SMOOTHING = 1.0  # added to each count (Laplace)
# How often a term is there says how much it counts in a text, as each head was published.
VALUES = {
    "naive_bayes": "counts",
    "nb_logistic": "presence",
    "logistic_regression": "tfidf",
    "svm": "tfidf",
}
GRID = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # of C
PLAIN = 1.0  # C, if there is no validation split to choose by
ABSENT = 20.0  # how far below others the logit of a class without examples is
Split = tuple[np.ndarray, np.ndarray, np.ndarray]  # ids, counts, labels
Found = tuple[np.ndarray, np.ndarray]  # kernel (terms, C), bias (C,)


@keras.saving.register_keras_serializable(REGISTERED)
class CountedTerms(keras.layers.Layer):
    """ids and counts of a text's terms, int (B, T), 0 behind the last -> logits (B, C).

    The sum over terms of their value and their weights. values: "counts"; "presence", 1 each; or
    "tfidf", (1 + ln count) idf, divided by the length of the text's vector.
    """

    def __init__(self, terms: int, classes: int, values: str, **kwargs: Any):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.terms, self.classes, self.values = terms, classes, values

    def build(self, terms_shape: tuple, counts_shape: tuple) -> None:
        self.kernel = self.add_weight((self.terms, self.classes), "zeros", name="kernel")
        self.bias = self.add_weight((self.classes,), "zeros", name="bias")
        self.idf = self.add_weight((self.terms,), "ones", trainable=False, name="idf")
        self.built = True

    def call(self, terms: Tensor, counts: Tensor) -> Tensor:
        is_term = ops.cast(terms > 0, "float32")
        value = is_term
        if self.values == "counts":
            value = ops.cast(counts, "float32")
        elif self.values == "tfidf":
            logarithm = ops.log(ops.maximum(ops.cast(counts, "float32"), 1.0))
            value = is_term * (1.0 + logarithm) * ops.take(self.idf, terms)
            length = ops.sqrt(ops.sum(ops.square(value), 1, keepdims=True))
            value = value / ops.maximum(length, 1e-12)
        return ops.sum(value[..., None] * ops.take(self.kernel, terms, 0), 1) + self.bias

    def compute_output_shape(self, terms_shape: tuple, counts_shape: tuple) -> tuple:
        return (terms_shape[0], self.classes)

    def get_config(self) -> dict:
        own = {"terms": self.terms, "classes": self.classes, "values": self.values}
        return {**super().get_config(), **own}


def solve(
    layer: CountedTerms,
    head: str,
    train: Split,
    validation: Split | None = None,
    strength: float = 0.0,
    seed: int = 0,
    class_weights: Sequence[float] = (),
) -> str:
    """Gives `layer` the weights that `head` finds -> a line that says how.

    train, validation: (ids, counts, labels), int (N, T), (N, T), (N,). strength: scikit-learn's C;
    0 takes the one with the best validation accuracy, see `_plainest`. class_weights: one
    number a class, or empty.

    The logits of naive Bayes (Manning et al. 2008, section 13.2) are log probabilities;
    nb_logistic is a logistic regression on terms scaled by how much more probable they are in one
    class than in the others (Wang & Manning 2012), each class with its own. Raises PipelineError if
    training has one class.
    """
    labels = train[2]
    if len(np.unique(labels)) < 2:
        raise PipelineError(
            f"head={head} needs examples of two classes in training; there is one. Add some of"
            " another."
        )
    counts = _matrix(*train[:2], layer.terms)
    idf = _idf(counts)
    x = _valued(counts, layer.values, idf)
    judged_x, judged = x, labels
    if validation:
        held_out = _matrix(*validation[:2], layer.terms)
        judged_x, judged = _valued(held_out, layer.values, idf), validation[2]
    weights = np.asarray(class_weights or np.ones(layer.classes))[labels]
    grid = _grid(head, strength, bool(validation))
    found = {}
    for c in grid:
        kernel, bias = FOUND[head](x, labels, layer.classes, weights, c, seed)
        right = float(((judged_x @ kernel + bias).argmax(1) == judged).mean())
        found[c] = right, kernel, bias
    c = _plainest({c: right for c, (right, _, _) in found.items()}, len(judged))
    right, kernel, bias = found[c]
    layer.kernel.assign(kernel)
    layer.bias.assign(bias)
    layer.idf.assign(idf)
    chosen = f", C {c:g} of {len(grid)}" if len(grid) > 1 else ""
    where = "validation" if validation else "training"
    return f"{head}: {layer.terms - words.FIRST:,} terms{chosen}; {where} accuracy {right:.4f}"


def _grid(head: str, strength: float, has_validation: bool) -> Sequence[float]:
    """The values of C to try."""
    if head == "naive_bayes" or not (strength or has_validation):
        return [PLAIN]
    return [strength] if strength else GRID


def _plainest(accuracies: dict[float, float], count: int) -> float:
    """Of all C whose accuracy on `count` examples is within a standard error of the best, the one
    nearest to PLAIN: a small validation split cannot tell them apart.
    """
    best = max(accuracies.values())
    error = (best * (1 - best) / count) ** 0.5
    near = [c for c, right in accuracies.items() if right >= best - error]
    return min(near, key=lambda c: abs(np.log(c / PLAIN)))


def _matrix(ids: np.ndarray, counts: np.ndarray, terms: int) -> sparse.csr_matrix:
    """ids, counts: int (N, T) -> float64 (N, terms)."""
    rows = np.broadcast_to(np.arange(len(ids))[:, None], ids.shape)
    there = ids > 0
    entries = (counts[there].astype(np.float64), (rows[there], ids[there]))
    return sparse.csr_matrix(entries, shape=(len(ids), terms))


def _idf(counts: sparse.csr_matrix) -> np.ndarray:
    """ln((1 + N) / (1 + texts with the term)) + 1, scikit-learn's, float32 (terms,)."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    return (np.log((1 + counts.shape[0]) / (1 + texts)) + 1).astype(np.float32)


def _valued(counts: sparse.csr_matrix, values: str, idf: np.ndarray) -> sparse.csr_matrix:
    """What `CountedTerms` makes of counts."""
    x = counts.copy()
    if values == "presence":
        x.data[:] = 1
    elif values == "tfidf":
        x.data = (1 + np.log(x.data)) * idf[x.indices]
        lengths = np.sqrt(np.asarray(x.multiply(x).sum(1)).ravel())
        x.data /= np.repeat(lengths, np.diff(x.indptr))
    return x


def _naive_bayes(
    x: sparse.csr_matrix, labels: np.ndarray, classes: int, weights: np.ndarray, c: float, seed: int
) -> Found:
    model = MultinomialNB(alpha=SMOOTHING).fit(x, labels, weights)
    kernel = np.zeros((x.shape[1], classes))
    bias = np.full(classes, model.class_log_prior_.min() - ABSENT)
    kernel[:, model.classes_] = model.feature_log_prob_.T
    bias[model.classes_] = model.class_log_prior_
    return kernel, bias


def _nb_logistic(
    x: sparse.csr_matrix, labels: np.ndarray, classes: int, weights: np.ndarray, c: float, seed: int
) -> Found:
    """One against the others; of two classes the same either way."""
    kernel, bias = np.zeros((x.shape[1], classes)), np.full(classes, -ABSENT)
    present = np.unique(labels)
    for i in present:
        is_own = labels == i
        ratio = _log_odds(x, is_own)
        model = LogisticRegression(C=c, max_iter=300)
        heads.fit(model, x.multiply(ratio).tocsr(), is_own, weights)
        # Of two classes, softmax of half the margin, either way, is the sigmoid of it.
        share = 0.5 if len(present) == 2 else 1.0
        kernel[:, i], bias[i] = model.coef_[0] * ratio * share, model.intercept_[0] * share
    return kernel, bias


def _log_odds(x: sparse.csr_matrix, is_own: np.ndarray) -> np.ndarray:
    """How much more probable each term is in the examples marked than in the others, (terms,)."""
    own = SMOOTHING + np.asarray(x[is_own].sum(0)).ravel()
    others = SMOOTHING + np.asarray(x[~is_own].sum(0)).ravel()
    return np.log(own / own.sum()) - np.log(others / others.sum())


def _logistic(
    x: sparse.csr_matrix, labels: np.ndarray, classes: int, weights: np.ndarray, c: float, seed: int
) -> Found:
    model = LogisticRegression(C=c, max_iter=300)
    heads.fit(model, x, labels, weights)
    return heads.every_class(model, classes)


def _svm(
    x: sparse.csr_matrix, labels: np.ndarray, classes: int, weights: np.ndarray, c: float, seed: int
) -> Found:
    model = LinearSVC(C=c, random_state=seed, max_iter=3000)
    heads.fit(model, x, labels, weights)
    return heads.every_class(model, classes)


FOUND = {
    "naive_bayes": _naive_bayes,
    "nb_logistic": _nb_logistic,
    "logistic_regression": _logistic,
    "svm": _svm,
}
