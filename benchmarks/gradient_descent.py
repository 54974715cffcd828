"""Loss curves of batch, stochastic and mini-batch gradient descent, and the schedules, as pictures.

    python benchmarks/gradient_descent.py [--out docs] [--seeds 3] [--epochs 30]

Trains `tabular_classification/mlp` on breast_cancer by plain SGD, with batches of all examples, of 32
and of one, and the learning rate of LEARNING_RATES for each that ends lowest on the validation split
with seed 100, which is not drawn. Writes gradient_descent.svg and schedules.svg, and prints the table
of the page. Needs two cores and about ten minutes.
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

import pipelines
from pipelines import optimization, terminal
from pipelines.families import perceptrons

BATCHES = {"batch (all)": 0, "mini-batch (32)": 32, "stochastic (1)": 1}
LEARNING_RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
PLAIN = dict(
    optimizer="sgd", momentum=0.0, weight_decay=0.0, schedule="constant", warmup_epochs=0.0,
    dropout=0.0, label_smoothing=0.0, patience=0, calibrated=False, width=16,
)  # fmt: skip
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
    rows, curves = [], {}
    for name, size in BATCHES.items():
        rate = best_rate(size, given.epochs)
        found = [trained(size, rate, given.epochs, seed) for seed in range(given.seeds)]
        losses = np.array([history["loss"] for history, _ in found])
        validation = np.array([history["val_loss"][-1] for history, _ in found])
        seconds = np.mean([spent for _, spent in found])
        curves[name] = (np.arange(1, given.epochs + 1), losses.mean(0))
        rows.append([name, f"{rate:g}", f"{losses[:, -1].mean():.4f}", f"{validation.mean():.4f}",
                     f"{validation.std(ddof=1):.4f}", f"{seconds:.1f}"])  # fmt: skip
        print(terminal.table([rows[-1]], HEADER), flush=True)
    write(given.out / "gradient_descent.svg", curves, "epoch", "training loss", log=True)
    print(terminal.table(rows, HEADER))


HEADER = ["steps by", "learning rate", "training loss", "validation loss", "sd", "s a run"]


def best_rate(size, epochs):
    """The learning rate with the lowest validation loss at the end."""
    ends = {}
    for rate in LEARNING_RATES:
        last = trained(size, rate, epochs, 100)[0]["val_loss"][-1]
        ends[rate] = last if last is not None and np.isfinite(last) else np.inf
    return min(ends, key=ends.__getitem__)


def trained(size, rate, epochs, seed):
    """(history, seconds) of a run."""
    began = time.perf_counter()
    settings = {**PLAIN, "batch_size": size, "learning_rate": rate, "epochs": epochs, "seed": seed}
    with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()):
        run = pipelines.train(
            "tabular_classification/mlp", "breast_cancer", Path(out) / "r", **settings
        )
        return dict(run.history), time.perf_counter() - began


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
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" font-family="sans-serif"'
        ' font-size="12">',
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
