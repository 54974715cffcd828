"""Every method's files on every client: how far their outputs lie from LiteRT's in Python,
milliseconds, size.

    python benchmarks/edge.py [--bundles DIR] [METHOD ...]

Trains a small model of each method on a part of its own data and exports it, if DIR does not have
it yet; about twenty minutes on two cores. Clients that are not installed are left out:
Chromium, MediaPipe, tflite-micro.
"""

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
PICTURES = dict(batch_size=16, backbone="compact_8", image_size=32)
LARGER = dict(epochs=2, batch_size=4, image_size=32, patch=16, features="none")
GAN = dict(batch_size=4, epochs=1, features="none")
RECIPES = {
    "adaptation": dict(epochs=3, references=False, **PICTURES),
    "scratch": dict(epochs=6, **PICTURES),
    "cyclegan": {
        **GAN,
        "steps_per_epoch": 20,
        "image_size": 64,
        "patch": 32,
        "width": 8,
        "blocks": 2,
        "features": "pixels",
    },
    "yolo": dict(epochs=10, batch_size=8, size="pico", image_size=96),
    "unet": dict(epochs=2, batch_size=8, depth=2, width=8, image_size=64),
    "fast": dict(width=16, depth=2, **LARGER),
    "srcnn": dict(width=16, **LARGER),
    "srresnet": dict(width=16, depth=2, **LARGER),
    "srgan": dict(width=16, depth=2, critic_width=8, **LARGER),
    "bilstm_crf": dict(epochs=4, batch_size=16, lstm_units=32, letter_units=16),
    "text_classification/bert": dict(epochs=1),
    "transfer": dict(epochs=1, batch_size=16, image_size=64),
}
TRAIN, HELD_OUT = 400, 24  # examples that are used, spread over the data; up to twice as many
LARGEST_DROP = 10.0  # whatever a short training gives is looked at
RUNS = 5  # of each example in a browser; the first ones warm it up
TOLERANCES = {
    "float32": 1e-5,
    "float16": 1e-5,
    "mediapipe": 1e-4,
}  # within which outputs are called the same
COARSE = 2e-2  # of other kinds: one step in 256, and what it leads to
MEDIAPIPE = """
import json, sys, time
import numpy as np
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, text, vision

kind, path, examples, out = sys.argv[1:]
base, found, times = BaseOptions(model_asset_path=path), [], []
if kind == "text":
    task = text.TextClassifier.create_from_options(text.TextClassifierOptions(base_options=base))
    examples = json.load(open(examples))
    call = lambda example: [
        (c.category_name, c.score) for c in task.classify(example).classifications[0].categories
    ]
else:
    pictures = map(np.ascontiguousarray, np.load(examples))
    examples = [mp.Image(mp.ImageFormat.SRGB, picture) for picture in pictures]
if kind == "classes":
    task = vision.ImageClassifier.create_from_options(
        vision.ImageClassifierOptions(base_options=base)
    )
    call = lambda example: [
        (c.category_name, c.score) for c in task.classify(example).classifications[0].categories
    ]
if kind == "masks":
    task = vision.ImageSegmenter.create_from_options(
        vision.ImageSegmenterOptions(base_options=base, output_confidence_masks=True)
    )
    call = lambda example: [
        np.squeeze(m.numpy_view()).tolist() for m in task.segment(example).confidence_masks
    ]
if kind == "boxes":
    task = vision.ObjectDetector.create_from_options(
        vision.ObjectDetectorOptions(base_options=base, max_results=1)
    )
    best = lambda found: (found.categories[0].category_name, found.categories[0].score)
    call = lambda example: [best(found) for found in task.detect(example).detections]
for example in examples:
    for _ in range(5):
        began = time.perf_counter()
        answer = call(example)
        times.append((time.perf_counter() - began) * 1e3)
    found.append(answer)
json.dump({"answers": found, "ms": sorted(times)[len(times) // 2]}, open(out, "w"))
"""


