"""Answers for files: what cannot be used does not lose the rest, and a bundle needs no TensorFlow."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

import pipelines

LIGHT = """
import sys
from pipelines import cli
code = cli.main(sys.argv[1:])
assert not {"tensorflow", "keras"} & set(sys.modules)
raise SystemExit(code)
"""


def test_a_bundle_answers_without_tensorflow_and_loses_nothing(exported, photos):
    good = sorted(map(str, photos({"train/apple": 2}).rglob("*.jpg")))
    inputs = [good[0], "/no.jpg", good[1]]
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, "predict", str(exported.path), *inputs, "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])["predictions"]
    assert [answer["input"] for answer in found] == good
    assert "/no.jpg: cannot be read" in done.stderr
    for ours, theirs in zip(found, pipelines.load(exported.path).predict(good), strict=True):
        assert ours["label"] == theirs["label"]
        assert ours["probability"] == pytest.approx(theirs["probability"], abs=1e-5)


def test_a_run_loses_no_answer_either(trained, photos):
    (good,) = photos({"train/apple": 1}).rglob("*.jpg")
    first, second = pipelines.load(trained.path).predict(["/no.jpg", good])
    assert first == {"input": "/no.jpg", "error": "cannot be read: No such file or directory"}
    assert second["label"] == "apple"


def test_a_bundle_whose_file_was_exchanged_answers_nothing(exported, tmp_path, photos):
    import shutil

    bundle = shutil.copytree(exported.path, tmp_path / "bundle")
    (bundle / "model.tflite").write_bytes(b"TFL3")
    (good,) = photos({"train/apple": 1}).rglob("*.jpg")
    with pytest.raises(pipelines.PipelineError, match="does not belong to this model"):
        pipelines.load(bundle).predict(good)
