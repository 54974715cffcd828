"""Counted terms and a linear model of them, found at once: what tasks of text share."""

import collections
from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.families import vocabulary
from pipelines.task import Phase

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines.edge import words
    from pipelines.models import counted_terms

INPUTS = ("terms", "counts")  # names of the model's inputs


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of the terms and of what finds their weights."""

    head: str = setting(
        "auto",
        "what finds the weights of terms: naive Bayes; logistic regression on what naive Bayes"
        " makes of each term; logistic regression or a linear SVM on TF-IDF; auto takes"
        " nb_logistic for two classes and logistic_regression for more",
        choices=("auto", "naive_bayes", "nb_logistic", "logistic_regression", "svm"),
    )
    min_count: int = setting(
        1, "texts that training must have with a term for it to count", "texts", low=1
    )
    vocabulary: int = setting(200_000, "most terms that are counted", "terms", low=1, high=10**7)
    regularisation: float = setting(
        0.0,
        "scikit-learn's C, more is less regularised; 0 takes the best of several on the validation"
        " split, 1 unless another is clearly better; naive_bayes has none",
        low=0.0,
    )


def head(config):
    """What finds the weights, with `auto` decided by the number of classes."""
    if config.head != "auto":
        return config.head
    return "nb_logistic" if len(config.labels) == 2 else "logistic_regression"


def learned(rows, config):
    """Terms of each text of training -> {"terms": those that are counted}, of most texts first."""
    texts = collections.Counter()
    for row in rows:
        texts.update(set(row))
    return {"terms": vocabulary.common(texts, config.min_count)[: config.vocabulary]}


def model(config, name):
    """{"terms", "counts": int32 (B, T)} -> logits (B, C)."""
    inputs = {own: keras.Input((None,), dtype="int32", name=own) for own in INPUTS}
    size = words.FIRST + len(config.learned["terms"])
    values = counted_terms.VALUES[config.head]
    layer = counted_terms.CountedTerms(size, len(config.labels), values, name="logits")
    net = keras.Model(inputs, layer(inputs["terms"], inputs["counts"]), name=name)
    net.compile(optimizer="sgd", loss="mse", jit_compile=False)
    return net


def phases(config):
    """One, found at once."""

    def solve(net, source):
        return counted_terms.solve(
            net.get_layer("logits"),
            config.head,
            _arrays(source, "train"),
            _arrays(source, "validation"),
            strength=config.regularisation,
            seed=config.seed,
            class_weights=config.class_weight_values,
        )

    return [Phase("fit", config, solve=solve)]


def _arrays(source, name):
    """(ids, counts, labels) of a split, int; None if it is empty."""
    part = source.held_out(name)
    if not len(part):
        return None
    inputs, targets = part.arrays()
    return inputs["terms"], inputs["counts"], np.asarray(targets).argmax(-1)
