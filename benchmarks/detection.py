"""The claims about detection, measured: bccd, digit_scenes, the speed of training, and the files.

    python benchmarks/detection.py [bccd] [ssd] [faster_rcnn] [sliding_window] [scenes]
        [speed] [--data shared/data/bccd] [--out DIR]

Prints a table. Needs two cores and about half an hour, and as long again for `ssd`,
`faster_rcnn` and `sliding_window`, which are trained on `bccd` if they are named. `bccd` wants the
folder of Annotations, ImageSets and JPEGImages.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

BCCD = dict(
    seed=0, size="nano", image_size=320, batch_size=8, steps_per_epoch=280, epochs=7,
    warmup_epochs=0.5,
    flip_vertical=True, on_bad_data="skip",
)  # fmt: skip
# As benchmarks/transfer.py trains `yolo` on the pretrained net.
TUNED = dict(
    seed=0, size="pico", image_size=320, backbone="efficientnet_lite0", batch_size=8,
    steps_per_epoch=240, warmup_epochs=0.5, unfreeze="14", phase_epochs="4", backbone_rate=0.2,
    learning_rate=2e-3, flip_vertical=True, on_bad_data="skip",
)  # fmt: skip
# As `BCCD`, less the size of a net that it has not.
WINDOWS = {name: value for name, value in BCCD.items() if name != "size"}
NAMED = {"ssd": TUNED, "faster_rcnn": TUNED, "sliding_window": WINDOWS}
SCENES = dict(
    seed=0, size="pico", image_size=128, batch_size=16, steps_per_epoch=300, epochs=5,
    warmup_epochs=0.5, flip=False,
    colour=0.1, scale=0.2, learning_rate=3e-3,
)  # fmt: skip
SPEED = dict(seed=0, size="nano", image_size=320, batch_size=16, on_bad_data="skip")
CUT = ("mean_average_precision", "curves", "matrices")


def trained(name, data, settings, out, method="yolo"):
    """(Run, minutes of the wall clock, minutes of the processor)."""
    import pipelines

    began, worked = time.perf_counter(), time.process_time()
    run = pipelines.train(method, data=data, run=out / name, **settings)
    return run, (time.perf_counter() - began) / 60, (time.process_time() - worked) / 60


def judged(run, minutes, worked, out):
    """Rows of one run: Keras on the test split, and each file of its bundle."""
    from pipelines.errors import Refused

    result = run.evaluate("test")
    print(json.dumps({k: v for k, v in result.items() if k not in CUT}), flush=True)

    def row(kind, m, *rest):
        return [
            *(run.path.name, kind, f"{m['map50']:.3f}", f"{m['map50_95']:.3f}"),
            ", ".join(f"{label} {values['map50']:.3f}" for label, values in m["per_class"].items()),
            *rest,
        ]

    rows = [row("Keras", result, f"{minutes:.1f} min, {worked:.1f} of the processor", "")]
    try:
        files = run.export(out / f"{run.path.name}-bundle", max_drop=0.02).files
    except Refused as refused:
        print(refused, flush=True)
        files = refused.details["files"]
    for kind, record in files.items():
        if "metrics" in record:
            size, whole = record.get("size_bytes", 0), files["float32"]["size_bytes"]
            latency = record.get("latency_ms", {}).get("p50")
            shown = f"{size / 1024:.0f} KB, {size / whole:.0%}"
            rows.append(
                row(kind, record["metrics"], shown, "" if latency is None else f"{latency:.1f} ms")
            )
    return rows


def speed(data):
    """Rows of training's throughput: a model of 2.8 M parameters at 320 px, batch 16, augmentation
    on."""
    from pipelines import catalog
    from pipelines.engine.data import source
    from pipelines.engine.training import setup

    method = catalog.method("yolo")
    config = method.Config().replace(**SPEED)
    read = source.read(data, "auto", method, config)
    used, audited, _ = source.usable(read, config.on_bad_data, method)
    config = setup.resolved(method, config, used, audited)
    split, model = source.split(used, "train", method, config), method.model(config)
    model.fit(split.train(), steps_per_epoch=3, epochs=1, verbose=0)
    steps, began, worked = 20, time.perf_counter(), time.process_time()
    model.fit(split.train(3), steps_per_epoch=steps, epochs=1, verbose=0)
    rates = [
        steps * config.batch_size / t
        for t in (time.perf_counter() - began, time.process_time() - worked)
    ]
    what = (
        f"{model.count_params() / 1e6:.1f} M parameters, {config.image_size} px, batch"
        f" {config.batch_size}"
    )
    return [
        [
            "speed",
            what,
            "",
            "",
            "",
            f"{rates[0]:.1f} img/s",
            f"{rates[1]:.1f} img a second of one core",
        ]
    ]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["bccd", "scenes", "speed"])
    parser.add_argument("--data", default="../shared/data/bccd", help="the folder of bccd")
    parser.add_argument(
        "--out",
        type=Path,
        default=None,
        help="where runs and bundles go; a scratch folder by default",
    )
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="detection-"))
    rows = []
    if "speed" in options.parts:
        rows += speed(options.data)
    if "bccd" in options.parts:
        rows += judged(*trained("bccd", options.data, BCCD, out), out)
    for method, settings in NAMED.items():
        if method in options.parts:
            rows += judged(*trained(method, options.data, settings, out, method), out)
    if "scenes" in options.parts:
        rows += judged(*trained("scenes", "digit_scenes", SCENES, out), out)

    from pipelines import terminal

    print(
        terminal.table(rows, ["what", "which", "map50", "map50_95", "by class", "cost", "latency"])
    )


if __name__ == "__main__":
    main()
