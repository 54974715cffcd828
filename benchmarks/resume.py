"""Kills a training at random steps and resumes it each time: the final weights must be those of a
run left alone.

Augmentation, dropout, moving average and a schedule are on. Claim: 5 kills, 5 times the same
`weights_sha256`. `python benchmarks/resume.py [--kills N]`
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines import terminal

SETTINGS = dict(
    epochs=4,
    batch_size=32,
    checkpoint_steps=7,
    ema=0.98,
    dropout=0.3,
    mixup=0.2,
    cutout=0.3,
    flip="true",
)
STEPS = 46 * SETTINGS["epochs"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the steps at which it is killed")
    options = parser.parse_args()
    chance, rows = random.Random(options.seed), []
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        command(*start(whole)).wait()
        wanted = digest(whole)
        for i in range(options.kills):
            run, step = Path(folder) / f"killed{i}", chance.randrange(1, STEPS)
            kill(command(*start(run)), run, step, chance)
            reached = newest(run)
            command("--resume", run).wait()
            rows.append(
                [i, step, reached, digest(run)[:16], "yes" if digest(run) == wanted else "NO"]
            )
            print(rows[-1], flush=True)
    print(f"left alone: {wanted[:16]}")
    print(terminal.table(rows, ["kill", "at step", "resumed from step", "weights_sha256", "same"]))
    return 0 if all(row[-1] == "yes" for row in rows) else 1


def start(run):
    return [
        "scratch",
        "--run",
        run,
        *(f"--set={name}={value}" for name, value in SETTINGS.items()),
    ]


def command(*arguments):
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines", "train", *map(str, arguments)], **quiet
    )


def kill(process, run, step, chance):
    """SIGKILL once `step` has gone by, and up to 30 ms later, in the midst of whatever is done
    then."""
    while (
        process.poll() is None
        and newest(run) < step // SETTINGS["checkpoint_steps"] * SETTINGS["checkpoint_steps"]
    ):
        time.sleep(0.005)
    time.sleep(chance.random() * 0.03 + 0.02 * (step % SETTINGS["checkpoint_steps"]))
    process.kill()
    process.wait()


def newest(run):
    steps = [int(path.stem.split("_")[1]) for path in run.glob("checkpoints/step_*.npz")]
    return max(steps, default=0) if os.path.isdir(run) else -1


def digest(run):
    return json.loads((run / "run.json").read_text()).get("weights_sha256", "unfinished")


if __name__ == "__main__":
    raise SystemExit(main())
