"""Another package adds a task, a method, a format and a data set by its entry points."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zygote
from conftest import ROOT

STRANGER = Path(__file__).with_name("stranger")
VERBS = """
import json, sys
from pipelines import cli
for line in json.loads(sys.argv[1]):
    print(">", *line, flush=True)
    code = cli.main(line)
    if code:
        sys.exit(code)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder that the package is installed in, as pip does it, without a network."""
    folder = tmp_path_factory.mktemp("stranger")
    shutil.copytree(STRANGER, folder / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(folder / "site"), str(folder / "source")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "site"


def said(site, folder, *lines, path=()):
    """What the command line prints with these arguments, line by line, where the package is."""
    paths = os.pathsep.join([*map(str, path), str(site), str(ROOT)])
    done = zygote.run(
        [sys.executable, "-c", VERBS, json.dumps([list(map(str, line)) for line in lines])],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def alone(folder, bundle, *arguments):
    """What a bundle's own predict.py prints, without this package."""
    command = [sys.executable, str(bundle / "predict.py"), *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_listed(site, tmp_path):
    text = said(site, tmp_path, ["tasks"], ["methods"], ["datasets"], ["train", "dense", "--help"])
    for row in (
        ["rings", "Rings: which of two rings around the origin a point lies on."],
        ["nearest", "The nearest of the mean pictures of the classes."],
        ["dots", "300 points on two rings around the origin."],
        ["units", "units of the hidden layer"],
    ):
        found = [line for line in text.splitlines() if all(cell in line for cell in row)]
        assert len(found) == 1, row


@pytest.mark.slow
def test_its_task_trains_and_exports(site, tmp_path):
    random = np.random.default_rng(1)
    with open(tmp_path / "own.points", "w", encoding="utf-8") as file:
        for i in range(200):
            radius, angle = (0.4, 1.0)[i % 2], random.uniform(0, 2 * np.pi)
            point = f"{radius * np.cos(angle):.3f} {radius * np.sin(angle):.3f}"
            file.write(f"{point} {('inner', 'outer')[i % 2]}\n")
    settings = [
        "--set",
        "epochs=6",
        "steps_per_epoch=35",
        "learning_rate=0.05",
        "label_smoothing=0",
    ]
    text = said(
        site,
        tmp_path,
        ["audit", "own.points"],
        ["train", "rings", "--run", "run", *settings],
        ["evaluate", "run", "--json"],
        ["evaluate", "run", "--data", "own.points", "--json"],
        ["predict", "run", "0.1 0.4"],
        ["export", "run", "--out", "bundle"],
        ["verify", "bundle"],
        ["predict", "bundle", "-1 0.1"],
    )
    scores = [json.loads(line) for line in text.splitlines() if line.startswith('{"split"')]
    assert [row["accuracy"] > 0.95 for row in scores] == [True, True]
    assert [row["examples"] for row in scores][1] < 200
    assert "0.1 0.4  inner" in text
    assert "-1 0.1  outer" in text
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text(encoding="utf-8"))
    assert (manifest["task"], manifest["method"]) == ("rings", "dense")
    assert set(manifest["files"]) == {"saved_model", "float32", "float16", "dynamic", "int8"}
    half = (tmp_path / "bundle/edge/rings.py").read_text(encoding="utf-8")
    assert "pipelines.edge" not in half  # a bundle stands alone
    assert alone(tmp_path, tmp_path / "bundle", "0.1 0.4").startswith("0.1 0.4  inner")


@pytest.mark.slow
def test_its_method_solves_our_task(site, tmp_path):
    text = said(
        site,
        tmp_path,
        ["train", "nearest", "--data", "digits", "--run", "run"],
        ["evaluate", "run", "--json"],
        ["export", "run", "--out", "bundle"],
        ["verify", "bundle"],
    )
    row = next(json.loads(line) for line in text.splitlines() if line.startswith('{"split"'))
    assert row["accuracy"] > 0.8
    info = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert (info["task"], info["method"]) == ("classification", "nearest")
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {"numpy"}
    assert (tmp_path / "bundle/edge/nearest.py").is_file()


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("[pipelines.tasks]\nclassification = other", "has that name already"),
        ("[pipelines.tasks]\nother = not_there", "module not_there, which is not there"),
        ("[pipelines.methods]\nclassification.scratch = other", "has that name already"),
        ("[pipelines.datasets]\ndigits = other", "has that name already"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(tmp_path, entry, text):
    site = tmp_path / "site"
    metadata = site / "other-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"{entry}\n")
    (site / "other.py").touch()
    verb = "datasets" if "datasets" in entry else "tasks"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    command = [sys.executable, "-m", "pipelines", verb]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("pipelines: ")
    assert len(done.stderr.splitlines()) == 1
    assert text in done.stderr
