"""The claims about segmentation, measured: membrane, digit_scenes, the int8 file, and a picture of
4096 x 4096.

    python benchmarks/segmentation.py [membrane] [scenes] [large] [--data shared/data/membrane]
    [--out DIR]

Prints a table. Needs two cores and about half an hour. `membrane` wants the folder of `image/N.png`
and `label/N.png`.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

# Training looks at parts of 256 px in batches of 6: with whole pictures one by one, batch
# normalisation learns the statistics of single pictures. The model takes whole pictures, and
# averages over eight views as the U-Net paper does. Bends and changes of scale blur edges that are
# three pixels wide: with them the net fitted not even its training set.
MEMBRANE = dict(
    seed=0, epochs=10, steps_per_epoch=128, batch_size=6, patch=2, width=32, depth=3,
    learning_rate=3e-3,
    warmup_epochs=0.5, image_size=512, crop=256, views=8, dropout=0.0, ema=0.98, flip=True,
    turn=True, shift=0.0,
    zoom=0.0, rotate=0.0, elastic=0.0, colour=0.2, keep="last",
)  # fmt: skip
# Nine pixels of ten are background; weighed alike, they hold the net at "nothing anywhere" for
# hundreds of steps.
SCENES = dict(
    seed=0, epochs=6, batch_size=8, patch=2, width=24, depth=3, learning_rate=5e-3,
    warmup_epochs=0.3, dropout=0.0,
    shift=0.0, zoom=0.0, rotate=0.0, colour=0.1, class_weight_values=(1,) + 10 * (4,), keep="last",
)  # fmt: skip
MEMBRANE_TEST = range(24, 30)
LARGE = 4096  # px


def membrane(folder, out):
    import pipelines

    return pipelines.train("unet", data=membrane_data(folder), run=out / "membrane", **MEMBRANE)


def membrane_data(folder, validation=()):
    """Images 0-23 train, less those of `validation`, 24-29 test."""
    import dataclasses

    from pipelines.formats import masks

    read = masks.read(folder)
    rows = [
        (int(Path(name).stem), part, i)
        for part in read.splits.values()
        for i, name in enumerate(part.names)
    ]
    wanted = {"validation": validation, "test": MEMBRANE_TEST}
    wanted["train"] = [n for n, *_ in rows if not any(n in numbers for numbers in wanted.values())]
    splits = {
        split: (
            _joined(
                [part.take([i]) for n, part, i in sorted(rows, key=lambda r: r[0]) if n in numbers]
            )
            if numbers
            else rows[0][1].take([])
        )
        for split, numbers in wanted.items()
    }
    return dataclasses.replace(
        read, splits=splits, labels={"segmentation_mask": ["membrane", "cell"]}
    )


def _joined(parts):
    import dataclasses

    columns = {name: [p.columns[name][0] for p in parts] for name in parts[0].columns}
    names = [p.names[0] for p in parts]
    return dataclasses.replace(parts[0], names=names, where=list(names), columns=columns)


def scenes(out):
    import pipelines

    return pipelines.train("unet", run=out / "scenes", **SCENES)


def judged(run, out, minutes):
    """Rows of one run: Keras on the test split, and each file of its bundle."""
    result = run.evaluate("test")
    per_class = {
        label: round(values["mean_iou"], 3) for label, values in result["per_class"].items()
    }
    told = {k: v for k, v in result.items() if k[0] != "m" or k == "mean_iou"}
    told = {"run": str(run.path), "minutes": minutes, **told, "curves": None}
    print(json.dumps(told), flush=True)
    rows = [
        (
            run.path.name,
            "Keras",
            result["mean_iou"],
            result["pixel_accuracy"],
            minutes,
            "",
            per_class,
        )
    ]
    bundle = run.export(out / f"{run.path.name}-bundle")
    whole = bundle.files["float32"]["size_bytes"]
    for kind, record in bundle.files.items():
        size = f"{record['size_bytes'] / 1024:.0f} KB, {record['size_bytes'] / whole:.0%}"
        found = record["metrics"]
        rows.append(
            (
                run.path.name,
                kind,
                found["mean_iou"],
                found["pixel_accuracy"],
                "",
                size,
                record.get("latency_ms"),
            )
        )
    return rows


def large(bundle):
    """Seconds and peak memory of the bundle's predict.py, in a process of its own, on a picture of
    LARGE x LARGE."""
    with tempfile.TemporaryDirectory() as folder:
        noise = np.random.default_rng(0).integers(0, 256, (LARGE // 8, LARGE // 8, 3), np.uint8)
        Image.fromarray(noise).resize((LARGE, LARGE), Image.Resampling.BICUBIC).save(
            f"{folder}/large.png"
        )
        began = time.perf_counter()
        subprocess.run(
            [
                sys.executable,
                f"{bundle}/predict.py",
                f"{folder}/large.png",
                "--out",
                f"{folder}/out",
            ],
            check=True,
        )
        seconds = time.perf_counter() - began
        mask = np.asarray(Image.open(f"{folder}/out/0000_large_mask.png"))
        assert mask.shape == (LARGE, LARGE)
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["membrane", "scenes", "large"])
    parser.add_argument("--data", default="shared/data/membrane")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="segmentation-"))
    rows = []
    if "large" in options.parts and not set(options.parts) & {"membrane", "scenes"}:
        bundles = sorted(out.glob("*-bundle"))
    else:
        bundles = []
    for name, train in (
        ("membrane", lambda: membrane(options.data, out)),
        ("scenes", lambda: scenes(out)),
    ):
        if name in options.parts:
            began = time.perf_counter()
            run = train()
            rows += judged(run, out, (time.perf_counter() - began) / 60)
            bundles.append(out / f"{name}-bundle")
    for run, kind, iou, accuracy, minutes, size, more in rows:
        print(
            f"{run:10} {kind:12} mean IoU {iou:.4f}  accuracy {accuracy:.4f}  "
            f"{minutes and f'{minutes:.1f} min'} {size} {more}"
        )
    if "large" in options.parts:
        seconds, megabytes = large(bundles[0])
        print(f"{LARGE} x {LARGE} with {bundles[0].name}: {seconds:.0f} s, peak {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
