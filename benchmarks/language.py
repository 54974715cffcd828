"""Language models: nats per character on tiny Shakespeare, perplexity on WikiText-2's validation file.

    python benchmarks/language.py shakespeare FOLDER [gru ...] [--seeds 1] [--set NAME=VALUE ...]
    python benchmarks/language.py wikitext FOLDER [lstm ...] [--seeds 1] [--set NAME=VALUE ...]
    python benchmarks/language.py gradients

shakespeare: FOLDER has `input.txt`. The last tenth of it, by position, is the test split; the last
twentieth of the rest is the validation split. Nats are those of all characters of the test split,
the ends of paragraphs among them, which are one item here and two characters in the file.
wikitext: FOLDER has `valid.txt` and `test.txt`. A first run trains on nine tenths of the validation
file and finds the number of epochs by its last tenth; a second one trains on all of it for so many.
gradients: the norm of the gradient that the last item of a window sends to each earlier one, for
untrained rnn, lstm and gru: docs/gradients.svg.
Prints a table, with CPU minutes of both cores together.
"""

import argparse
import math
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import pipelines
from pipelines import terminal

HEADER = ["method", "seed", "perplexity", "bits per byte", "nats per character", "floor", "CPU min"]


def by_position(text, shares):
    """A text in parts: shares of its characters, and what is left."""
    ends = [0, *(round(len(text) * end) for end in np.cumsum(shares)), len(text)]
    return [text[a:b] for a, b in zip(ends, ends[1:], strict=False)]


def write(folder, **parts):
    """{split: text} as the .txt files of a folder."""
    folder.mkdir(parents=True)
    for name, text in parts.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return folder


def judged(run, test, began):
    """The last columns of a row."""
    result = run.evaluate("test")
    size = sum(
        int(row.sum()) for row in map(np.asarray, run.split("test").examples.columns["bytes"])
    )
    nats = result["bits_per_byte"] * math.log(2) * size / len(test)
    numbers = (result["perplexity"], result["bits_per_byte"], nats, result["floor"])
    return [*(f"{number:.4f}" for number in numbers), f"{(_cpu() - began) / 60:.1f}"]


def _cpu():
    return sum(os.times()[:4])


def shakespeare(folder, out, name, seed, settings):
    """A row of the table."""
    text = (folder / "input.txt").read_text("utf-8")
    train, valid, test = by_position(text, (0.9 * 0.95, 0.9 * 0.05))
    data = out / "shakespeare"
    if not data.exists():
        write(data, train=train, valid=valid, test=test)
    began = _cpu()
    run = pipelines.train(
        f"language_model/{name}", data, run=out / f"{name}{seed}", seed=seed, **settings
    )
    return [name, seed, *judged(run, test, began)]


def wikitext(folder, out, name, seed, settings):
    """A row of the table."""
    texts = {split: (folder / f"{split}.txt").read_text("utf-8") for split in ("valid", "test")}
    given = {"units": "tokens", "vocabulary": 20_000, "seed": seed, **settings}
    parts, whole = out / "parts", out / "whole"
    if not parts.exists():
        train, valid = by_position(texts["valid"], (0.9,))
        write(parts, train=train, valid=valid, test=texts["test"])
        write(whole, **texts)
    began = _cpu()
    first = pipelines.train(f"language_model/{name}", parts, run=out / f"{name}{seed}a", **given)
    losses = [row for row in first.history["val_loss"] if row is not None]
    best = 1 + int(np.argmin(losses))
    fixed = {"monitor": "", "keep": "last", "patience": 0}
    given |= {"epochs": len(losses), **fixed}
    given |= {"epochs": best, "schedule": "constant"} if given.get("schedule") == "constant" else {}
    run = pipelines.train(f"language_model/{name}", whole, run=out / f"{name}{seed}b", **given)
    return [name, seed, *judged(run, texts["test"], began)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("shakespeare", "wikitext"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("methods", nargs="*", default=["gru"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in given.set)
    measured = {"shakespeare": shakespeare, "wikitext": wikitext}[given.what]
    table = []
    with tempfile.TemporaryDirectory() as scratch:
        out = given.out or Path(scratch)
        for name in given.methods:
            for seed in range(given.seeds):
                began = time.perf_counter()
                table.append(measured(given.folder, out, name, seed, settings))
                print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
                print(terminal.table(table, HEADER), flush=True)


if __name__ == "__main__":
    main()
