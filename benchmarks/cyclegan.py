"""CycleGAN on `membrane`: pictures 0-11 are A, masks 12-23 are B, so that no pair is seen; tested
on the pairs 24-29.

    python benchmarks/cyclegan.py [train] [export] [throughput] [--data shared/data/membrane] [--out
    DIR]

Pictures are halved to 256 px, training sees patches of 128 px, and the test whole pictures. The
kept epoch is the one with the least Frechet distance of the pictures that were trained on, redrawn,
to the masks that were trained on: no pair decides anything. A picture counts as membrane where the
answer is below the middle grey. Needs two cores and about 20 minutes for `train`.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

SETTINGS = dict(
    seed=0, image_size=256, patch=128, turn=True, width=16, blocks=6, critic_width=32,
    learning_rate=4e-4,
    steps_per_epoch=200, epochs=12, monitor="val_frechet_distance_to_b",
)  # fmt: skip
TEST = range(24, 30)


def data(folder):
    """The splits of the protocol. Validation is what was trained on, upside down, as the kept epoch
    is chosen by it."""
    import io

    from PIL import Image, ImageOps

    from pipelines.formats.examples import Data, Examples

    def rows(a, b, turned=False):
        names = [*(f"image/{i}.png" for i in a), *(f"label/{i}.png" for i in b)]
        sources = [str(Path(folder) / name) for name in names]
        if turned:
            streams = [io.BytesIO() for _ in sources]
            for source, stream in zip(sources, streams, strict=True):
                ImageOps.flip(Image.open(source)).save(stream, "PNG")
            sources = [stream.getvalue() for stream in streams]
        columns = {"image": sources, "label": [0] * len(a) + [1] * len(b)}
        return Examples(names, columns, list(names), pictures=("image",))

    known = (range(12), range(12, 24))
    splits = {
        "train": rows(*known),
        "validation": rows(*known, turned=True),
        "test": rows(TEST, TEST),
    }
    return Data(str(folder), "unpaired", splits, {"label": ["picture", "mask"]})


def measured(guess, truth):
    """(mean IoU of both classes, pixel accuracy) over all pixels. guess, truth: bool arrays, true
    where cell is."""
    ious = [(g & t).sum() / (g | t).sum() for g, t in ((guess, truth), (~guess, ~truth))]
    return np.mean(ious), (guess == truth).mean()


def simple(folder):
    """What takes no learning, at 512 px: rows of (name, mean IoU, pixel accuracy)."""
    from PIL import Image
    from skimage.filters import gaussian, threshold_otsu

    def read(kind, i):
        return np.asarray(Image.open(Path(folder) / kind / f"{i}.png").convert("L"))

    pictures, truth = (np.stack([read(kind, i) for i in TEST]) for kind in ("image", "label"))
    smooth = np.stack([gaussian(p, 2) for p in pictures])
    otsu = np.stack([s > threshold_otsu(s) for s in smooth])
    guesses = {
        "all cell": np.ones_like(otsu),
        "the picture itself": pictures > 127,
        "Otsu, Gaussian of 2 px": otsu,
    }
    return [(name, *measured(guess, truth > 127)) for name, guess in guesses.items()]


def full_size(run, folder):
    """The run's answers at 512 px, as `predict` gives them: (mean IoU, pixel accuracy)."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as out:
        run.predict([str(Path(folder) / "image" / f"{i}.png") for i in TEST], out=out)
        made = [
            np.asarray(Image.open(p).convert("L")) for p in sorted(Path(out).glob("*_to_b.png"))
        ]
    truth = [np.asarray(Image.open(Path(folder) / "label" / f"{i}.png").convert("L")) for i in TEST]
    return measured(np.stack(made) > 127, np.stack(truth) > 127)


def show(run, folder):
    found = run.evaluate("test")
    print(f"{'':34} {'mean IoU':>9} {'pixel accuracy':>15}")
    for name, iou, accuracy in simple(folder):
        print(f"{name + ', 512 px':34} {iou:9.3f} {accuracy:15.3f}")
    name = f"CycleGAN, {run.config.image_size} px"
    print(
        f"{name:34} {found['mean_iou_to_b']:9.3f} {found['pixel_accuracy_to_b']:15.3f}  "
        f" {run.info['minutes']:.1f} min"
    )
    iou, accuracy = full_size(run, folder)
    print(f"{'the same, enlarged to 512 px':34} {iou:9.3f} {accuracy:15.3f}")
    print(json.dumps({k: v for k, v in found.items() if isinstance(v, float)}), flush=True)


def exported(run, out):
    """The files of one bundle, which has a program for each direction."""
    bundle = run.export(out, ["float32", "float16", "dynamic", "int8"], max_drop=100.0)
    for kind, record in bundle.files.items():
        found = {k: round(v, 4) for k, v in record["metrics"].items() if isinstance(v, float)}
        size = record["size_bytes"] / 1024
        print(f"{kind:10} {size:6.0f} KB  {json.dumps(found)}", flush=True)


def throughput(folder, out):
    """Training pictures of each domain per second, without and with XLA, in turn."""
    import pipelines

    for jit in ("off", "on"):
        settings = SETTINGS | dict(
            epochs=1, steps_per_epoch=5, jit_compile=jit, monitor="val_cycle_error"
        )
        run = pipelines.train(
            "cyclegan", data=data(folder), run=out / f"throughput-{jit}", **settings
        )
        print(json.dumps({"jit_compile": jit, **run.benchmark()}), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["train", "export", "throughput"])
    parser.add_argument("--data", default="shared/data/membrane")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="cyclegan-"))
    import pipelines
    from pipelines.run import Run

    if "train" in options.parts:
        show(
            pipelines.train("cyclegan", data=data(options.data), run=out / "run", **SETTINGS),
            options.data,
        )
    if "export" in options.parts:
        exported(Run(out / "run", data(options.data)), out / "bundle")
    if "throughput" in options.parts:
        throughput(options.data, out)


if __name__ == "__main__":
    main()
