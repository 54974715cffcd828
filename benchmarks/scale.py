"""Every task on TensorFlow, on JAX, and on JAX with four devices made of this CPU: losses step by step, steps a second.

    python benchmarks/scale.py [TASK ...]

Prints a table. Small models on the tasks' own data; about ten minutes on two cores.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS, DEVICES = 6, 4
SETTINGS = dict(batch_size=8, steps_per_epoch=1, epochs=STEPS, warmup_epochs=0.0, keep="last", seed=0)
SMALL = {"image_size": 64, "backbone": "compact_8", "size": "pico"}  # where a task has such settings
TRAIN = """
import dataclasses, json, sys
import pipelines
from pipelines import catalog
from pipelines.config import settings

name, folder, given, small = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
fields = {field.name: field for field in settings(catalog.task(name).Config)}
for key, value in small.items():
    if key in fields and (key != "backbone" or "compact" in fields[key].metadata["help"]):
        given[key] = value if key != "size" else fields[key].metadata["choices"][0]
data = catalog.load(catalog.task(name).DATA)
few = {split: part.take(range(min(len(part), 200 if split == "train" else 8))) for split, part in data.splits.items()}
pipelines.train(name, dataclasses.replace(data, splits=few), folder, **given)
"""


def losses(task, backend, devices, folder):
    """(losses by step, median seconds of a step) of a short run in a process of its own."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    given = json.dumps({**SETTINGS, "devices": devices})
    command = [sys.executable, "-c", TRAIN, task, str(folder), given, json.dumps(SMALL)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["no message"])[-1][:100]
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    seconds = sorted(float(row["seconds"]) for row in rows[1:])
    return [float(row["loss"]) for row in rows], seconds[len(seconds) // 2]


def apart(one, other):
    """Largest difference of two lists of losses, as a share of the largest loss."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) / max(map(abs, one))


def main():
    from pipelines import catalog
    from pipelines.terminal import table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=[])
    rows = []
    for task in parser.parse_args().tasks or catalog.tasks():
        with tempfile.TemporaryDirectory() as folder:
            kinds = {"tf": ("tensorflow", 1), "one": ("jax", 1), "four": ("jax", DEVICES)}
            found = {name: losses(task, *kind, Path(folder) / name) for name, kind in kinds.items()}
        (tf, _), (one, seconds), (four, shared) = found["tf"], found["one"], found["four"]
        bad = next((f"{name}: {why}" for name, (values, why) in found.items() if values is None), "")
        if bad:
            rows.append([task, bad, "", "", ""])
        else:
            rows.append(
                [task, f"{apart(one, tf):.1e}", f"{apart(one, four):.1e}", f"{1 / seconds:.2f}", f"{1 / shared:.2f}"]
            )
        print(*rows[-1], flush=True)
    print(table(rows, ["task", "TensorFlow - JAX", f"JAX: 1 - {DEVICES} devices", "steps/s, 1", f"steps/s, {DEVICES}"]))


if __name__ == "__main__":
    main()
