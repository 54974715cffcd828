"""The first hour: a newcomer's 120 photos and the README's own command, with nothing set.

`python benchmarks/first_hour.py [easy|hard|all] [--seeds 0 1 2 3 4] [--data FOLDER] [--method
NAME]`

For each seed, 30 photos of each of four classes out of the train split of the photos of clothes
are copied into a folder per class. `pipelines train classification --data FOLDER --run RUN` runs as
a process of its own, with the pretrained weights installed as the README says, and
`pipelines evaluate` judges it on all photos of these classes in the test split. Claim: mean
accuracy of the easy classes >= 0.90, under 3 minutes on two cores, first word within 2 s.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CLASSES = {
    "easy": ("dress", "hat", "pants", "shoes"),
    "hard": ("dress", "longsleeve", "shirt", "t-shirt"),
}
PHOTOS = 30  # of each class
HEADER = (
    "classes", "seeds", "accuracy, mean ± deviation", "by seed", "minutes of wall clock",
    "CPU minutes, both cores together", "seconds to the first word",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One seed's training and what it was worth. Seconds; `cpu` is of the process and its
    children."""

    accuracy: float
    wall: float
    cpu: float
    first_word: float


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    place = os.environ.get("PIPELINES_TEST_DATA", here)
    parser.add_argument("what", nargs="?", default="all", choices=[*CLASSES, "all"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--data", default=Path(place) / "clothing", help="the photos of clothes")
    parser.add_argument("--method", help="another method than the one that is taken by default")
    options = parser.parse_args()
    rows = []
    for name, classes in CLASSES.items():
        if options.what in (name, "all"):
            found = _results(Path(options.data), classes, options)
            rows.append([", ".join(classes), len(found), *_summary(found)])
    print("\n".join(_markdown(row) for row in (HEADER, ["---"] * len(HEADER), *rows)))


def _results(data, classes, options):
    """A Result for each seed, told as it comes."""
    found = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            found.append(_measured(data, classes, seed, Path(folder), options.method))
        print(f"{', '.join(classes)}, seed {seed}: {found[-1]}", flush=True)
    return found


def _measured(data, classes, seed, folder, method):
    """One seed: photos picked, trained on, and judged on all photos of the test split."""
    photos, held_out, run = folder / "photos", folder / "held_out", folder / "run"
    for name in classes:
        _copy_some(data / "train" / name, photos / name, seed)
        shutil.copytree(data / "test" / name, held_out / "test" / name)
    more = ["--method", method] if method else []
    began, cpu = time.perf_counter(), _cpu()
    train = _start("train", "classification", "--data", photos, "--run", run, *more)
    train.stdout.readline()
    first_word = time.perf_counter() - began
    said = train.stdout.read()
    if train.wait():
        raise SystemExit(f"train ended with {train.returncode}:\n{said}")
    wall, cpu = time.perf_counter() - began, _cpu() - cpu
    judged = _start("evaluate", run, "--data", held_out, "--json")
    result = json.loads(judged.communicate()[0].strip().splitlines()[-1])
    return Result(result["accuracy"], wall, cpu, first_word)


def _copy_some(source, target, seed):
    """PHOTOS files of a folder, picked by the seed."""
    files = sorted(source.iterdir())
    target.mkdir(parents=True)
    for i in np.random.default_rng(seed).permutation(len(files))[:PHOTOS]:
        shutil.copy(files[i], target)


def _start(*arguments):
    """A command of the package as a process; standard error goes to standard output."""
    command = [sys.executable, "-m", "pipelines", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _cpu():
    """CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _summary(found):
    accuracies = [result.accuracy for result in found]
    walls, cpus, words = zip(*((r.wall, r.cpu, r.first_word) for r in found), strict=True)
    return [
        f"{np.mean(accuracies):.3f} ± {np.std(accuracies):.3f}",
        ", ".join(f"{value:.3f}" for value in accuracies),
        f"{min(walls) / 60:.1f} to {max(walls) / 60:.1f}",
        f"{np.mean(cpus) / 60:.1f}",
        f"{min(words):.1f} to {max(words):.1f}",
    ]


def _markdown(cells):
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
