"""Pretrained nets: frozen, fine-tuned, on few examples, under a detector or a mask; and adaptation
between domains.

`python benchmarks/transfer.py features|tuned|few|bccd|membrane|texts|adaptation|cached|all [--data
FOLDER]`
"""

import argparse
import dataclasses
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import segmentation
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

import pipelines
from pipelines import catalog, terminal

SEEDS = (0, 1, 2)
# The two finest levels of the net stay as they are: edges and blobs need no training, and cost the
# most of it.
BCCD = dict(
    image_size=320, size="pico", backbone="efficientnet_lite0", batch_size=8, steps_per_epoch=240,
    warmup_epochs=0.5,
    unfreeze="14", phase_epochs="4", backbone_rate=0.2, learning_rate=2e-3, flip_vertical=True,
    on_bad_data="skip",
)  # fmt: skip
# As benchmarks/segmentation.py trains from scratch, but for the contracting path, which reaches as
# deep.
MEMBRANE = dict(
    encoder="efficientnet_lite0",
    depth=4,
    width=16,
    unfreeze="all",
    phase_epochs="9",
    backbone_rate=0.2,
)
TEXTS = dict(
    unfreeze="none,all",
    phase_epochs="5,2",
    phase_rates="3e-3,1e-4",
    block_rate=0.9,
    on_bad_data="skip",
)
FEW = (10, 20, 50)  # pictures of a class
ALIGNMENTS = (
    "source",
    "target",
    "dann",
    "adabn",
    "mmd",
    "deep_coral",
    "coral",
    "importance",
    "selection",
    "tradaboost",
)
ADAPTED = dict(
    epochs=12,
    batch_size=64,
    learning_rate=3e-3,
    backbone="compact_16",
    image_size=16,
    warmup_epochs=1,
    references=False,
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    here = os.environ.get(
        "PIPELINES_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"
    )
    parser.add_argument(
        "--data", default=here, help="folder with clothing, bccd, membrane and wnut17"
    )
    parts = {
        part.__name__: part
        for part in (features, tuned, few, bccd, membrane, texts, adaptation, cached)
    }
    parser.add_argument("what", choices=[*parts, "all"])
    parser.add_argument("--out", help="folder to keep the runs in")
    options = parser.parse_args()
    data, out = Path(options.data), Path(options.out or tempfile.mkdtemp())
    for name, measure in parts.items():
        if options.what in (name, "all"):
            measure(data, out / name)


def features(data, out):
    """Heads on frozen features."""
    rows = []
    for head, epochs in (("logistic_regression", 1), ("svm", 1), ("linear", 30), ("mlp", 30)):
        settings = dict(unfreeze="none", head=head, epochs=epochs, image_size=288)
        run, minutes = _train(data / "clothing", out / head, **settings)
        rows.append([head, f"{run.evaluate()['accuracy']:.4f}", f"{minutes:.1f}"])
        print(rows[-1], flush=True)
    print(terminal.table(rows, ["head, frozen features", "test accuracy", "minutes"]))


def tuned(data, out):
    """The defaults: logistic regression first, then all blocks; and its int8 file."""
    run, minutes = _train(data / "clothing", out / "run")
    rows = [["Keras", f"{run.evaluate()['accuracy']:.4f}", f"{minutes:.1f}"]]
    bundle = run.export(out / "bundle", files=["float32", "int8"], max_drop=1)
    rows += [
        [kind, f"{record['metrics']['accuracy']:.4f}", ""] for kind, record in bundle.files.items()
    ]
    print(terminal.table(rows, ["fine-tuned", "test accuracy", "minutes"]))


def few(data, out):
    """Test accuracy by pictures of a class: transfer and from scratch, mean of three seeds."""
    rows = []
    for count in FEW:
        transfer, scratch = [], []
        for seed in SEEDS:
            part = _part(data / "clothing", out / f"data_{count}_{seed}", count, seed)
            run, _ = _train(
                part,
                out / f"transfer_{count}_{seed}",
                head="logistic_regression",
                epochs=1,
                seed=seed,
            )
            transfer.append(run.evaluate()["accuracy"])
            settings = dict(
                image_size=64, backbone="compact_16", epochs=20, flip=True, seed=seed, keep="last"
            )
            run = pipelines.train(
                "scratch",
                part,
                out / f"scratch_{count}_{seed}",
                learning_rate=3e-3,
                **settings,
            )
            scratch.append(run.evaluate()["accuracy"])
        rows.append([count, *(f"{np.mean(v):.3f} ± {np.std(v):.3f}" for v in (transfer, scratch))])
        print(rows[-1], flush=True)
    print(terminal.table(rows, ["pictures of a class", "transfer", "from scratch, 64 px"]))
    (out / "few.svg").write_text(_plot(rows), encoding="utf-8")


def _plot(rows):
    """An SVG of accuracy by pictures of a class, mean and standard deviation: rows as `few` prints
    them."""
    width, height, left, right, top, bottom = 560, 300, 48, 432, 40, 252
    spot = {
        count: left + 24 + (right - left - 48) * i / (len(rows) - 1)
        for i, (count, *_) in enumerate(rows)
    }

    def place(share):
        return bottom - (bottom - top) * share

    parts = [
        f'<text x="{left}" y="20" class="title">Test accuracy on photos of clothes, mean of'
        f" {len(SEEDS)} seeds</text>"
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = place(share)
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{share:g}</text>')
    for count, x in spot.items():
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{count}</text>')
    middle = (left + right) / 2
    parts.append(
        f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">training pictures of each'
        " class</text>"
    )
    for column, name, colour in (
        (1, "pretrained, frozen", "#1a5fb4"),
        (2, "from scratch", "#a04000"),
    ):
        points = [(spot[row[0]], *map(float, row[column].split(" ± "))) for row in rows]
        path = " ".join(f"{x:.1f},{place(mean):.1f}" for x, mean, _ in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, mean, deviation in points:
            low, high = place(mean - deviation), place(mean + deviation)
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"'
                f' stroke="{colour}"/>'
            )
            parts.append(f'<circle cx="{x:.1f}" cy="{place(mean):.1f}" r="3.5" fill="{colour}"/>')
            parts.append(
                f'<text x="{x:.1f}" y="{high - 8:.1f}" text-anchor="middle"'
                f' fill="{colour}">{mean:.2f}</text>'
            )
        parts.append(
            f'<text x="{right + 6}" y="{place(points[-1][1]) + 4:.1f}"'
            f' fill="{colour}">{name}</text>'
        )
    style = "text{font:13px sans-serif}.title{font-weight:bold}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}">'
    )
    return "\n".join(
        [
            head,
            f"<style>{style}</style>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def bccd(data, out):
    """A detector on the pretrained net."""
    began = time.perf_counter()
    run = pipelines.train("yolo", data / "bccd", out / "run", **BCCD)
    minutes, found = (time.perf_counter() - began) / 60, run.evaluate()
    row = [f"{found['map50']:.4f}", f"{found['map50_95']:.4f}", f"{minutes:.1f}"]
    print(terminal.table([row], ["mAP50", "mAP50-95", "minutes"]))


def membrane(data, out):
    """Segmentation with the pretrained net as its encoder."""
    began = time.perf_counter()
    settings = segmentation.MEMBRANE | MEMBRANE
    run = pipelines.train(
        "unet", segmentation.membrane_data(data / "membrane"), out / "run", **settings
    )
    minutes, found = (time.perf_counter() - began) / 60, run.evaluate()
    each = ", ".join(
        f"{label} {values['mean_iou']:.3f}" for label, values in found["per_class"].items()
    )
    print(
        terminal.table(
            [[f"{found['mean_iou']:.4f}", each, f"{minutes:.1f}"]],
            ["mean IoU", "by class", "minutes"],
        )
    )


def texts(data, out):
    """Does a message of WNUT-17 name anything? MiniLM, frozen and fine-tuned, beside a regression
    on counted words."""
    read, rows = _named(data / "wnut17"), []
    held = [
        (read.splits[s].columns["text"], read.splits[s].columns["label"]) for s in ("train", "test")
    ]
    counted = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=1000)
    )
    found = counted.fit(*held[0]).predict(held[1][0])
    rows.append(
        [
            "counted words",
            *(f"{judge(held[1][1], found):.4f}" for judge in (accuracy_score, _macro)),
            "",
        ]
    )
    for name, settings in (
        ("frozen", dict(head="logistic_regression", epochs=1, on_bad_data="skip")),
        ("fine-tuned", TEXTS),
    ):
        began = time.perf_counter()
        run = pipelines.train("text_classification", read, out / name, **settings)
        minutes, result = (time.perf_counter() - began) / 60, run.evaluate()
        rows.append(
            [name, f"{result['accuracy']:.4f}", f"{result['macro_f1']:.4f}", f"{minutes:.1f}"]
        )
        print(rows[-1], flush=True)
    print(terminal.table(rows, ["messages of WNUT-17", "test accuracy", "macro F1", "minutes"]))


def _named(folder):
    """WNUT-17 with a label a message: whether it names a person, place, product or other entity."""
    read = catalog.load(folder)
    nothing = read.labels["ner"].index("O")
    splits = {}
    for split, part in read.splits.items():
        said = [" ".join(tokens) for tokens in part.columns["tokens"]]
        label = [int(any(tag != nothing for tag in tags)) for tags in part.columns["ner"]]
        splits[split] = dataclasses.replace(part, columns={"text": said, "label": label})
    return dataclasses.replace(read, splits=splits, labels={"label": ["nothing", "names"]})


def _macro(truth, guess):
    return f1_score(truth, guess, average="macro")


def adaptation(data, out):
    """Accuracy in the target domain by alignment, mean of three seeds; `source` is the floor,
    `target` the ceiling."""
    found = {}
    for alignment in ALIGNMENTS:
        for seed in SEEDS:
            settings = dict(alignment=alignment, seed=seed, **ADAPTED)
            run = pipelines.train("adaptation", None, out / f"{alignment}_{seed}", **settings)
            result = run.evaluate()
            pair = result["accuracy"], result["source_accuracy"]
            found.setdefault(alignment, []).append(pair)
        print(alignment, found[alignment], flush=True)
    floor, ceiling = (np.mean(found[alignment], 0)[0] for alignment in ("source", "target"))
    rows = []
    for alignment, values in found.items():
        accuracy, source = np.mean(values, 0)
        closed = f"{(accuracy - floor) / (ceiling - floor):.0%}"
        rows.append(
            [alignment, f"{accuracy:.3f} ± {np.std(values, 0)[0]:.3f}", f"{source:.3f}", closed]
        )
    print(terminal.table(rows, ["alignment", "target accuracy", "source accuracy", "of the gap"]))


def cached(data, out):
    """An epoch of the frozen phase with features that are computed once, and without."""
    seconds = {}
    plain = dict(unfreeze="none", head="linear", epochs=3, steps_per_epoch=20)
    for name, settings in (("cached", {}), ("anew", {"augment_frozen": True})):
        run, _ = _train(data / "clothing", out / name, **plain, **settings)
        rows = (run.path / "history.csv").read_text().splitlines()
        at = rows[0].split(",").index("seconds")
        seconds[name] = float(rows[-1].split(",")[at])
    print(
        f"20 steps of 32, and validation: {seconds['anew']:.2f} s anew, {seconds['cached']:.2f} s"
        f" cached, {seconds['anew'] / seconds['cached']:.0f} times faster"
    )


def _train(data, run, **settings):
    """(a finished transfer run, minutes)."""
    began = time.perf_counter()
    return pipelines.train("transfer", data, run, **settings), (time.perf_counter() - began) / 60


def _part(data, out, count, seed):
    """`count` random training pictures of each class, with all of validation and test."""
    for split in ("validation", "test"):
        shutil.copytree(data / split, out / split)
    for folder in sorted((data / "train").iterdir()):
        files = sorted(folder.iterdir())
        (out / "train" / folder.name).mkdir(parents=True)
        for i in np.random.default_rng(seed).permutation(len(files))[:count]:
            shutil.copy(files[i], out / "train" / folder.name)
    return out


if __name__ == "__main__":
    main()
