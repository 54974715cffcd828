"""The file for MediaPipe Tasks' ObjectDetector runs in the real package, which may live elsewhere."""

import json
import subprocess

import numpy as np
import pytest
import shapes
from test_mediapipe import interpreter

from pipelines import catalog
from pipelines.engine.export import own_file

DETECT = """
import json, sys
import numpy as np
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import ObjectDetector, ObjectDetectorOptions

model, pictures = sys.argv[1:]
base = BaseOptions(model_asset_path=model)
options = ObjectDetectorOptions(base_options=base, max_results=5, score_threshold=0.01)
with ObjectDetector.create_from_options(options) as detector:
    for picture in np.load(pictures):
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        found = []
        for item in detector.detect(image).detections:
            box, best = item.bounding_box, item.categories[0]
            corners = [box.origin_y, box.origin_x, box.origin_y + box.height, box.origin_x + box.width]
            found.append([best.category_name, best.score, corners])
        print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not interpreter(), reason="no MediaPipe: set PIPELINES_MEDIAPIPE_PYTHON to a Python with it"
)
def test_object_detector_gives_our_best_box(tmp_path):
    method = catalog.method("yolo")
    config = method.Config().replace(
        labels=shapes.LABELS,
        max_boxes=4,
        max_detections=10,
        image_size=96,
        steps_per_epoch=1,
        size="pico",
        seed=3,
    )
    net = method.model(config)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), np.uint8)
    program = method.programs(net, config, {"image": pictures})["mediapipe"]
    record = own_file.write(net, program, tmp_path, "shapes", config.labels, name="shapes")
    np.save(tmp_path / "pictures.npy", pictures)

    command = [
        interpreter(),
        "-c",
        DETECT,
        str(tmp_path / record["path"]),
        str(tmp_path / "pictures.npy"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr

    ours = method.decode(net.predict_on_batch({"image": pictures}), config)
    for i, line in enumerate(done.stdout.splitlines()):
        label, score, corners = json.loads(line)[0]
        assert label == shapes.LABELS[int(ours["classes"][i, 0])]
        assert score == pytest.approx(float(ours["scores"][i, 0]), abs=1e-4)
        assert corners == pytest.approx(
            (ours["boxes"][i, 0].numpy() * 96).tolist(), abs=1.01
        )  # it rounds to pixels
