"""Super-resolution x4 on BSD100: img_001-img_080 train (the last four choose the epoch),
img_081-img_100 test.

    python benchmarks/super_resolution.py [PART ...] [--data shared/data/bsd100] [--out DIR]

Parts: fast, srcnn, srgan (SRResNet as in the paper, then SRGAN, for a GPU with KERAS_BACKEND=jax),
    srresnet_small,
throughput. Prints a table: the pixel phase, the adversarial phase, bicubic, and each exported file.
Needs two cores and about 20 minutes for `fast`.
"""

import argparse
import csv
import dataclasses
import json
import tempfile
import time
from pathlib import Path

SETTINGS = dict(
    seed=0, batch_size=16, patch=32, image_size=128, warmup_epochs=0.5, weight_decay=0.0
)
FAST = dict(
    method="srgan", generator="fast", width=32, depth=10, steps_per_epoch=375, epochs=17,
    adversarial_epochs=7,
    learning_rate=2e-3, adversarial_rate=1e-3, pixel_weight=0.1, content_weight=3.0,
    critic_width=8, keep="best",
)  # fmt: skip
SRCNN = dict(method="srcnn", width=64, patch=24, steps_per_epoch=200, epochs=3, learning_rate=1e-3)
SRGAN = dict(
    method="srgan", generator="srresnet", width=64, depth=16, patch=24, steps_per_epoch=1294,
    epochs=18,
    adversarial_epochs=6, learning_rate=5e-4, adversarial_rate=1e-4, pixel_weight=0.03,
    content_weight=3.0, adversarial_weight=2e-3,
    critic_width=64, keep="best",
)  # fmt: skip
SMALL = dict(
    method="srresnet",
    width=32,
    depth=8,
    patch=24,
    steps_per_epoch=250,
    epochs=6,
    learning_rate=1e-3,
)  # for two cores
NETS = {"fast": FAST, "srcnn": SRCNN, "srgan": SRGAN, "srresnet_small": SMALL}


def data(folder):
    """The splits of the protocol."""
    from pipelines.formats import pictures

    read = pictures.read(folder)
    rows = {}
    for part in read.splits.values():
        rows |= {
            int(Path(name).stem.rpartition("_")[2]): part.take([i])
            for i, name in enumerate(part.names)
        }
    wanted = {"train": range(1, 77), "validation": range(77, 81), "test": range(81, 101)}
    splits = {}
    for split, numbers in wanted.items():
        parts = [rows[n] for n in numbers]
        names = [p.names[0] for p in parts]
        columns = {"image": [p.columns["image"][0] for p in parts]}
        splits[split] = dataclasses.replace(
            parts[0], names=names, where=list(names), columns=columns
        )
    return dataclasses.replace(read, splits=splits)


def trained(folder, out, name, settings):
    import pipelines

    began = time.perf_counter()
    run = pipelines.train(
        "super_resolution", data=data(folder), run=out / name, **SETTINGS | settings
    )
    minutes = (time.perf_counter() - began) / 60
    rows = []
    if settings.get("adversarial_epochs"):
        from pipelines.engine.training import checkpoint

        arrays, best = checkpoint.load(run.path / "checkpoints" / "best_1.npz")
        kept = run.model.get_weights()
        run.model.set_weights(arrays)
        rows.append((f"{name}, pixel phase (epoch {best['epoch']})", run.evaluate("test"), ""))
        run.model.set_weights(kept)
    rows.append((name, run.evaluate("test"), f"{minutes:.1f} min"))
    show(rows)
    bundle = run.export(out / f"{name}-bundle")
    for kind, record in bundle.files.items():
        rows.append((f"  {kind}", record["metrics"], f"{record['size_bytes'] / 1024:.0f} KB"))
    return rows


def show(rows):
    for name, found, more in rows:
        values = [f"{key} {found[key]:.4f} (bicubic {found[f'bicubic_{key}']:.4f})" for key in
                  ("psnr_y", "ssim_y", "perceptual_distance") if key in found]  # fmt: skip
        print(f"{name:36} {'  '.join(values)}  {more}", flush=True)


def throughput(folder, out):
    """Training patches per second of both phases, without and with XLA: of two epochs the second,
    as one compiles."""
    import pipelines

    for jit in ("off", "on"):
        settings = (
            SETTINGS
            | FAST
            | dict(epochs=4, adversarial_epochs=2, steps_per_epoch=20, jit_compile=jit)
        )
        run = pipelines.train(
            "super_resolution", data=data(folder), run=out / f"throughput-{jit}", **settings
        )
        with open(run.path / "history.csv", newline="") as file:
            rates = {
                row["phase"]: round(float(row["examples_per_second"]), 1)
                for row in csv.DictReader(file)
            }
        print(json.dumps({"jit_compile": jit, "patches_per_second": rates}), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["fast", "throughput"])
    parser.add_argument("--data", default="shared/data/bsd100")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="super-resolution-"))
    rows = []
    for name, settings in NETS.items():
        if name in options.parts:
            rows += trained(options.data, out, name, settings)
    show(rows)
    if "throughput" in options.parts:
        throughput(options.data, out)


if __name__ == "__main__":
    main()
