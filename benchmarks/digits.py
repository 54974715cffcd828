"""Five-fold accuracy on scikit-learn's digits, beside scikit-learn's own classifiers on the same
folds.

Claim: >= 0.992 (best peer: SVC, 0.990). `python benchmarks/digits.py [--epochs N] [--folds K]`
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import pipelines
from pipelines import catalog, terminal
from pipelines.formats.examples import Data

SETTINGS = dict(epochs=40, batch_size=64, learning_rate=3e-3, ema=0.99, keep="last")
PEERS = {
    "SVC": SVC(gamma=0.001, C=10),
    "kNN": KNeighborsClassifier(3),
    "MLP": MLPClassifier(max_iter=1000, random_state=0),
    "logistic regression": LogisticRegression(max_iter=5000),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=SETTINGS["epochs"])
    parser.add_argument("--folds", type=int, default=5, help="how many of the five are run")
    options = parser.parse_args()
    digits, labels, pixels = whole()
    truth = np.array(digits.columns["label"])
    rows, right = [], {name: [] for name in ["pipelines", *PEERS]}
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(truth, truth)
    for fold, (train, test) in list(enumerate(folds))[: options.folds]:
        began = time.perf_counter()
        parts = {
            "train": digits.take(train),
            "validation": digits.take([]),
            "test": digits.take(test),
        }
        data = Data(f"digits, fold {fold}", "folds", parts, {"label": labels})
        with tempfile.TemporaryDirectory() as folder:
            run = pipelines.train(
                "scratch",
                data,
                Path(folder) / "run",
                **{**SETTINGS, "epochs": options.epochs},
            )
            right["pipelines"].append(run.evaluate()["accuracy"])
        minutes = (time.perf_counter() - began) / 60
        for name, peer in PEERS.items():
            right[name].append(
                peer.fit(pixels[train], truth[train]).score(pixels[test], truth[test])
            )
        rows.append([fold, *(f"{right[name][-1]:.4f}" for name in right), f"{minutes:.1f}"])
        print(rows[-1], flush=True)
    rows.append(["mean", *(f"{np.mean(values):.4f}" for values in right.values()), ""])
    print(terminal.table(rows, ["fold", *right, "minutes"]))


def whole():
    """All 1,797 digits in one table, the names of the classes, and the pixels as rows (1797,
    64)."""
    from sklearn.datasets import load_digits

    data = catalog.load("digits")
    parts = list(data.splits.values())
    joined = parts[0]
    for part in parts[1:]:
        joined = type(joined)(
            joined.names + part.names,
            {name: values + part.columns[name] for name, values in joined.columns.items()},
            joined.where + part.where,
            joined.pictures,
        )
    ordered = joined.take(
        np.argsort(joined.names)
    )  # digit_0000, digit_0001, ... is scikit-learn's order
    return ordered, data.labels["label"], load_digits().data


if __name__ == "__main__":
    main()