def small(method):
    """A part of a method's own data; or None, its own source, such as an environment."""
    from pipelines import catalog

    if method.source(method.data, None) is not None:
        return None
    data = catalog.load(method.data)

    def some(part, count):
        return part.take(range(0, len(part), max(1, len(part) // count)))

    counts = {split: TRAIN if split == "train" else HELD_OUT for split in data.splits}
    few = {split: some(part, counts[split]) for split, part in data.splits.items()}
    return dataclasses.replace(data, splits=few)


def bundle(name, folder):
    """The Bundle of a method in `folder`, made if it is not there. name: TASK/METHOD."""
    import pipelines
    from pipelines import catalog
    from pipelines.engine.export import convert

    if not (folder / "bundle").exists():
        method = catalog.method(name)
        data = small(method)
        recipe = RECIPES.get(name, RECIPES.get(method.name, {}))
        run = pipelines.train(name, data, folder / "run", **recipe)
        unsupported = method.unsupported(run.config)
        kinds = [kind for kind in convert.FILES if kind not in unsupported]
        run.export(folder / "bundle", None if method.fitted else kinds, LARGEST_DROP)
    return pipelines.load(folder / "bundle")


def rows(bundle, texts, scratch):
    """A row for each file of a Bundle."""
    from pipelines.engine.export import micro, micro_interpreter
    from pipelines.engine.proof import proof
    from pipelines.engine.serving import web

    inputs, wanted = bundle.golden()
    method, config = bundle.method, bundle.config
    files = {kind: record for kind, record in bundle.files.items() if kind != "saved_model"}
    runs = {kind: proof.predictor(bundle.path, kind, method) for kind in files}
    outputs = {kind: method.answer(run, inputs, config) for kind, run in runs.items()}
    alone = (
        "programs" not in bundle.manifest and not method.fitted
    )  # else Python alone runs it here

    def apart(a, b):
        return method.difference(a, b, config)

    shown = in_browser(bundle, inputs) if alone and web.has_page(method.task) else {}
    for kind, record in files.items():
        latency = record.get("latency_ms", {}).get("p50")
        cells = [f"{apart(wanted, outputs[kind]):.0e}", f"{latency:.2f}" if latency else ""]
        cells += (
            [same(apart(outputs[kind], shown[kind][0]), kind), f"{shown[kind][1]:.2f}"]
            if shown
            else ["", ""]
        )
        whole = (
            "probabilities" in wanted and "image" in inputs and wanted["probabilities"].ndim == 2
        )
        cells += (
            in_mediapipe(bundle, record, kind, outputs[kind], inputs, None, scratch)
            if whole
            else ["", ""]
        )
        fit = micro.check_file(bundle.path / record["path"], config) if alone else micro.Fit()
        if fit.measured:
            arena, found = micro_interpreter.run(bundle.path / record["path"], inputs)
            cells += [same(apart(outputs[kind], found), kind), f"{arena['total'] / 1024:.0f}"]
        elif alone and micro_interpreter.installed():
            why = (
                fit.foreign[0][0]
                if fit.foreign
                else fit.reason.partition("Node ")[2].partition(" (")[0]
            )
            cells += [f"lacks {why}", ""]
        else:
            cells += ["", ""]
        yield [record["path"], f"{record['size_bytes'] / 1024:.0f}", *cells]
    if extra := bundle.manifest["extra"].get("mediapipe"):
        cells = in_mediapipe(bundle, extra, "mediapipe", outputs["float32"], inputs, texts, scratch)
        yield [extra["path"], f"{extra['size_bytes'] / 1024:.0f}", "", "", "", "", *cells, "", ""]


def in_browser(bundle, inputs):
    """{kind: (outputs, milliseconds)}, or nothing where there is no Chromium."""
    import browser
    import pytest

    examples = [
        {name: values[i : i + 1] for name, values in inputs.items()}
        for i in range(len(next(iter(inputs.values()))))
    ]
    try:
        found = browser.check(bundle.path, examples * RUNS, timeout=600)
    except pytest.skip.Exception:
        return {}
    specs = bundle.manifest["outputs"]

    def stacked(rows, name):
        values = np.array([row[name] for row in rows], specs[name]["dtype"])
        return values.reshape(-1, *specs[name]["shape"][1:])

    return {
        kind: (
            {name: stacked(rows[: len(examples)], name) for name in specs},
            statistics.median(found["milliseconds"][kind][len(examples) :]),
        )
        for kind, rows in found["outputs"].items()
    }


def same(gap, kind):
    """Whether outputs are the same, and how far apart they are."""
    return f"{'yes' if gap <= TOLERANCES.get(kind, COARSE) else 'no'}, {gap:.0e}"


def in_mediapipe(bundle, record, file, outputs, inputs, texts, scratch):
    """[largest difference of what it says, milliseconds], beside `outputs` of LiteRT in Python."""
    from test_mediapipe import interpreter

    labels = bundle.manifest["labels"]

    def named(scores):
        return [dict(zip(labels, row.tolist(), strict=True)) for row in scores]

    if not interpreter():
        return ["", ""]
    if "boxes" in outputs:
        kind = "boxes"
        wanted = [
            {labels[c[0]]: float(s[0])}
            for c, s in zip(outputs["classes"], outputs["scores"], strict=True)
        ]
    elif "mask" in outputs:
        kind, wanted = "masks", np.moveaxis(outputs["probabilities"], -1, 1)
    elif "image" in inputs:
        kind, wanted = "classes", named(outputs["probabilities"])
    else:
        kind, wanted = "text", [dict(answer["top"]) for answer in bundle.predict(texts)]
    examples, out = scratch / "examples", scratch / "out.json"
    if kind == "text":
        examples.write_text(json.dumps(texts))
    else:
        np.save(examples.open("wb"), inputs["image"])
    command = [
        interpreter(),
        "-c",
        MEDIAPIPE,
        kind,
        str(bundle.path / record["path"]),
        str(examples),
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return [f"fails: {done.stderr.strip().splitlines()[-1][:80]}", ""]
    found = json.loads(out.read_text())
    if kind == "masks":
        gap = np.abs(np.asarray(found["answers"]) - wanted).max()
    else:
        each = [
            abs(ours[name] - score)
            for ours, got in zip(wanted, found["answers"], strict=True)
            for name, score in got
        ]
        gap = max(each, default=np.nan)
    return [same(gap, file), f"{found['ms']:.2f}"]


def main():
    import tempfile

    from pipelines import catalog

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="*", default=[], metavar="METHOD")
    parser.add_argument(
        "--bundles", type=Path, help="folder of runs and bundles, kept for another time"
    )
    options = parser.parse_args()
    header = [
        "method",
        "file",
        "KB",
        "Python",
        "ms",
        "Chromium",
        "ms",
        "MediaPipe",
        "ms",
        "micro",
        "arena KB",
    ]
    print(f"| {' | '.join(header)} |\n|{'---|' * 2}{'---:|' * (len(header) - 2)}")
    with tempfile.TemporaryDirectory() as scratch:
        for named in options.methods or catalog.methods():
            method = catalog.method(named)
            name = f"{method.task}/{method.name}"
            data = small(method)
            found = data.splits["test"].columns.get("text", ()) if data else ()
            texts = [text for text in found if text.isascii()][:8]
            made = bundle(name, (options.bundles or Path(scratch)) / name)
            for row in rows(made, texts, Path(scratch)):
                print(f"| {' | '.join([name, *row])} |", flush=True)


if __name__ == "__main__":
    main()
