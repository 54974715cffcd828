"""Ten people that no net has seen: are two photos of the same? Olivetti, peers in the same run.

    python benchmarks/faces.py [peers] [triplet] [siamese] [--data shared/data/olivetti] [--seeds 3]
        [--development] [--set NAME=VALUE ...]

People 1 to 30 are for training, two of them for validation; 31 to 40 are the test, 450 pairs of
one person and as many of two. `--development` judges on people 26 to 30 in place of the test, and
trains on 1 to 25: settings are chosen there. Fisherfaces: PCA to 60 components, then linear
discriminants (Belhumeur et al. 1997). Prints a line for each run.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import scipy.io
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

import pipelines
from pipelines.metrics import verification

PEOPLE, EACH = 40, 10
COMPONENTS = 60  # of the peers, the best of 30, 60, 100, 150 and 225 by `--development`


def photos(folder):
    """uint8 (40, 10, 64, 64)."""
    faces = scipy.io.loadmat(Path(folder) / "olivettifaces.mat")["faces"]
    return faces.T.reshape(PEOPLE, EACH, 64, 64).transpose(0, 1, 3, 2)


def parts(development):
    """{split: numbers of people}."""
    if development:
        return {"train": range(23), "validation": range(23, 25), "test": range(25, 30)}
    return {"train": range(28), "validation": range(28, 30), "test": range(30, 40)}


def written(faces, own, folder):
    """Class folders of the splits."""
    for split, people in own.items():
        for person in people:
            place = folder / split / f"person_{person + 1:02d}"
            place.mkdir(parents=True)
            for number, pixels in enumerate(faces[person], 1):
                Image.fromarray(pixels).save(place / f"{number:04d}.png")
    return folder


def judged(points, people):
    """(EER, accuracy of 10 folds) of points on the unit sphere."""
    points = points / np.linalg.norm(points, axis=1, keepdims=True)
    pairs = verification.drawn(np.repeat(np.arange(people), EACH))
    apart = verification.distances(points, pairs)
    return verification.equal_error(apart, pairs.is_same), verification.by_folds(
        apart, pairs
    ).mean()


def peers(faces, own):
    known = [*own["train"], *own["validation"]]
    train = faces[known].reshape(len(known) * EACH, -1).astype(np.float64)
    test = faces[list(own["test"])].reshape(len(own["test"]) * EACH, -1).astype(np.float64)
    labels = np.repeat(known, EACH)
    pca = PCA(COMPONENTS, whiten=True, random_state=0).fit(train)
    lda = LinearDiscriminantAnalysis().fit(pca.transform(train), labels)
    mean = train.mean(0)
    said("pixels", *judged(test - mean, len(own["test"])))
    said("eigenfaces", *judged(pca.transform(test), len(own["test"])))
    said("fisherfaces", *judged(lda.transform(pca.transform(test)), len(own["test"])))


def said(name, eer, accuracy, more=""):
    print(f"{name}: EER {eer:.3f}, 10 folds {accuracy:.3f}{more}", flush=True)


def trained(method, data, seeds, settings):
    found = []
    for seed in range(seeds):
        begin = time.time()
        with tempfile.TemporaryDirectory() as folder:
            name = f"metric_learning/{method}"
            run = pipelines.train(name, data, Path(folder) / "run", seed=seed, **settings)
            result = run.evaluate("test")
        found.append([result["eer"], result["verification_accuracy"]])
        more = f", recall@1 {result['recall_at_1']:.3f}; {time.time() - begin:.0f} s"
        said(f"{method}, seed {seed}", *found[-1], more)
    mean, deviation = np.mean(found, 0), np.std(found, 0, ddof=1) if seeds > 1 else [0, 0]
    print(
        f"{method}: EER {mean[0]:.3f} ± {deviation[0]:.3f},"
        f" 10 folds {mean[1]:.3f} ± {deviation[1]:.3f}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["peers", "triplet", "siamese"])
    parser.add_argument("--data", default="shared/data/olivetti")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--development", action="store_true")
    parser.add_argument("--set", nargs="*", default=[])
    asked = parser.parse_args()
    own = parts(asked.development)
    faces = photos(asked.data)
    settings = dict(pair.split("=", 1) for pair in asked.set)
    with tempfile.TemporaryDirectory() as folder:
        data = written(faces, own, Path(folder) / "people")
        for what in asked.what:
            if what == "peers":
                peers(faces, own)
            else:
                trained(what, data, asked.seeds, settings)


if __name__ == "__main__":
    main()
