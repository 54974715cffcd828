"""Autoencoders compared with PCA, the best linear code: test mean squared error on digits."""

from sklearn.decomposition import PCA

import pipelines
from generating import digits

SIZES = (8, 16, 32)
STEPS = dict(batch_size=128, steps_per_epoch=200, weight_decay=0.0)
KINDS = {
    "linear": dict(net="linear", epochs=15, learning_rate=0.01, **STEPS),
    "convolutional": dict(net="convolutional", width=128, epochs=15, learning_rate=0.005, **STEPS),
}


def run(seeds, folder):
    data = digits.splits()
    yield "| code | PCA | " + " | ".join(KINDS) + " |"
    for size in SIZES:
        fitted = PCA(size).fit(digits.flat(data["train"]))
        test = digits.flat(data["test"])
        error = ((fitted.inverse_transform(fitted.transform(test)) - test) ** 2).mean()
        cells = [digits.spread(list(_errors(data, size, kind, seeds, folder))) for kind in KINDS]
        yield f"| {size} | {error:.5f} | " + " | ".join(cells) + " |"


def _errors(data, size, kind, seeds, folder):
    for seed in seeds:
        path = folder / f"{kind}-{size}-{seed}"
        run = pipelines.train("autoencoder", data, path, seed=seed, latent_size=size, **KINDS[kind])
        yield run.evaluate()["reconstruction_mse"]
