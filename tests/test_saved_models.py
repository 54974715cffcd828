"""The two bundles that lie in the repository: what an earlier version exported can still be used."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from sklearn.datasets import load_digits

import pipelines

FOLDER = ROOT / "saved_models"
LARGEST = 400 * 1024  # bytes of all files of a bundle


@pytest.mark.parametrize("name", ["digits", "pii"])
def test_a_bundle_in_the_repository_is_small_and_passes_its_proof(name):
    files = [file for file in (FOLDER / name).rglob("*") if "__pycache__" not in file.parts]
    assert sum(file.stat().st_size for file in files if file.is_file()) <= LARGEST
    assert pipelines.load(FOLDER / name).verify()["passed"]


def answers(name, *given):
    command = [sys.executable, str(FOLDER / name / "predict.py"), "--json", *given]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["predictions"]


def test_they_answer_without_any_training(tmp_path):
    scan = load_digits().images[7]
    picture = tmp_path / "seven.png"
    Image.fromarray(np.round(scan * (255 / 16)).astype(np.uint8)).save(picture)
    (answer,) = answers("digits", str(picture))
    assert answer["label"] == "7"
    (answer,) = answers("pii", "Please call Angela Smith, angela@smith.org.")
    found = {span["label"]: span["text"] for span in answer["spans"]}
    assert found == {"person": "Angela Smith", "email": "angela@smith.org"}
