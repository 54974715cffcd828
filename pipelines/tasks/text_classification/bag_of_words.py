"""Counted words or characters and a linear model of them, found at once: no net, no weights to download."""

import collections
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import labelled, vocabulary
from pipelines.task import Phase
from pipelines.tasks import text_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines.edge import terms, words
    from pipelines.models import counted_terms

ORDERS = {"words": 2, "characters": 4}  # order=0


@dataclass(frozen=True, kw_only=True)
class _Config(text_classification.Config, labelled.Answers, settings.FittedConfig):
    """The settings of the texts, and those of the terms and their weights."""

    head: str = setting(
        "auto",
        "what finds the weights of terms: naive Bayes; logistic regression on what naive Bayes"
        " makes of each term; logistic regression or a linear SVM on TF-IDF; auto takes"
        " nb_logistic for two classes and logistic_regression for more",
        choices=("auto", "naive_bayes", "nb_logistic", "logistic_regression", "svm"),
    )
    units: str = setting("words", "what a term is made of", choices=("words", "characters"))
    order: int = setting(
        0, "items of the longest term; 0 takes 2 words, or 4 characters", "items", low=0, high=8
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
    max_length: int = setting(
        0,
        "different terms that are read of a text; 0 follows the data, up to 4,096",
        "terms",
        low=0,
        high=100_000,
    )


class BagOfWords(text_classification.TextClassification):
    """The sum of what each term says for each class."""

    Config = _Config
    paper = "Wang & Manning 2012"
    _inputs = ("terms", "counts")
    _unit = "terms"
    _longest = 4096
    _is_windowed = False

    def resolve(self, config, data):
        """Settings that follow from the data, and what stands for `auto`."""
        head = config.head
        if head == "auto":
            head = "nb_logistic" if len(config.labels) == 2 else "logistic_regression"
        return super().resolve(config.replace(order=_order(config), head=head), data)

    def learn(self, examples, config):
        """The terms that training has, those of most texts first."""
        texts = collections.Counter()
        for items in examples.columns["items"]:
            texts.update(set(terms.runs(items, config.units, config.order)))
        return {"terms": vocabulary.common(texts, config.min_count)[: config.vocabulary]}

    def model(self, config):
        """{"terms", "counts": int32 (B, T)} -> logits (B, C)."""
        inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in self._inputs}
        size = words.FIRST + len(config.learned["terms"])
        values = counted_terms.VALUES[config.head]
        layer = counted_terms.CountedTerms(size, len(config.labels), values, name="logits")
        net = keras.Model(inputs, layer(inputs["terms"], inputs["counts"]), name=self.task)
        net.compile(optimizer="sgd", loss="mse", jit_compile=False)
        return net

    def phases(self, config):
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

    def device(self, config):
        """Besides, what terms are made of."""
        return {**super().device(config), "units": config.units, "order": config.order}

    def _items(self, config):
        return lambda text: terms.items(text, config.units)

    def _places(self, items, config):
        return items * _order(config)

    def _count(self, items, config):
        """The different terms, which are counted if there may be too many."""
        most = len(items) * _order(config)
        if most <= self._room(config):
            return most
        return len(set(terms.runs(items, config.units, _order(config))))

    def _read(self, inputs, config):
        """The terms of one item, which come first, in the order of the text."""
        known = [config.learned["terms"][i - words.FIRST] for i in inputs["terms"] if i]
        if config.units == "words":
            return " ".join(term for term in known if " " not in term)
        return " ".join(term for term in known if len(term) == config.order)


def _order(config):
    return config.order or ORDERS[config.units]


def _arrays(source, name):
    """(ids, counts, labels) of a split, int; None if it is empty."""
    part = source.held_out(name)
    if not len(part):
        return None
    inputs, targets = part.arrays()
    return inputs["terms"], inputs["counts"], np.asarray(targets).argmax(-1)
