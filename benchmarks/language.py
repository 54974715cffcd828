"""Language models: nats per character on tiny Shakespeare, perplexity on WikiText-2's validation
file.

    python benchmarks/language.py shakespeare [gru ...] --folder DIR [--seeds 1] [--set N=V ...]
    python benchmarks/language.py wikitext [lstm ...] --folder DIR [--seeds 1] [--set N=V ...]
    python benchmarks/language.py bundled [lstm ...] [--data python_prose] [--seeds 1] [--set N=V ...]
    python benchmarks/language.py speed BUNDLE ... [--items 200] [--threads 1]

shakespeare: the folder has `input.txt`. The last tenth of it, by position, is the test split; the
last twentieth of the rest is the validation split. Nats are those of all characters of the test
split, the ends of paragraphs among them, which are one item here and two characters in the file.
wikitext: the folder has `valid.txt`, all of which trains, and `test.txt`. Nothing is held out, so
the number of epochs is fixed beforehand.
bundled: data that is bundled, with the defaults of each method.
speed: what each file of bundles needs in LiteRT for the first item after a prompt of 16 items, and
how many it makes in a second after that, the likeliest each time. Medians, of three and of all items.
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
from pipelines import catalog, terminal
from pipelines.edge import language_model, learned, litert, text_ids

PROMPT = 16  # items
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


def bundled(data, out, name, seed, settings):
    """A row of the table."""
    began = _cpu()
    run = pipelines.train(
        f"language_model/{name}", data, run=out / f"{name}{seed}", seed=seed, **settings
    )
    texts = catalog.load(data).splits["test"].columns["text"]
    return [name, seed, *judged(run, "\n".join([*texts, ""]), began)]


def wikitext(folder, out, name, seed, settings):
    """A row of the table."""
    texts = {split: (folder / f"{split}.txt").read_text("utf-8") for split in ("valid", "test")}
    given = {"units": "tokens", "vocabulary": 20_000, "seed": seed, **settings}
    data = out / "wikitext"
    if not data.exists():
        write(data, **texts)
    began = _cpu()
    run = pipelines.train(f"language_model/{name}", data, run=out / f"{name}{seed}", **given)
    return [name, seed, *judged(run, texts["test"], began)]


def speed(bundles, items, threads):
    """Prints a table of the files of bundles."""
    rows = []
    for folder in map(Path, bundles):
        bundle = pipelines.load(folder)
        manifest = {**bundle.manifest, "learned": learned.read(folder / "learned")}
        for kind, file in bundle.files.items():
            path = folder / file["path"]
            if path.suffix != ".tflite":
                continue
            timed = [_timed(path, manifest, items, threads) for _ in range(3)]
            first, each = np.median(timed, 0)
            size = f"{path.stat().st_size / 1000:,.0f}"
            rows.append([folder.name, kind, size, f"{1e3 * first:.1f}", f"{1 / each:,.0f}"])
    print(terminal.table(rows, ["bundle", "file", "KB", "first item, ms", "items a second"]))


def _timed(path, manifest, items, threads):
    """(seconds to the first item after PROMPT items, the median of those to each that follows)."""
    reader = language_model.opened(litert.Model(path, threads), manifest).reader()
    prompt, times = np.arange(PROMPT) % 2 + text_ids.FIRST, []
    began = time.perf_counter()
    logits = reader.read(prompt.tolist())
    first = time.perf_counter() - began
    for _ in range(items):
        began = time.perf_counter()
        logits = reader.read([int(logits.argmax())])
        times.append(time.perf_counter() - began)
    return first, np.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("shakespeare", "wikitext", "bundled", "speed"))
    parser.add_argument("methods", nargs="*", default=["gru"], help="or bundles, of speed")
    parser.add_argument("--folder", type=Path, help="of tiny Shakespeare, or of WikiText-2")
    parser.add_argument("--data", default="python_prose")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    if given.what == "speed":
        return speed(given.methods, given.items, given.threads)
    settings = dict(pair.split("=", 1) for pair in given.set)
    measured = {"shakespeare": shakespeare, "wikitext": wikitext, "bundled": bundled}[given.what]
    source = given.data if given.what == "bundled" else given.folder
    table = []
    with tempfile.TemporaryDirectory() as scratch:
        out = given.out or Path(scratch)
        for name in given.methods:
            for seed in range(given.seeds):
                began = time.perf_counter()
                table.append(measured(source, out, name, seed, settings))
                print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
                print(terminal.table(table, HEADER), flush=True)


if __name__ == "__main__":
    main()
