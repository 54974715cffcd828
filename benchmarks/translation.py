"""Translation of Multi30k and of Tatoeba's short sentences: BLEU of each method, by length, files.

python benchmarks/translation.py multi30k attention encoder_decoder --folder multi30k/
python benchmarks/translation.py tatoeba attention --folder fra.txt
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

import pipelines
from pipelines import terminal

HEADER = ("data", "method", "epochs", "BLEU", "chrF", "exact", "minutes")
FILES = ("method", "file", "KB", "share", "BLEU")
WORDS = range(3, 8)  # of the sources of Tatoeba that are taken
HELD = 1000  # sources of the test, and half as many of validation


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("multi30k", "tatoeba"))
    parser.add_argument("methods", nargs="*", default=["attention"])
    parser.add_argument("--folder", type=Path, required=True, help="or Tatoeba's file of pairs")
    parser.add_argument("--set", nargs="*", default=["epochs=5"])
    parser.add_argument("--files", action="store_true", help="export, and judge the files as well")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in given.set)
    table, files = [], []
    with tempfile.TemporaryDirectory() as scratch:
        out = given.out or Path(scratch)
        data = given.folder if given.what == "multi30k" else short(given.folder, out)
        languages = {"source": "en", "target": "de" if given.what == "multi30k" else "fr"}
        for name in given.methods:
            began = time.perf_counter()
            run = pipelines.train(f"translation/{name}", data, out / name, **languages, **settings)
            minutes = (time.perf_counter() - began) / 60
            found = run.evaluate(split="test")
            scores = [f"{found[key]:.3g}" for key in ("bleu", "chrf", "exact_match")]
            row = (given.what, name, settings.get("epochs", ""), *scores, f"{minutes:.1f}")
            table.append(row)
            print(terminal.table(table, HEADER), flush=True)
            print("BLEU by words of the source:", by_length(found), flush=True)
            if given.files:
                files += judged(run, name, out)
                print(terminal.table(files, FILES), flush=True)


def short(file, out):
    """Tatoeba's pairs with 3 to 7 words of English, as lines in files; a folder.

    A source is in one split only, with all of its translations; of a held-out one the first is kept.
    """
    pairs: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        english, french, *_ = line.split("\t")
        if len(english.split()) in WORDS:
            pairs.setdefault(english, []).append(french.replace("\u202f", " "))
    sources = sorted(pairs)
    random.Random(0).shuffle(sources)
    parts = {
        "test": sources[:HELD],
        "val": sources[HELD : HELD + HELD // 2],
        "train": sources[HELD + HELD // 2 :],
    }
    folder = out / "tatoeba"
    folder.mkdir(parents=True, exist_ok=True)
    for split, own in parts.items():
        rows = [(a, b) for a in own for b in (pairs[a] if split == "train" else pairs[a][:1])]
        for place, language in enumerate(("en", "fr")):
            lines = "".join(f"{row[place]}\n" for row in rows)
            (folder / f"{split}.{language}").write_text(lines, encoding="utf-8")
    return folder


def by_length(found):
    curve = found["curves"].get("BLEU by length", {"x": [], "y": []})
    return ", ".join(f"{x:g}: {y:.1f}" for x, y in zip(curve["x"], curve["y"], strict=True))


def judged(run, name, out):
    """Rows of the files, each judged on the test split."""
    bundle = run.export(out / f"{name}_bundle", max_drop=100.0)
    records = bundle.manifest["files"]
    whole = records["float32"]["size_bytes"]
    rows = []
    for kind, record in records.items():
        if "size_bytes" in record:
            size = record["size_bytes"]
            score = f"{record['metrics']['bleu']:.2f}"
            rows.append((name, kind, f"{size / 1024:.0f}", f"{size / whole:.0%}", score))
    return rows


if __name__ == "__main__":
    main()
