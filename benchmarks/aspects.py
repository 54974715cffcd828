"""Aspects of laptops in SemEval-2014's reviews: what is said of given terms, and terms found as well.

    python benchmarks/aspects.py [majority vader counted_words bert_given bert bilstm]
        [--data shared/data/semeval14] [--seeds 0 1 2] [--set NAME=VALUE ...]

The official split; of its training sentences a tenth, cut by a hash, is the validation split. Three
polarities, `conflict` left out. Training sentences that the test split has, too, are left out. Rows
of given terms: accuracy and macro F1 of 638 terms. Rows of terms that are found: F1 of places
(extraction), accuracy of the polarity if the place is right, joint F1. vader needs vaderSentiment.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

import pipelines
from pipelines import catalog, terminal
from pipelines.edge import given_aspects

METHODS = ("majority", "vader", "counted_words", "bert_given", "bert", "bilstm")
FOUND = ("bert", "bilstm")
HEADER = ["method", "seeds", "accuracy", "macro F1", "F1 of places", "joint F1", "s a run"]
NAMES = ("accuracy", "macro_f1", "f1", "joint_f1")
SURE = 0.05  # VADER's compound beyond which its authors call a sentence positive or negative


def terms(folder):
    """{split: ([text with a mark], [label])} of three polarities."""
    method = catalog.method("aspect_sentiment/counted_words")
    data = method.adapt(catalog.load(str(folder)), method.Config())
    names = data.labels["label"]
    return {
        split: (part.columns["text"], [names[i] for i in part.columns["label"]])
        for split, part in data.splits.items()
    }


def majority(folder, seed):
    """The most frequent polarity of training, whatever the text."""
    splits = terms(folder)
    values, counts = np.unique(splits["train"][1] + splits["validation"][1], return_counts=True)
    return [values[counts.argmax()]] * len(splits["test"][1])


def vader(folder, seed):
    """What VADER says of the whole sentence."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser, found = SentimentIntensityAnalyzer(), []
    for text in terms(folder)["test"][0]:
        plain, _ = given_aspects.parted(text)
        value = analyser.polarity_scores(plain)["compound"]
        side = "positive" if value > 0 else "negative"
        found.append(side if abs(value) >= SURE else "neutral")
    return found


def trained(name, folder, seed, settings):
    """Scores of a method of ours on the test split."""
    with tempfile.TemporaryDirectory() as out:
        run = pipelines.train(
            f"aspect_sentiment/{name}", data=folder, run=Path(out) / "run", seed=seed,
            on_bad_data="skip", **settings,
        )  # fmt: skip
        return run.evaluate("test")


def measured(name, given, settings):
    """The row of a method: means over seeds, and the spread if there are several."""
    rules = {"majority": majority, "vader": vader}
    found, began = [], time.perf_counter()
    for seed in given.seeds[:1] if name in (*rules, "counted_words") else given.seeds:
        if name in rules:
            true, guessed = terms(given.data)["test"][1], rules[name](given.data, seed)
            macro = f1_score(true, guessed, average="macro", zero_division=0)
            scores = {"accuracy": accuracy_score(true, guessed), "macro_f1": macro}
        else:
            scores = trained(name, given.data, seed, settings)
        if name in FOUND:
            scores["accuracy"] = scores["polarity_accuracy"]
        found.append(scores)
        print(name, seed, {key: scores[key] for key in NAMES if key in scores}, flush=True)
    seconds = (time.perf_counter() - began) / len(found)
    cells = [_cell([scores.get(key) for scores in found]) for key in NAMES]
    return [name, len(found), *cells, f"{seconds:.0f}"]


def _cell(values):
    if None in values:
        return "–"
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="*", default=METHODS)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/semeval14"))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--set", nargs="*", default=[])
    given = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in given.set)
    rows = []
    for name in given.methods:
        rows.append(measured(name, given, settings))
        print(terminal.table(rows, HEADER), flush=True)


if __name__ == "__main__":
    main()
