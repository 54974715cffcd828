"""The files run in MediaPipe Tasks as they are. MediaPipe may live in an environment of its own."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny

from pipelines.edge.litert import Model
from pipelines.engine import tflite_file

CLASSIFY = """
import json, sys
import numpy as np
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import ImageClassifier, ImageClassifierOptions

model, pictures = sys.argv[1:]
options = ImageClassifierOptions(base_options=BaseOptions(model_asset_path=model), max_results=4)
with ImageClassifier.create_from_options(options) as classifier:
    for picture in np.load(pictures):
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        (head,) = classifier.classify(image).classifications
        print(json.dumps({category.category_name: category.score for category in head.categories}))
"""


def interpreter():
    """A Python that has MediaPipe: the one named, this one, or .venv-mediapipe; None where there is none."""
    if named := os.environ.get("PIPELINES_MEDIAPIPE_PYTHON"):
        return named
    if importlib.util.find_spec("mediapipe"):
        return sys.executable
    beside = Path(__file__).resolve().parents[1] / ".venv-mediapipe/bin/python"
    return str(beside) if beside.exists() else None


@pytest.mark.skipif(
    not interpreter(),
    reason="no MediaPipe: pip install mediapipe, or set PIPELINES_MEDIAPIPE_PYTHON to a Python with it",
)
@pytest.mark.parametrize("kind", ["float32", "float16", "dynamic", "int8"])
def test_image_classifier_gives_our_answers_under_our_labels(kind, tmp_path):
    path, images = tmp_path / "model.tflite", tiny.pictures(25, seed=3)
    shutil.copy(tiny.converted()[kind], path)
    tflite_file.attach_metadata(path, name="colours", description="Which colour it is.", labels=tiny.LABELS)
    np.save(tmp_path / "pictures.npy", images)

    command = [interpreter(), "-c", CLASSIFY, str(path), str(tmp_path / "pictures.npy")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if "cannot open shared object file" in done.stderr:
        pytest.skip(f"MediaPipe lacks a library of the system's: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    model = Model(path)
    expected = [model({"image": image[None]})["probabilities"][0] for image in images]
    assert len(answers) == len(expected)
    assert len({max(answer, key=answer.get) for answer in answers}) > 1
    for answer, probabilities in zip(answers, expected, strict=True):
        assert answer == pytest.approx(dict(zip(tiny.LABELS, probabilities.tolist(), strict=True)), abs=1e-5)
