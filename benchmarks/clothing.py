"""Photos of clothes from scratch through the command line: train, evaluate, export, verify,
predict, report.

`python benchmarks/clothing.py [--epochs N] [--data DATA]`
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines import terminal


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument(
        "--data", default=Path(os.environ.get("PIPELINES_TEST_DATA", here)) / "clothing"
    )
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", help="folder to keep the run and the bundle in")
    options = parser.parse_args()
    folder = Path(options.out or tempfile.mkdtemp())
    run, bundle, rows = folder / "run", folder / "bundle", []
    photo = next(Path(options.data, "test").rglob("*.jpg"))
    settings = [
        f"epochs={options.epochs}",
        "image_size=128",
        "flip=true",
        "ema=0.99",
        "keep=last",
        "learning_rate=0.002",
    ]
    for verb in (
        [
            "train",
            "scratch",
            "--data",
            options.data,
            "--run",
            run,
            *(f"--set={s}" for s in settings),
            "--json",
        ],
        ["evaluate", run, "--json"],
        ["export", run, "--out", bundle, "--json"],
        ["verify", bundle, "--json"],
        ["predict", bundle, photo, "--json"],
        ["report", run],
    ):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pipelines", *map(str, verb)], stdout=subprocess.PIPE, text=True
        )
        rows.append(
            [
                verb[0],
                done.returncode,
                f"{(time.perf_counter() - began) / 60:.1f}",
                said(verb[0], done.stdout),
            ]
        )
        print(rows[-1], flush=True)
        if verb[0] == "export" and done.returncode == 0:
            print(done.stdout.rpartition("\n{")[0], flush=True)
    print(terminal.table(rows, ["verb", "exit code", "minutes", "what it said"]))
    return max(row[1] for row in rows)


def said(verb, text):
    """The point of a verb's JSON, in a few words."""
    last = text.strip().splitlines()[-1]
    if not last.startswith(("{", "[")):
        return last
    value = json.loads(last)
    if verb == "evaluate":
        return (
            f"accuracy {value['accuracy']:.4f}, macro F1 {value['macro_f1']:.4f},"
            f" {value['examples']} photos"
        )
    if verb == "export" and "files" in value:
        return ", ".join(f"{kind} {r.get('drop', 0):+.4f}" for kind, r in value["files"].items())
    if verb == "predict":
        return f"{value[0]['label']} {value[0]['probability']:.2f}"
    return f"passed {value['passed']}" if verb == "verify" else value.get("status", "")


if __name__ == "__main__":
    raise SystemExit(main())
