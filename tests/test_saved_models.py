"""The two bundles that lie in the repository: what an earlier version exported can still be used."""

import importlib.util
import json
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from sklearn.datasets import load_digits

import pipelines
from pipelines.engine.export import contents
from pipelines.engine.proof import seal
from pipelines.engine.serving import serve

MODULES = ("__init__", "predict", "litert")
FOLDER = ROOT / "saved_models"
LARGEST = 400 * 1024  # bytes of all files of a bundle


@pytest.mark.parametrize("name", ["digits", "pii"])
def test_a_bundle_in_the_repository_is_small_and_passes_its_proof(name):
    files = [file for file in (FOLDER / name).rglob("*") if "__pycache__" not in file.parts]
    assert sum(file.stat().st_size for file in files if file.is_file()) <= LARGEST
    assert pipelines.load(FOLDER / name).verify()["passed"]


@pytest.mark.parametrize("name", ["digits", "pii"])
def test_a_bundle_of_an_earlier_version_has_its_own_page(name):
    found = serve.site(FOLDER / name)
    own = {file.name for file in (FOLDER / name / "web").iterdir()}
    assert {Path(path).name for path in found if path.count("/") == 1 and "web/" in path} == own


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


@pytest.fixture
def copied(tmp_path):
    """A copy of the bundle of digits, with the predict.py of today, as it was exported."""
    ignored = shutil.ignore_patterns("__pycache__")
    folder = Path(shutil.copytree(FOLDER / "digits", tmp_path / "digits", ignore=ignored))
    (folder / "predict.py").write_text(contents.PREDICT)
    seal.add(folder, "predict.py")
    return folder


def test_verify_names_links_and_what_is_called_as_compiled(copied, tmp_path):
    (tmp_path / "evil").mkdir()
    (copied / "edge/words").symlink_to(tmp_path / "evil")
    (copied / "edge/__pycache__").mkdir()
    strange = ["edge/__pycache__/evil.cpython-311.pyc", "edge/__pycache__/x.py", "my__pycache__.py"]
    for name in [*strange, "edge/__pycache__/predict.cpython-311.pyc"]:
        (copied / name).write_text("x")
    wanted = sorted(["edge/words", *strange])
    found = pipelines.load(copied).broken()
    assert found == [f"{name} does not belong to this bundle" for name in wanted]


def test_predict_uses_and_leaves_nothing_compiled(copied, tmp_path):
    evil, cache = tmp_path / "evil.py", copied / "edge/__pycache__"
    evil.write_text("print('EVIL')\n")
    names = [importlib.util.cache_from_source(str(copied / f"edge/{n}.py")) for n in MODULES]
    for name in names:
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(evil), name, invalidation_mode=mode)
    command = [sys.executable, str(copied / "predict.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout.count("EVIL"), done.stdout[:6]) == (0, 0, "usage:")
    shutil.rmtree(cache)
    subprocess.run(command, capture_output=True, check=True)
    assert not cache.exists()
