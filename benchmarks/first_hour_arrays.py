"""The first hour by ten lines of Python: 120 photos as arrays, with nothing set.

`python benchmarks/first_hour_arrays.py [--seed 0] [--data FOLDER]`

30 photos of each of the easy classes of `first_hour.py`, out of the train split of the photos of
clothes, are trained on as arrays, and all photos of these classes in the test split judge the run.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from first_hour import CLASSES, PHOTOS
from PIL import Image

import pipelines


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    place = os.environ.get("PIPELINES_TEST_DATA", here)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default=Path(place) / "clothing", type=Path)
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        data = photos(options.data / "train", PHOTOS, options.seed)
        run = pipelines.train("classification", data, f"{folder}/run")
        result = run.evaluate(data={"test": photos(options.data / "test")})
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"accuracy {result['accuracy']:.3f} on {result['examples']} test photos;"
        f" {(time.perf_counter() - began) / 60:.1f} min of wall clock,"
        f" {(used.ru_utime + used.ru_stime) / 60:.1f} min of processor time"
    )


def photos(folder, most=None, seed=0):
    """(pictures, names) of the easy classes; `most` of each, by chance."""
    files = []
    for name in CLASSES["easy"]:
        own = sorted((folder / name).iterdir())
        order = np.random.default_rng(seed).permutation(len(own))
        files += [own[i] for i in sorted(order[:most])]
    pictures = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    return pictures, [file.parent.name for file in files]


if __name__ == "__main__":
    main()
