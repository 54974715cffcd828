"""Pretrained nets: frozen, fine-tuned, on few examples, under a detector or a mask; and adaptation between domains.

`python benchmarks/transfer.py features|tuned|few|bccd|membrane|adaptation|cached|all [--data FOLDER]`
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import segmentation

import pipelines
from pipelines import terminal

SEEDS = (0, 1, 2)
TUNED = dict(
    head="logistic_regression",
    unfreeze="none,all",
    phase_epochs="1,4",
    phase_rates="1e-3,4e-4",
    block_rate=0.9,
    flip=True,
    zoom=0.2,
    colour=0.2,
)
# The two finest levels of the net stay as they are: edges and blobs need no training, and cost the most of it.
BCCD = dict(
    image_size=320, size="pico", backbone="efficientnet_lite0", batch_size=8, steps_per_epoch=240, warmup_epochs=0.5,
    unfreeze="14", phase_epochs="4", backbone_rate=0.2, learning_rate=2e-3, flip_vertical=True, on_bad_data="skip",
)  # fmt: skip
# As benchmarks/segmentation.py trains from scratch, but for the contracting path, which reaches as deep.
MEMBRANE = dict(encoder="efficientnet_lite0", depth=4, width=16, unfreeze="all", phase_epochs="9", backbone_rate=0.2)
FEW = (10, 20, 50)  # pictures of a class
METHODS = ("source", "target", "dann", "adabn", "mmd", "deep_coral", "coral", "importance", "selection", "tradaboost")
ADAPTED = dict(
    epochs=12,
    batch_size=64,
    learning_rate=3e-3,
    backbone="compact_16",
    image_size=16,
    warmup_epochs=1,
    references=False,
)
FACTORS = {"dann": 0.3, "deep_coral": 10.0}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument(
        "--data", default=os.environ.get("PIPELINES_TEST_DATA", here), help="folder with clothing, bccd, membrane"
    )
    parser.add_argument("what", choices=("features", "tuned", "few", "bccd", "membrane", "adaptation", "cached", "all"))
    parser.add_argument("--out", help="folder to keep the runs in")
    options = parser.parse_args()
    data, out = Path(options.data), Path(options.out or tempfile.mkdtemp())
    parts = (features, tuned, few, bccd, membrane, adaptation, cached)
    for measure in parts:
        if options.what in (measure.__name__, "all"):
            measure(data, out / measure.__name__)


def features(data, out):
    """Heads on frozen features."""
    rows = []
    for head, epochs in (("logistic_regression", 1), ("svm", 1), ("linear", 30), ("mlp", 30)):
        run, minutes = _train(data / "clothing", out / head, head=head, epochs=epochs, image_size=288)
        rows.append([head, f"{run.evaluate()['accuracy']:.4f}", f"{minutes:.1f}"])
        print(rows[-1], flush=True)
    print(terminal.table(rows, ["head, frozen features", "test accuracy", "minutes"]))


def tuned(data, out):
    """Logistic regression first, then all blocks; and its int8 file."""
    run, minutes = _train(data / "clothing", out / "run", **TUNED)
    rows = [["Keras", f"{run.evaluate()['accuracy']:.4f}", f"{minutes:.1f}"]]
    bundle = run.export(out / "bundle", formats=["float32", "int8"], max_drop=1)
    rows += [[kind, f"{record['metrics']['accuracy']:.4f}", ""] for kind, record in bundle.files.items()]
    print(terminal.table(rows, ["fine-tuned", "test accuracy", "minutes"]))


def few(data, out):
    """Test accuracy by pictures of a class: transfer and from scratch, mean of three seeds."""
    rows = []
    for count in FEW:
        transfer, scratch = [], []
        for seed in SEEDS:
            part = _part(data / "clothing", out / f"data_{count}_{seed}", count, seed)
            run, _ = _train(part, out / f"transfer_{count}_{seed}", head="logistic_regression", epochs=1, seed=seed)
            transfer.append(run.evaluate()["accuracy"])
            settings = dict(image_size=64, backbone="compact_16", epochs=20, flip=True, seed=seed, keep="last")
            run = pipelines.train(
                "classification", part, out / f"scratch_{count}_{seed}", learning_rate=3e-3, **settings
            )
            scratch.append(run.evaluate()["accuracy"])
        rows.append([count, *(f"{np.mean(v):.3f} ± {np.std(v):.3f}" for v in (transfer, scratch))])
        print(rows[-1], flush=True)
    print(terminal.table(rows, ["pictures of a class", "transfer", "from scratch, 64 px"]))


def bccd(data, out):
    """A detector on the pretrained net."""
    began = time.perf_counter()
    run = pipelines.train("detection", data / "bccd", out / "run", **BCCD)
    minutes, found = (time.perf_counter() - began) / 60, run.evaluate()
    print(terminal.table([[f"{found['map50']:.4f}", f"{found['map50_95']:.4f}", f"{minutes:.1f}"]], ["mAP50", "mAP50-95", "minutes"]))  # noqa: E501  # fmt: skip


def membrane(data, out):
    """Segmentation with the pretrained net as its encoder."""
    began = time.perf_counter()
    settings = segmentation.MEMBRANE | MEMBRANE
    run = pipelines.train("segmentation", segmentation.membrane_data(data / "membrane"), out / "run", **settings)
    minutes, found = (time.perf_counter() - began) / 60, run.evaluate()
    each = ", ".join(f"{label} {values['mean_iou']:.3f}" for label, values in found["per_class"].items())
    print(terminal.table([[f"{found['mean_iou']:.4f}", each, f"{minutes:.1f}"]], ["mean IoU", "by class", "minutes"]))


def adaptation(data, out):
    """Accuracy in the target domain by method, mean of three seeds; `source` is the floor, `target` the ceiling."""
    found = {}
    for method in METHODS:
        for seed in SEEDS:
            settings = dict(method=method, seed=seed, factor=FACTORS.get(method, 1.0), **ADAPTED)
            run = pipelines.train("adaptation", None, out / f"{method}_{seed}", **settings)
            result = run.evaluate()
            found.setdefault(method, []).append((result["accuracy"], result["source_accuracy"]))
        print(method, found[method], flush=True)
    floor, ceiling = (np.mean(found[method], 0)[0] for method in ("source", "target"))
    rows = []
    for method, values in found.items():
        accuracy, source = np.mean(values, 0)
        closed = f"{(accuracy - floor) / (ceiling - floor):.0%}"
        rows.append([method, f"{accuracy:.3f} ± {np.std(values, 0)[0]:.3f}", f"{source:.3f}", closed])
    print(terminal.table(rows, ["method", "target accuracy", "source accuracy", "of the gap"]))


def cached(data, out):
    """An epoch of the frozen phase with features that are computed once, and without."""
    seconds = {}
    for name, settings in (("cached", {}), ("anew", {"augment_frozen": True})):
        run, _ = _train(data / "clothing", out / name, epochs=3, steps_per_epoch=20, **settings)
        rows = (run.path / "history.csv").read_text().splitlines()
        at = rows[0].split(",").index("seconds")
        seconds[name] = float(rows[-1].split(",")[at])
    print(f"20 steps of 32, and validation: {seconds['anew']:.2f} s anew, {seconds['cached']:.2f} s cached, "
          f"{seconds['anew'] / seconds['cached']:.0f} times faster")  # fmt: skip


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
