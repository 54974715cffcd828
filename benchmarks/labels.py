"""Two labels a picture by one net, compared with a net for each: photos of clothes.

    python benchmarks/labels.py [--data FOLDER] [--most 150] [--seeds 3]

Of the photos those of four classes are taken: long-sleeved shirts, T-shirts, trousers and shorts.
Each is upper or lower, and long or short. One net learns the four labels, two nets learn a class
each, with the same settings; the pretrained net stays frozen, as this is about the head. Prints F1
of each label. Needs two cores, the extra `pretrained` and about ten minutes.
"""

import argparse
import contextlib
import io
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import pipelines
from pipelines import terminal

NAMED = {
    "longsleeve": ("upper", "long"), "t-shirt": ("upper", "short"),
    "pants": ("lower", "long"), "shorts": ("lower", "short"),
}  # fmt: skip
LABELS = ("upper", "lower", "long", "short")
SETTINGS = dict(unfreeze="none", epochs=1, image_size=160)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/clothing"))
    parser.add_argument("--most", type=int, default=150, help="training pictures of a class")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    found = {"one net": [], "two nets": []}
    for seed in range(given.seeds):
        for name, scores in measured(given.data.resolve(), given.most, seed).items():
            found[name].append([scores[label] for label in LABELS])
        rows = [_row(name, np.array(own)) for name, own in found.items()]
        print(terminal.table(rows, ["", *LABELS, "macro F1", "sd"]), flush=True)


def _row(name, scores):
    means = scores.mean(1)
    spread = f"{means.std(ddof=1):.4f}" if len(means) > 1 else ""
    return [name, *(f"{value:.4f}" for value in scores.mean(0)), f"{means.mean():.4f}", spread]


def measured(data, most, seed):
    """{way: {label: F1 on the test split}}"""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        one = trained(data, most, seed, out, "both", lambda names: "|".join(names))
        upper = trained(data, most, seed, out, "upper", lambda names: names[0])
        long = trained(data, most, seed, out, "long", lambda names: names[1])
    two = {**upper["per_class"], **long["per_class"]}
    return {
        "one net": {label: one["per_class"][label]["macro_f1"] for label in LABELS},
        "two nets": {label: two[label]["f1"] for label in LABELS},
    }


def trained(data, most, seed, out, name, label):
    """The result of a run on copies of the pictures, with the labels that `label` gives."""
    folder = out / name
    folder.mkdir()
    lines = ["path,label,split"]
    for split in ("train", "validation", "test"):
        for own, names in NAMED.items():
            files = sorted((data / split / own).iterdir())
            chosen = np.random.default_rng(seed).permutation(len(files))
            for i in chosen[: most if split == "train" else len(files)]:
                copy = folder / f"{split}-{own}-{files[i].name}"
                copy.write_bytes(files[i].read_bytes())
                lines.append(f"{copy.name},{label(names)},{split}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    with contextlib.redirect_stdout(io.StringIO()):
        run = pipelines.train(
            "transfer", folder / "table.csv", out / f"run_{name}", seed=seed,
            on_bad_data="skip", **SETTINGS,
        )  # fmt: skip
        return run.evaluate()


if __name__ == "__main__":
    main()
