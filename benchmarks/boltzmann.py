"""Boltzmann machines on binary digits: log-likelihood of 297 pictures, scikit-learn in the same run.

    python benchmarks/boltzmann.py [rbm] [large] [dbm] [features] [--seeds 3] [--epochs 100]

scikit-learn's digits in its own order: the first 1,500 are for training, 150 of them, drawn once,
validate; the last 297 are the test. A pixel is 1 from 8 of 16 on. scikit-learn's machine, persistent
contrastive divergence with rate 0.05 and batches of 50, gets all 1,500, shuffled once, as it does not
do so itself, and as many epochs. Up to 20 hidden units log Z is exact, else by annealed importance
sampling. Prints a line for each machine.
"""

import argparse
import contextlib
import io
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import BernoulliRBM

from pipelines import run as runs
from pipelines.ops import partition
from pipelines.ops.boltzmann import Machine
from pipelines.ops.boltzmann import free_energy as energy

TRAINING, VALIDATION, RATE = 1500, 150, 0.05
INK = 16  # the shades of a pixel
AIS = (5000, 100)  # temperatures and chains


def digits():
    """({split: numbers of pictures}, shades uint8 (1797, 8, 8), binary float32 (1797, 64), labels)."""
    read = load_digits()
    order = np.random.default_rng(123).permutation(TRAINING)
    rows = {
        "train": np.sort(order[VALIDATION:]),
        "validation": np.sort(order[:VALIDATION]),
        "test": np.arange(TRAINING, len(read.target)),
    }
    shades = np.round(read.images * (255 / INK)).astype(np.uint8)
    binary = (read.data >= INK / 2).astype(np.float32)
    return rows, shades, binary, read.target


def trained(method, seed, epochs, folder, **given):
    """(run, seconds)"""
    rows, shades, _, _ = digits()
    data = {split: {"image": list(shades[own])} for split, own in rows.items()}
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run = runs.start(method, data, folder, {"seed": seed, "epochs": epochs, **given}).train()
    return run, time.perf_counter() - began


def peer(hidden, seed, epochs):
    """scikit-learn's machine, trained."""
    _, _, binary, _ = digits()
    made = BernoulliRBM(hidden, learning_rate=RATE, batch_size=50, n_iter=epochs, random_state=seed)
    return made.fit(np.random.default_rng(seed).permutation(binary[:TRAINING]))


def judged(own, base, seed=0):
    """(log-likelihood of the test, log Z and its interval) of a machine of any size."""
    _, _, binary, _ = digits()
    if partition.is_exact(own.weights):
        value = partition.exact(own)
        found = partition.Estimate(value, value, value)
    else:
        found = partition.annealed(own, base, *AIS, seed)
    given = Machine(*(np.asarray(values, np.float32) for values in own))
    return -float(np.mean(energy(binary[TRAINING:], given))) - found.value, found


def base():
    """Log odds of the training pixels."""
    _, _, binary, _ = digits()
    share = np.clip(binary[:TRAINING].mean(0), 0.01, 0.99)
    return np.log(share / (1 - share))


def rbm(options, folder):
    """Lines of machines of 16 hidden units, exact, and how far annealing is from it."""
    yield from _compared(16, range(options.seeds), options, folder)


def large(options, folder):
    """Lines of machines of 100 hidden units, by annealing."""
    yield from _compared(100, range(1), options, folder)


def _compared(hidden, seeds, options, folder):
    found = {"rbm": [], "scikit-learn": []}
    for seed in seeds:
        run, seconds = trained(
            "rbm", seed, options.epochs, folder / f"{hidden}-{seed}", hidden=hidden
        )
        own = Machine(*(np.asarray(values) for values in run.model.get_layer("machine").machine))
        began = time.perf_counter()
        other = peer(hidden, seed, options.epochs)
        theirs = Machine(other.components_.T, other.intercept_visible_, other.intercept_hidden_)
        peer_seconds = time.perf_counter() - began
        for name, machine, took in (("rbm", own, seconds), ("scikit-learn", theirs, peer_seconds)):
            reached, log_z = judged(machine, base(), seed)
            found[name].append(reached)
            line = f"{name}, {hidden} hidden units, seed {seed}: {reached:.2f} nats"
            if log_z.low < log_z.high:
                line += f", log Z {log_z.value:.2f} [{log_z.low:.2f}, {log_z.high:.2f}]"
            else:
                estimate = partition.annealed(machine, base(), *AIS, seed)
                line += f", annealing off by {estimate.value - log_z.value:+.3f}"
            yield f"{line}; {took:.0f} s"
        best = max(float(value) for value in run.history["val_log_likelihood"])
        yield f"  validation at best {best:.2f}; by its own evaluation {_own(run)}"
    for name, values in found.items():
        yield f"{name}, {hidden} hidden units: mean {np.mean(values):.2f}, deviation {np.std(values):.2f}"


def _own(run):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found = run.evaluate("test")
    names = ("log_likelihood", "elbo")
    return ", ".join(f"{name} {found[name]:.2f}" for name in names if name in found)


def dbm(options, folder):
    """Lines of deep machines of 14 and 10 hidden units, exact, with and without pretraining."""
    each = options.epochs // 4
    for pretrain in (0, each):
        found = []
        for seed in range(options.seeds):
            sizes = {"hidden": 14, "top": 10, "pretrain_epochs": pretrain}
            run, seconds = trained(
                "dbm", seed, options.epochs, folder / f"d{pretrain}-{seed}", **sizes
            )
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                result = run.evaluate("test")
            found.append(result["log_likelihood"])
            yield (
                f"dbm 64-14-10, pretraining {pretrain} + {pretrain} of {options.epochs} epochs, seed"
                f" {seed}: {found[-1]:.2f} nats, bound {result['elbo']:.2f}; {seconds:.0f} s"
            )
        yield f"dbm, pretraining {pretrain}: mean {np.mean(found):.2f}, deviation {np.std(found):.2f}"


def features(options, folder):
    """Lines of a logistic regression on pixels and on hidden probabilities, accuracy on the test."""
    rows, _, binary, labels = digits()
    run, _ = trained("rbm", 0, options.epochs, folder / "features")
    layer = run.model.get_layer("machine")
    other = peer(layer.hidden, 0, options.epochs)
    inputs = {
        "pixels": binary,
        "rbm": np.asarray(layer.encode(binary)),
        "scikit-learn's BernoulliRBM": other.transform(binary),
    }
    for name, x in inputs.items():
        best = max(
            10.0 ** np.arange(-2, 4),
            key=lambda c, x=x: _accuracy(x, labels, rows, c, "train", "validation"),
        )
        found = _accuracy(x, labels, rows, best, "train", "test")
        yield f"logistic regression on {name}: accuracy {found:.4f}, C {best:g} by validation"


def _accuracy(x, labels, rows, c, *splits):
    train, judge = (rows[split] for split in splits)
    model = LogisticRegression(C=c, max_iter=2000).fit(x[train], labels[train])
    return model.score(x[judge], labels[judge])


def main():
    parts = {"rbm": rbm, "large": large, "dbm": dbm, "features": features}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(parts), help=", ".join(parts))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.parts:
            for line in parts[name](options, Path(folder) / name):
                print(line, flush=True)


if __name__ == "__main__":
    main()
