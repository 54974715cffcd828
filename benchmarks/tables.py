"""Tables over ten folds, each method with its defaults, and scikit-learn's on the same rows.

    python benchmarks/tables.py [breast_cancer] [wine] [diabetes] [--method mlp] [--folds 10]
    [--seeds 0 1 2]

Folds are KFold(10, shuffle=True, random_state=0), stratified for classes; a fold is the test split.
All other rows are for training, here and for the peers: no method chooses anything by a validation
split with its defaults. Prints a table: the mean over folds, the half width of its 95 % interval,
and how far the means of the seeds differ. What has no chance in it has one seed. Needs two cores
and about twenty minutes.
"""

import argparse
import contextlib
import dataclasses
import io
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn import linear_model, neural_network
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pipelines
from pipelines import catalog, terminal
from pipelines.engine.proof import evaluate
from pipelines.formats.examples import joined

CLASSES, NUMBERS = "tabular_classification", "tabular_regression"
TASKS = {"breast_cancer": CLASSES, "wine": CLASSES, "diabetes": NUMBERS}
METHODS = {CLASSES: ("perceptron", "linear", "mlp"), NUMBERS: ("linear", "mlp")}
PEERS = {
    (CLASSES, "perceptron"): lambda: linear_model.Perceptron(random_state=0),
    (CLASSES, "linear"): lambda: linear_model.LogisticRegression(max_iter=1000),
    (CLASSES, "mlp"): lambda: neural_network.MLPClassifier(max_iter=1000, random_state=0),
    (NUMBERS, "linear"): lambda: linear_model.Ridge(),
    (NUMBERS, "mlp"): lambda: neural_network.MLPRegressor(max_iter=3000, random_state=0),
}
SCORES = {CLASSES: "accuracy", NUMBERS: "rmse"}


def whole(name):
    """All rows of a data set as one split, in the order of their names."""
    data = catalog.load(name)
    rows = joined(list(data.splits.values()))
    order = sorted(range(len(rows)), key=lambda i: rows.columns["id"][i])
    return data, rows.take(order)


def matrix(rows, target):
    """(numbers (N, F), answers (N,)) as the peers take them."""
    names = [name for name in rows.columns if name not in ("id", target)]
    return np.array([rows.columns[n] for n in names], float).T, np.array(rows.columns[target])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(TASKS))
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--method", choices=METHODS[CLASSES], help="this one alone")
    given = parser.parse_args()
    table = []
    for name in given.names or TASKS:
        methods = [own for own in METHODS[TASKS[name]] if given.method in (None, own)]
        for method in methods:
            seeds = given.seeds[:1] if method == "linear" else given.seeds
            table.append(measured(name, method, given.folds, seeds))
            print(terminal.table([table[-1]], HEADER), flush=True)
    print(terminal.table(table, HEADER))


HEADER = ["data", "method", "score", "here", "95 %", "scikit-learn", "floor", "by seed", "s a run"]


def measured(name, method, folds, seeds):
    """The row of a method on a data set."""
    task = TASKS[name]
    data, rows = whole(name)
    target = "label" if task == CLASSES else "target"
    x, y = matrix(rows, target)
    cut = StratifiedKFold if task == CLASSES else KFold
    found, peers, floors, began = [], [], [], time.perf_counter()
    for train, test in cut(folds, shuffle=True, random_state=0).split(x, y):
        for seed in seeds:
            result = trained(data, rows, (task, method), train, test, seed)
            found.append(result[SCORES[task]])
            floors.append(result["floor"])
        peers.append(peer(task, method, x, y, train, test))
    seconds = (time.perf_counter() - began) / len(found)
    table = np.array(found).reshape(-1, len(seeds))
    half = 1.96 * table.mean(1).std(ddof=1) / len(table) ** 0.5
    numbers = (table.mean(), half, np.mean(peers), np.mean(floors))
    by_seed = " ".join(f"{mean:.5g}" for mean in table.mean(0))
    return [name, method, SCORES[task], *(f"{v:.4g}" for v in numbers), by_seed, f"{seconds:.0f}"]


def trained(data, rows, names, train, test, seed):
    """Results on the test rows of one run with defaults."""
    splits = {"train": train, "validation": train[:0], "test": test}
    cut = {split: rows.take(indices) for split, indices in splits.items()}
    given = dataclasses.replace(data, splits=cut)
    with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()):
        run = pipelines.train("/".join(names), given, run=Path(out) / "run", seed=seed)
        part = run.split("test")
        found, _ = evaluate.evaluate(run.model, part, run.method, run.config, title="")
        return {**found, "floor": run.method.floor(part, run.config)}


def peer(task, method, x, y, train, test):
    """The same score of scikit-learn's model of that kind, on standardised columns."""
    model = make_pipeline(StandardScaler(), PEERS[task, method]()).fit(x[train], y[train])
    answers = model.predict(x[test])
    if task == CLASSES:
        return float((answers == y[test]).mean())
    return float(((answers - y[test]) ** 2).mean() ** 0.5)


if __name__ == "__main__":
    main()
