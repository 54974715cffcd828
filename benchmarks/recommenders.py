"""Recommenders on MovieLens latest-small, and their peers on the same splits.

    python benchmarks/recommenders.py [DATA] [--peers PYTHON] [--folds 5]

DATA: the folder of ml-latest-small, by default in the folder that PIPELINES_TEST_DATA names.
PYTHON: an interpreter of an environment with `implicit` and `scikit-surprise`, which are kept
apart.

Ratings: RMSE and MAE over five folds of all ratings, at random; each method with its defaults
learns from the other four. Ranking: the split of `recommendation` with its defaults, a tenth of
each user's films for validation and for the test, all films ranked, those of the history left out;
NDCG@10 with its 95 % interval by drawing users. Peers learn from the same training films, and their
answers are judged by the same code, by the history that training gave. Needs two cores and about
half an hour.
"""

import argparse
import csv
import os
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from scipy import sparse

import pipelines
from pipelines import terminal
from pipelines.engine.proof import evaluate
from pipelines.engine.training import setup
from pipelines.families import recommending
from pipelines.models import als
from pipelines.ops import ranking

RATED = ("baselines", "user_pearson", "item_pearson", "als_wr", "funk_svd")
RANKED = (
    "random", "popularity", "content", "user_knn", "item_knn", "svd", "als", "ease", "hybrid",
    "mult_dae", "neural", "two_tower", "fusion",
)  # fmt: skip
FACTORS, SWEEPS = 64, 15  # of the timing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PIPELINES_TEST_DATA", "shared/data")) / "ml-latest-small"
    parser.add_argument("data", nargs="?", type=Path, default=default)
    parser.add_argument("--peers", help="interpreter with implicit and scikit-surprise")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", choices=("ratings", "ranking", "time"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.only in (None, "ratings"):
            ratings(options, Path(folder))
        if options.only in (None, "ranking", "time"):
            ranked(options, Path(folder))


def ratings(options, folder):
    """RMSE and MAE, mean over folds and half the width of the 95 % interval."""
    with (options.data / "ratings.csv").open() as file:
        rows = list(csv.DictReader(file))
    fold = np.empty(len(rows), int)
    fold[np.random.default_rng(0).permutation(len(rows))] = np.arange(len(rows)) % 5
    columns = {"user": [r["userId"] for r in rows], "item": [r["movieId"] for r in rows]}
    columns["rating"] = [float(r["rating"]) for r in rows]
    found = {name: [] for name in RATED}
    for number in range(options.folds):
        split = np.where(fold == number, "test", "train").tolist()
        split[split.index("train")] = "validation"  # one rating, by which nothing is chosen
        for name in RATED:
            made, model, _ = fitted(f"rating_prediction/{name}", {**columns, "split": split})
            found[name].append(judged(made, model))
            print(number, name, found[name][-1], flush=True)
    for name in RATED:
        for score in ("rmse", "mae"):
            print(terminal.shown(f"{name} {score} {spread([r[score] for r in found[name]])}"))
    if options.peers:
        np.savez(folder / "ratings.npz", fold=fold, **columns)
        peer(options, "ratings", folder / "ratings.npz", options.folds)


def spread(values):
    """Mean and half the width of the 95 % interval over folds."""
    half = 2.776 * np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.nan
    return f"{np.mean(values):.4f} ± {half:.4f}"


def fitted(name, data, **given):
    """(what a training begins with, the model, seconds of processor time) of a method found at
    once."""
    made = setup.set_up(name, data, given)
    model, began = made.method.model(made.config), time.process_time()
    for phase in made.method.phases(made.config):
        print(phase.solve(model, made.source) or "", flush=True)
    return made, model, time.process_time() - began


def judged(made, model):
    part = made.source.held_out("test")
    return evaluate.evaluate(model, part, made.method, made.config, title="")[0]


def ranked(options, folder):
    """NDCG at 10 of each method and of the peers; fusion against the best other one; time of
    ALS."""
    users = {}
    for name in RANKED if options.only != "time" else ():
        users[name], seconds = each_user(name, options, folder)
        print(line(name, users[name], seconds), flush=True)
    if users:
        best = max((own for own in users if own != "fusion"), key=lambda own: users[own].mean())
        low, high = ranking.interval(users["fusion"] - users[best])
        print(f"fusion less {best}: {low:+.4f} to {high:+.4f}")
    made = setup.set_up("recommendation/popularity", str(options.data), {})
    train, told, truth = (
        recommending.matrix(made.source, *what)
        for what in (("train",), ("test",), ("test", "truth"))
    )
    for penalty, confidence in ((0.01, 1.0), (10.0, 1.0), (10.0, 3.0)):
        began, wall = time.process_time(), time.perf_counter()
        items = als.factors(train, FACTORS, confidence, penalty, SWEEPS)[1]
        took = time.process_time() - began, time.perf_counter() - wall
        scores = als.scores(items, told.toarray(), confidence, penalty)
        print(line(f"als {confidence:g} {penalty:g}", of_scores(scores, told, truth), took[0]))
        print(f"{FACTORS} factors, {SWEEPS} sweeps, Cholesky: wall {took[1]:.2f} s", flush=True)
    if options.peers:
        for name, matrix in (("train", train), ("told", told), ("truth", truth)):
            sparse.save_npz(folder / f"{name}.npz", matrix.tocsr())
        peer(options, "ranking", folder, FACTORS, SWEEPS)
        for file in sorted(folder.glob("scores_*.npy")):
            print(line(file.stem, of_scores(np.load(file), told, truth), 0))


def each_user(name, options, folder):
    """(NDCG at 10 of each test user, seconds of processor time) of a method with its defaults."""
    if name in ("mult_dae", "neural", "two_tower"):  # by gradients
        began = time.process_time()
        run = pipelines.train(f"recommendation/{name}", data=str(options.data), run=folder / name)
        part, method, model, config = run.split("test"), run.method, run.model, run.config
        seconds = time.process_time() - began
    else:
        made, model, seconds = fitted(f"recommendation/{name}", str(options.data))
        part, method, config = made.source.held_out("test"), made.method, made.config
    answer, judge = evaluate.decoder(model, method, config), method.metrics(config)[0]
    for inputs, targets in part.batches().as_numpy_iterator():
        judge.update_state(targets, answer(inputs))
    return np.concatenate(judge.found["ndcg"]), seconds


def of_scores(scores, told, truth):
    return ranking.ndcg(scores, told.toarray(), truth.toarray())


def line(name, users, seconds):
    low, high = ranking.interval(users)
    mean = f"{users.mean():.4f} ({low:.4f} to {high:.4f})"
    return f"{name}: NDCG@10 {mean}, processor {seconds:.1f} s"


def peer(options, *arguments):
    script = Path(__file__).with_name("recommender_peers.py")
    subprocess.run([options.peers, str(script), *map(str, arguments)], check=True)


if __name__ == "__main__":
    main()
