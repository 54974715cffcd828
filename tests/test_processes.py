"""Several processes that train one model: the losses of one, and a clear end where a process dies."""

import csv
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import child
import pytest
from conftest import ROOT

from pipelines import cli

SETTINGS = (
    "backbone=compact_8",
    "image_size=16",
    "batch_size=8",
    "steps_per_epoch=1",
    "epochs=16",
    "cache=memory",
)


def train(*arguments, devices):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment["XLA_FLAGS"] = child.flags(devices)
    command = [sys.executable, "-m", "pipelines", "train", *arguments, "--backend", "jax"]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ends_well(*arguments):
    done = child.command("train", *arguments)
    assert done.returncode == 0, done.stderr


def losses(run):
    with open(run / "history.csv", newline="") as file:
        return [(float(row["loss"]), float(row["val_loss"])) for row in csv.DictReader(file)]


def supervised(process):
    """The process that a supervisor waits for."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds a process by /proc")
def test_a_process_dies_and_the_run_goes_on_with_other_devices_as_if_nothing_had_been(
    photos, tmp_path
):
    pytest.importorskip("jax")
    data = photos({f"{split}/{label}": 8 for split in ("train", "validation") for label in "ab"})
    task = ("classification", "--data", str(data), "--set", *SETTINGS, "warmup_epochs=0")
    ends_well(*task, "--run", tmp_path / "one")

    run = tmp_path / "run"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    both = [
        train(*task, "--run", str(run), "--devices", "4", "--coordinator", f"127.0.0.1:{port}", "--processes", "2",
              "--process", str(i), devices=2)
        for i in (0, 1)
    ]  # fmt: skip
    while not list(run.glob("checkpoints/step_00000000[2-9].npz")):
        assert both[0].poll() is None, both[0].communicate()[1]
        time.sleep(0.05)
    os.kill(supervised(both[1]), signal.SIGKILL)
    said = [process.communicate()[1].splitlines()[-1] for process in both]
    assert [process.returncode for process in both] == [1, 1]
    assert said[0].startswith("pipelines: process 0 of 2 lost the others")
    assert said[1].startswith(
        "pipelines: process 1 of 2 was ended by SIGKILL. `pipelines train --resume DIR` goes on"
    )
    assert len(losses(run)) < 16

    ends_well("--resume", run, "--devices", "2")
    for ours, theirs in zip(losses(run), losses(tmp_path / "one"), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--processes", "2"],
            "several processes need --coordinator HOST:PORT, --processes N and --process I",
        ),
        (
            ["--processes", "2", "--process", "2", "--coordinator", "a:1"],
            "--process must be from 0 to 1",
        ),
        (
            ["--processes", "2", "--process", "1", "--coordinator", "a"],
            "--coordinator takes HOST:PORT",
        ),
    ],
)
def test_flags_that_do_not_go_together(flags, message, capsys):
    assert cli.main(["train", "classification", *flags]) == 2
    assert message in capsys.readouterr().err


JOINS = """
import os
import jax
from pipelines import cli

os.environ["KERAS_DISTRIBUTION_JOB_ADDRESSES"] = "127.0.0.1:1"
try:
    code = cli.main(["train", "classification"])
finally:
    jax.config.update("jax_cpu_enable_async_dispatch", True)  # as it was
raise SystemExit(code)
"""


def test_variables_that_are_no_numbers():
    done = child.run(JOINS)
    assert done.returncode == 2, done.stderr
    assert "KERAS_DISTRIBUTION_PROCESS_ID must be numbers; got ['', '']" in done.stderr


def test_processes_without_jax(monkeypatch, capsys):
    monkeypatch.setenv("KERAS_DISTRIBUTION_JOB_ADDRESSES", "127.0.0.1:1")
    assert cli.main(["train", "classification"]) == 2
    assert "several processes need the JAX backend; this is tensorflow" in capsys.readouterr().err
