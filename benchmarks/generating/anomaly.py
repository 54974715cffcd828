"""Nine digits known, one unknown: the AUC of each score, mean over the ten, with peers."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.svm import OneClassSVM

import pipelines
from generating import digits

SETTINGS = dict(epochs=10, batch_size=64, steps_per_epoch=200, latent_size=16)


def run(seeds, folder):
    found = {}
    for unknown in range(10):
        known = [digit for digit in range(10) if digit != unknown]
        data = digits.splits(known)
        for name, area in _areas(data, unknown, seeds, folder / str(unknown)):
            found.setdefault(name, []).append(area)
        yield f"unknown {unknown}: " + ", ".join(f"{n} {v[-1]:.3f}" for n, v in found.items())
    yield "| score | mean AUC | lowest |"
    for name, areas in found.items():
        yield f"| {name} | {np.mean(areas):.4f} | {min(areas):.4f} |"


def _areas(data, unknown, seeds, folder):
    own = []
    for seed in seeds:
        run = pipelines.train("autoencoder", data, folder / str(seed), seed=seed, **SETTINGS)
        own.append(run.evaluate()["auc"])
    yield "autoencoder", float(np.mean(own))
    train, test = digits.flat(data["train"]), digits.flat(data["test"])
    is_strange = data["test"][1] == unknown
    for size in (8, 16, 32):
        fitted = PCA(size).fit(train)
        error = ((fitted.inverse_transform(fitted.transform(test)) - test) ** 2).mean(1)
        yield f"PCA {size}", roc_auc_score(is_strange, error)
    svm = OneClassSVM(gamma="scale", nu=0.1).fit(train)
    yield "one-class SVM", roc_auc_score(is_strange, -svm.score_samples(test))
    forests = [IsolationForest(random_state=seed).fit(train) for seed in seeds]
    areas = [roc_auc_score(is_strange, -forest.score_samples(test)) for forest in forests]
    yield "isolation forest", float(np.mean(areas))
