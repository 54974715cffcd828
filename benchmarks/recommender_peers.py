"""implicit and Surprise on the splits that recommenders.py has written; run by it, in an
environment apart."""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

THREADS = 2


def ratings(file, folds):
    """RMSE and MAE of Surprise's methods with their defaults."""
    import pandas as pd
    import surprise

    data = np.load(file)
    options = {"name": "pearson_baseline", "user_based": False}
    methods = {
        "BaselineOnly": lambda: surprise.BaselineOnly(verbose=False),
        "KNNWithMeans": lambda: surprise.KNNWithMeans(verbose=False),
        "KNNBaseline, items, pearson_baseline": lambda: surprise.KNNBaseline(
            sim_options=options, bsl_options={"method": "als"}, verbose=False
        ),
        "SVD": lambda: surprise.SVD(random_state=0),
    }
    table = pd.DataFrame({name: data[name] for name in ("user", "item", "rating")})
    reader = surprise.Reader(rating_scale=(0.5, 5))
    for name, made in methods.items():
        found = []
        for number in range(folds):
            held = data["fold"] == number
            train = surprise.Dataset.load_from_df(table[~held], reader).build_full_trainset()
            model = made().fit(train)
            answers = model.test(list(table[held].itertuples(index=False, name=None)))
            found.append(
                [surprise.accuracy.rmse(answers, False), surprise.accuracy.mae(answers, False)]
            )
        rmse, mae = np.mean(found, 0)
        half = 2.776 * np.std(np.array(found)[:, 0], ddof=1) / folds**0.5 if folds > 1 else 0
        print(f"Surprise {name}: rmse {rmse:.4f} ± {half:.4f}, mae {mae:.4f}", flush=True)


def ranking(folder, factors, sweeps):
    """Scores of implicit's ALS for the test users, by the history of training, and its time."""
    import implicit
    from scipy import sparse

    train, told = (sparse.load_npz(folder / f"{name}.npz") for name in ("train", "told"))
    for weight, penalty in ((1.0, 0.01), (1.0, 10.0), (3.0, 10.0)):
        model = implicit.als.AlternatingLeastSquares(
            factors=factors, alpha=weight, regularization=penalty, iterations=sweeps,
            random_state=0, num_threads=THREADS, use_gpu=False,
        )  # fmt: skip
        began, wall = time.process_time(), time.perf_counter()
        model.fit(train, show_progress=False)
        took = time.process_time() - began, time.perf_counter() - wall
        print(
            f"implicit ALS {weight:g} {penalty:g}: processor {took[0]:.2f} s, wall {took[1]:.2f} s"
        )
        users = model.recalculate_user(np.arange(told.shape[0]), told)
        np.save(
            folder / f"scores_implicit_{weight:g}_{penalty:g}.npy", users @ model.item_factors.T
        )


if __name__ == "__main__":
    what, place, *numbers = sys.argv[1:]
    {"ratings": ratings, "ranking": ranking}[what](Path(place), *map(int, numbers))
