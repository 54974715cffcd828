"""The files run in MediaPipe Tasks as they are. MediaPipe may live in an environment of its own."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny

from pipelines import catalog
from pipelines.edge.litert import Model
from pipelines.engine.export import metadata, own_file

REST = [pytest.param(kind, marks=pytest.mark.exhaustive) for kind in ("float16", "dynamic")]
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
    reason=(
        "no MediaPipe: pip install mediapipe, or set PIPELINES_MEDIAPIPE_PYTHON to a Python with it"
    ),
)
@pytest.mark.parametrize("kind", ["float32", *REST, "int8"])
def test_image_classifier_gives_our_answers_under_our_labels(kind, tmp_path):
    path, images = tmp_path / "model.tflite", tiny.pictures(25, seed=3)
    shutil.copy(tiny.converted()[kind], path)
    metadata.attach_metadata(
        path, name="colours", description="Which colour it is.", labels=tiny.LABELS
    )
    np.save(tmp_path / "pictures.npy", images)

    command = [interpreter(), "-c", CLASSIFY, str(path), str(tmp_path / "pictures.npy")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if "cannot open shared object file" in done.stderr:
        pytest.skip(
            f"MediaPipe lacks a library of the system's: {done.stderr.strip().splitlines()[-1]}"
        )
    assert done.returncode == 0, done.stderr

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    model = Model(path)
    expected = [model({"image": image[None]})["probabilities"][0] for image in images]
    assert len(answers) == len(expected)
    assert len({max(answer, key=answer.get) for answer in answers}) > 1
    for answer, probabilities in zip(answers, expected, strict=True):
        assert answer == pytest.approx(
            dict(zip(tiny.LABELS, probabilities.tolist(), strict=True)), abs=1e-5
        )


CLASSIFY_TEXT = """
import json, sys
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.text import TextClassifier, TextClassifierOptions

model, *texts = sys.argv[1:]
with TextClassifier.create_from_options(TextClassifierOptions(BaseOptions(model_asset_path=model))) as classifier:
    for text in texts:
        (head,) = classifier.classify(text).classifications
        print(json.dumps({category.category_name: category.score for category in head.categories}))
"""


def classified(path, *texts):
    """What MediaPipe's TextClassifier says of texts: [{label: probability}]."""
    if not interpreter():
        pytest.skip("no MediaPipe, see above")
    command = [interpreter(), "-c", CLASSIFY_TEXT, str(path), *texts]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


SEGMENT = """
import sys
import numpy as np
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import ImageSegmenter, ImageSegmenterOptions

model, pictures, out = sys.argv[1:]
options = ImageSegmenterOptions(
    base_options=BaseOptions(model_asset_path=model), output_category_mask=True, output_confidence_masks=True
)
with ImageSegmenter.create_from_options(options) as segmenter:
    masks, confidences = [], []
    for picture in np.load(pictures):
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        found = segmenter.segment(image)
        masks.append(np.squeeze(found.category_mask.numpy_view()).copy())
        confidences.append([np.squeeze(mask.numpy_view()).copy() for mask in found.confidence_masks])
    np.savez(out, masks=masks, confidences=confidences, labels=segmenter.labels)
"""


@pytest.mark.skipif(not interpreter(), reason="no MediaPipe, see above")
def test_image_segmenter_gives_our_masks_under_our_labels(tmp_path):
    keras.utils.set_random_seed(0)
    method = catalog.method("unet")
    config = method.Config().replace(
        labels=("ground", "sky", "grün"), image_size=32, depth=1, width=4, steps_per_epoch=1
    )
    model, images = (
        method.model(config),
        np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8),
    )
    program = method.programs(model, config, {"image": images})["mediapipe"]
    record = own_file.write(
        model, program, tmp_path, "A class per pixel.", config.labels, name="tiny"
    )
    assert record["max_difference"] < 1e-4
    np.save(tmp_path / "pictures.npy", images)

    arguments = [str(tmp_path / name) for name in (record["path"], "pictures.npy", "out.npz")]
    done = subprocess.run(
        [interpreter(), "-c", SEGMENT, *arguments], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr

    ours = {
        name: keras.ops.convert_to_numpy(v)
        for name, v in method.decode(model({"image": images}), config).items()
    }
    with np.load(tmp_path / "out.npz") as found:
        assert found["labels"].tolist() == list(config.labels)
        np.testing.assert_allclose(
            found["confidences"], np.moveaxis(ours["probabilities"], -1, 1), atol=1e-4
        )
        assert (found["masks"] != ours["mask"]).mean() < 1e-3
        assert len(np.unique(found["masks"])) > 1
