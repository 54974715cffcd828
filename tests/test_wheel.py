"""What `pip install` puts on a machine: one top-level name, the data sets within, found from anywhere."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOOK = """
import json, pipelines
from pipelines import catalog
print(json.dumps([pipelines.__file__, {n: str(f) for n, f in catalog.datasets().items()}, list(catalog.tasks()),
                  catalog.dataset_builder("digits").info.features["label"].num_classes]))
"""


def build(source, out, kind):
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        f"--{kind}",
        "--outdir",
        str(out),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The files of the project as git knows them: what lies around besides must not matter."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        listed, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    """Made from the source distribution, so that both are complete."""
    packed = build(checkout, tmp_path_factory.mktemp("sdist"), "sdist")
    shutil.unpack_archive(packed, unpacked := tmp_path_factory.mktemp("unpacked"), filter="data")
    return build(next(unpacked.iterdir()), tmp_path_factory.mktemp("wheel"), "wheel")


def test_every_package_is_named():
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    named = set(metadata["options"]["packages"].split())
    folders = [file.parent for file in (ROOT / "pipelines").rglob("__init__.py")]
    found = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert {"pipelines.tasks", "pipelines.datasets"} <= named
    assert found <= named


@pytest.mark.slow
def test_the_wheel_installs_one_name_and_every_file(wheel, checkout):
    with zipfile.ZipFile(wheel) as file:
        names = [name for name in file.namelist() if ".dist-info/" not in name]
    assert {name.split("/")[0] for name in names} == {"pipelines"}
    wanted = {
        p.relative_to(checkout).as_posix()
        for p in (checkout / "pipelines").rglob("*")
        if p.is_file()
    }
    wanted |= {
        f"pipelines/{p.relative_to(checkout).as_posix()}"
        for p in (checkout / "datasets").rglob("*.*")
    }
    assert set(names) == wanted


@pytest.mark.slow
def test_an_installed_wheel_finds_its_data_sets_from_another_folder(wheel, tmp_path):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=elsewhere, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    line = done.stdout.strip().splitlines()[-1]
    assert re.search(rf'^\["{re.escape(str(site))}/pipelines/__init__.py"', line)
    assert f"{site}/pipelines/datasets/digits" in line
    assert line.endswith("10]")
