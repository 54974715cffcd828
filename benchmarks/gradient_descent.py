"""Loss curves of batch, stochastic and mini-batch gradient descent, and the schedules, as pictures.

    python benchmarks/gradient_descent.py [--out docs] [--seeds 3] [--epochs 30]

Trains a net of one hidden layer of 16 units (ReLU) on the training split of breast_cancer by
`ops.backpropagation`, the rule of the textbook, with batches of all examples, of 32 and of one.
Each takes the learning rate of RATES that ends lowest on the validation split with seed 100, which
is not drawn. Writes gradient_descent.svg and schedules.svg, and prints the table of the page. Needs
a core and a minute.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from pipelines import catalog, optimization, terminal
from pipelines.edge import tables as edge
from pipelines.families import perceptrons, tables
from pipelines.ops import backpropagation

BATCHES = {"batch (all)": 0, "mini-batch (32)": 32, "stochastic (1)": 1}
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
HIDDEN = 16
KINDS = ("constant", "step", "exponential", "cosine", "linear")
COLOURS = ("#2f6fb2", "#c8553d", "#3c8d5a", "#8a5fb0", "#b0892f")
WIDE, HIGH, EDGE = 680, 300, 46


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    given = parser.parse_args()
    draw_schedules(given.out / "schedules.svg")
    train, validation = splits()
    rows, curves = [], {}
    for name, size in BATCHES.items():
        rate = best_rate(train, validation, size, given.epochs)
        began = time.perf_counter()
        found = [
            trained(train, validation, size, rate, given.epochs, seed)
            for seed in range(given.seeds)
        ]
        seconds = (time.perf_counter() - began) / given.seeds
        losses, held_out = (np.array(own) for own in zip(*found, strict=True))
        steps = math.ceil(len(train[0]) / (size or len(train[0])))
        curves[name] = (np.arange(1, given.epochs + 1), losses.mean(0))
        rows.append([name, str(steps), f"{rate:g}", f"{losses[:, -1].mean():.4f}",
                     f"{held_out[:, -1].mean():.4f}", f"{seconds:.2f}"])  # fmt: skip
    write(given.out / "gradient_descent.svg", curves, "epoch", "training loss", log=True)
    print(terminal.table(rows, HEADER))


HEADER = [
    "steps by",
    "steps an epoch",
    "learning rate",
    "training loss",
    "validation loss",
    "s a run",
]


def splits():
    """((x, y) of training, of validation): scaled numbers (N, F), one-hot (N, C)."""
    method = catalog.method("tabular_classification/mlp")
    config = method.Config()
    data = method.adapt(catalog.load("breast_cancer"), config)
    columns = edge.Columns(method.learn(data.splits["train"], config)["columns"])
    learned = [json.dumps(column) for column in columns.columns]
    found = []
    for name in ("train", "validation"):
        part = tables.expand(data.splits[name], learned, "label")
        x = np.array(part.columns["features"], np.float64)
        found.append((x, np.eye(len(data.labels["label"]))[part.columns["label"]]))
    return found


def best_rate(train, validation, size, epochs):
    """The learning rate with the lowest validation loss at the end."""
    with np.errstate(all="ignore"):  # the largest ones are too large
        ends = {rate: trained(train, validation, size, rate, epochs, 100)[1][-1] for rate in RATES}
    return min(ends, key=lambda rate: ends[rate] if np.isfinite(ends[rate]) else np.inf)


def trained(train, validation, size, rate, epochs, seed):
    """(training loss, validation loss) after each epoch of plain gradient descent."""
    chance, (x, y) = np.random.default_rng(seed), train
    sizes = [(x.shape[1], HIDDEN), (HIDDEN, y.shape[1])]
    layers = []
    for size_in, size_out in sizes:  # Glorot & Bengio 2010, equation 16
        most = math.sqrt(6 / (size_in + size_out))
        layers.append((chance.uniform(-most, most, (size_in, size_out)), np.zeros(size_out)))
    size, told = size or len(x), []
    for _ in range(epochs):
        order = chance.permutation(len(x))
        for first in range(0, len(x), size):
            rows = order[first : first + size]
            layers = step(layers, x[rows], y[rows], rate)
        told.append([loss(layers, *own) for own in (train, validation)])
    return tuple(zip(*told, strict=True))


def step(layers, x, y, rate):
    """One step of the textbook."""
    done = backpropagation.forward(x, layers, "relu")
    _, error = backpropagation.cross_entropy(y, done.outputs)
    gradients = backpropagation.backward(done, layers, "relu", error)
    return backpropagation.step(layers, gradients, rate)


def loss(layers, x, y):
    return backpropagation.cross_entropy(y, backpropagation.forward(x, layers, "relu").outputs)[0]


def draw_schedules(path):
    """Each schedule with its defaults, over 30 epochs of ten steps, one of them warm-up."""
    curves = {}
    for kind in KINDS:
        config = perceptrons.Config(schedule=kind, epochs=30, steps_per_epoch=10, learning_rate=1.0)
        rates = optimization.schedule(config)
        steps = np.arange(300)
        curves[kind] = (steps / 10, np.array([float(rates(step)) for step in steps]))
    write(path, curves, "epoch", "share of learning_rate")


def write(path, curves, x_label, y_label, log=False):
    """Lines as SVG. curves: {name: (x, y)}; log: whether y goes by orders of magnitude."""
    shown = {name: (x, np.log10(y) if log else y) for name, (x, y) in curves.items()}
    low = min(y.min() for _, y in shown.values())
    high = max(y.max() for _, y in shown.values())
    most = max(x.max() for x, _ in shown.values())

    def place(x, y):
        across = EDGE + x / most * (WIDE - 190 - EDGE)
        down = HIGH - 34 - (y - low) / (high - low) * (HIGH - 60)
        return f"{across:.1f},{down:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}"'
        ' font-family="sans-serif" font-size="12">',
        f"<title>{y_label} by {x_label}: {', '.join(curves)}</title>",
        f'<rect width="{WIDE}" height="{HIGH}" fill="#ffffff"/>',
        f'<text x="{EDGE}" y="16" fill="#444">{y_label}{" (log)" if log else ""}</text>',
        f'<text x="{WIDE - 200}" y="{HIGH - 10}" text-anchor="end" fill="#444">{x_label}</text>',
    ]
    for value in (low, (low + high) / 2, high):
        at = place(0, value).split(",")[1]
        text = f"{10**value if log else value:.2g}"
        parts.append(f'<line x1="{EDGE}" x2="{WIDE - 190}" y1="{at}" y2="{at}" stroke="#ddd"/>')
        parts.append(f'<text x="{EDGE - 6}" y="{at}" dy="4" text-anchor="end">{text}</text>')
    for i, (name, (x, y)) in enumerate(shown.items()):
        points = " ".join(map(place, x, y))
        colour = COLOURS[i]
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        )
        parts.append(f'<text x="{WIDE - 180}" y="{40 + 20 * i}" fill="{colour}">{name}</text>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
