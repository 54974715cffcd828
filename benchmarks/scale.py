"""Every method on TensorFlow, on JAX, with four devices, and in two processes of two: losses by
step, steps a second.

    python benchmarks/scale.py [METHOD ...]

Prints a table. Small models on the methods' own data; devices are made of this CPU; about 40
minutes on two cores.

The yardstick is one device again, with each first weight moved by its last bit: several devices add
in another order, so where a loss is sensitive to that, they can be no nearer to one device than one
device is to itself.
"""

import argparse
import csv
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = 6
KINDS = {
    "1 TF": dict(backend="tensorflow"),
    "1 JAX": dict(backend="jax"),
    "1 JAX, last bit": dict(backend="jax", nudge=True),
    "4 JAX": dict(backend="jax", devices=4),
    "2 x 2 JAX": dict(backend="jax", devices=4, processes=2),
}
SETTINGS = dict(
    batch_size=8, steps_per_epoch=1, epochs=STEPS, warmup_epochs=0.0, keep="last", seed=0
)
SMALL = {
    "image_size": 64,
    "backbone": "compact_8",
    "size": "pico",
}  # if a method has such settings
TRAIN = """
import dataclasses, json, sys
import pipelines
import numpy as np
from pipelines import catalog
from pipelines.config import settings
from pipelines.engine.parallel import processes

name, folder, (given, small, nudge) = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
method = catalog.method(name)
fields = {field.name: field for field in settings(method.Config)}
for key, value in small.items():
    if key in fields and (key != "backbone" or "compact" in fields[key].metadata["help"]):
        given[key] = value if key != "size" else fields[key].metadata["choices"][0]
data = catalog.load(method.data)
counts = {"train": 200, "test": 8}  # and no validation, which would take most of the time
# Spread, as data may be in order.
some = lambda n, count: range(0, n, -(-n // count))[:count] if count else ()
few = {
    split: part.take(some(len(part), counts.get(split, 0))) for split, part in data.splits.items()
}
if nudge:
    owner = type(method)
    made = owner.model
    moved = lambda w: np.nextafter(w, np.inf, dtype=w.dtype) if w.dtype.kind == "f" else w
    def model(self, config):
        net = made(self, config)
        net.set_weights([moved(w) for w in net.get_weights()])
        return net
    owner.model = model
with processes.together():
    pipelines.train(name, dataclasses.replace(data, splits=few), folder, **given)
"""


def losses(method, folder, backend, devices=1, processes=1, nudge=False):
    """(losses by step, median seconds of a step) of a short run in processes of its own, or (None,
    what went wrong)."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices // processes}"
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    given = json.dumps([{**SETTINGS, "devices": devices}, SMALL, nudge])
    command = [sys.executable, "-c", TRAIN, method, str(folder), given]
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    names = (
        "KERAS_DISTRIBUTION_JOB_ADDRESSES",
        "KERAS_DISTRIBUTION_NUM_PROCESSES",
        "KERAS_DISTRIBUTION_PROCESS_ID",
    )
    started = []
    for index in range(processes):
        joined = (
            zip(names, (address, str(processes), str(index)), strict=True) if processes > 1 else ()
        )
        pipes = dict(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        started.append(subprocess.Popen(command, env={**environment, **dict(joined)}, **pipes))
    said = [process.communicate()[1] for process in started]
    for process, text in zip(started, said, strict=True):
        if process.returncode:
            return None, (text.strip().splitlines() or ["no message"])[-1][:100]
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    seconds = sorted(float(row["seconds"]) for row in rows[1:])
    return [float(row["loss"]) for row in rows], seconds[len(seconds) // 2]


def apart(one, other):
    """Largest difference of two lists of losses, as a share of the largest loss."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) / max(map(abs, one))


def trained():
    """The methods that follow a gradient, TASK/METHOD: others are not shared among devices."""
    from pipelines import catalog
    from pipelines.config import Config

    return [name for name in catalog.methods() if issubclass(catalog.method(name).Config, Config)]


def main():
    from pipelines.terminal import table

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="*", default=[], metavar="METHOD")
    rows = []
    for method in parser.parse_args().methods or trained():
        with tempfile.TemporaryDirectory() as folder:
            found = [
                losses(method, Path(folder) / str(i), **kind)
                for i, kind in enumerate(KINDS.values())
            ]
        bad = next(
            (
                f"{name}: {why}"
                for name, (values, why) in zip(KINDS, found, strict=True)
                if values is None
            ),
            "",
        )
        one = found[1][0]
        cells = (
            [bad] if bad else [f"{apart(one, values):.1e}" for values, _ in (found[0], *found[2:])]
        )
        rates = ["" if values is None else f"{1 / seconds:.2f}" for values, seconds in found]
        rows.append([method, *cells, *[""] * (len(KINDS) - 1 - len(cells)), *rates])
        print(*rows[-1], flush=True)
    others = [name for name in KINDS if name != "1 JAX"]
    print(
        table(
            rows,
            [
                "method",
                *(f"{name} - 1 JAX" for name in others),
                *(f"steps/s, {name}" for name in KINDS),
            ],
        )
    )


if __name__ == "__main__":
    main()
