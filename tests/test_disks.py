"""Verbs on disks that are full or may not be written to."""

import os
import resource
import sys
from pathlib import Path

import pytest
import zygote
from conftest import TINY, two_classes

from pipelines.errors import PipelineError
from pipelines.files import write_text

# A verb on a disk that is full after so many bytes a file.
LIMITED = """
import resource, sys
import tensorflow
from pipelines import cli
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
raise SystemExit(cli.main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("limit", "written"),
    [
        pytest.param(500, "config.yaml", marks=pytest.mark.exhaustive),  # as the run begins
        (30_000, "best.npz"),  # at its first checkpoint
    ],
)
def test_training_on_a_full_disk(photos, tmp_path, limit, written):
    words = [
        "train",
        "classification",
        "--data",
        two_classes(photos),
        "--run",
        tmp_path / "out" / "run",
        *TINY,
    ]
    done = zygote.run([sys.executable, "-c", LIMITED, limit, *words])
    assert done.returncode == 2, done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("pipelines: cannot write ")
    assert (
        f"{written}: File too large. Free some space or choose a folder that you may write to."
        in line
    )
    assert "Traceback" not in done.stderr
    left = [
        p.name
        for p in (tmp_path / "out").rglob("*")
        if p.suffix in (".npz", ".keras", ".json", ".yaml")
    ]
    assert (
        left == []
        if limit == 500
        else set(left)
        == {"config.yaml", "run.json", "audit.json", "environment.json", "held_out.json"}
    )


def test_exporting_on_a_full_disk(trained, tmp_path):
    words = ["export", trained.path, "--files", "saved_model", "--out", tmp_path / "bundle"]
    done = zygote.run([sys.executable, "-c", LIMITED, 60_000, *words])
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("pipelines: cannot write ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    not Path("/sys/kernel").is_dir(), reason="needs a place where even root may not write"
)
def test_no_permission_to_write(refused, photos, trained):
    data = two_classes(photos)
    code, line = refused(
        "train", "classification", "--data", data, "--run", "/sys/kernel/run", *TINY
    )
    assert (code, line.startswith("cannot write /sys/kernel/run: ")) == (2, True)
    picture = data / "test" / "a" / "000.jpg"
    assert refused("predict", trained.path, picture, "--out", "/sys/kernel/out")[0] == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write(refused, photos, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    words = ["--data", two_classes(photos), "--run", tmp_path / "locked" / "run", *TINY]
    code, line = refused("train", "classification", *words)
    assert (code, line.startswith(f"cannot write {tmp_path / 'locked' / 'run'}: ")) == (2, True)


def test_a_place_below_a_file(refused, photos, tmp_path):
    (tmp_path / "file").touch()
    words = ["--data", two_classes(photos), "--run", tmp_path / "file" / "run", *TINY]
    assert "cannot write" in refused("train", "classification", *words)[1]


def test_files_appear_whole_or_not_at_all(tmp_path):
    write_text(tmp_path / "a", "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(PipelineError, match="cannot write .*/a: File too large"):
            write_text(tmp_path / "a", "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"
