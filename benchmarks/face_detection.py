"""Faces: cbcl's 19 x 19 windows, and 100 faces of olivetti pasted into BSD100.

    python benchmarks/face_detection.py train|windows|pasted [--shared ../shared/data] [--out FOLDER]

train: the cascade of viola_jones by its own steps, on cbcl's training windows and on what passes of
clothing's photos. windows: its AUC on cbcl's test. pasted: recall at IoU 0.4 and false boxes a
picture, of it, of mtcnn with its published weights, and of OpenCV's cascades if cv2 is installed.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from PIL import Image

SCALES, SEED, SIDE = (0.6, 1.6), 0, 480
BOX_SCALE = 1.4  # cbcl cuts faces from the brows to the chin, olivetti shows heads


def cascade_of_cbcl(shared):
    """The cascade, by the defaults of viola_jones but for window=19."""
    from pipelines import catalog
    from pipelines.formats.examples import Examples
    from pipelines.models import haar_boosting
    from pipelines.tasks.face_detection import _windows

    config = catalog.method("viola_jones").Config(window=19)
    with np.load(shared / "cbcl" / "cbcl_19x19.npz") as file:
        faces, others = file["trainset_faces"], file["trainset_nonfaces"]
    nothing = Examples([], {"image": [], "objects/bbox": []}, [])
    source = _windows.Source(nothing, shared / "clothing" / "train", config.window)
    random = np.random.default_rng(SEED)
    plan = haar_boosting.Plan(
        *(config.stage_detection, config.stage_false, config.stages, config.stumps),
        *(config.features, config.tried, config.windows),
    )

    def more(cascade, count):
        found = source.passing(cascade, count, random)
        print(f"stage {len(cascade.limits)}: {len(cascade.thresholds)} stumps, {len(found)} found")
        return found

    both = np.concatenate([faces, faces[:, :, ::-1]])
    return haar_boosting.found(both, others, more, plan, (1.0, 1.0), SEED)


def windows(cascade, shared):
    """{"auc", ...} of stages passed, then the margin, on cbcl's test."""
    from sklearn.metrics import roc_auc_score

    from pipelines.models import haar

    with np.load(shared / "cbcl" / "cbcl_19x19.npz") as file:
        faces, others = file["testset_faces"], file["testset_nonfaces"]
    passed, margin = haar.judged(cascade, haar.of_crops(np.concatenate([faces, others])))
    order = np.lexsort((margin, passed))
    score = np.empty(len(order))
    score[order] = np.arange(len(order))
    truth = np.repeat([1, 0], [len(faces), len(others)])
    counts = [len(cascade.nodes_of(stage)) for stage in range(len(cascade.limits))]
    return {"auc": roc_auc_score(truth, score), "stumps": counts, "windows": len(truth)}


def scenes(shared):
    """(picture uint8 (H, W, 3), box yxyx in pixels) of 100 faces, one in each picture."""
    from scipy.io import loadmat

    faces = loadmat(next((shared / "olivetti").glob("*.mat")))["faces"].T.reshape(-1, 64, 64)
    random = np.random.default_rng(SEED)
    chosen = random.permutation(len(faces))[:100]
    for file, face in zip(sorted((shared / "bsd100").glob("*.png")), chosen, strict=True):
        picture = np.array(Image.open(file).convert("RGB"))
        side = round(64 * random.uniform(*SCALES))
        upright = faces[face].T
        scaled = np.uint8(upright * (255 if upright.max() <= 1 else 1))
        small = np.asarray(Image.fromarray(scaled).resize((side, side), Image.Resampling.BICUBIC))
        top, left = (int(random.integers(0, n - side + 1)) for n in picture.shape[:2])
        picture[top : top + side, left : left + side] = small[:, :, None]
        yield picture, np.array([top, left, top + side, left + side], float)


def judged(find, shared):
    """find: picture -> boxes (n, 4) yxyx in pixels, the best first."""
    from pipelines.metrics.found_faces import _hits

    hits = false = pictures = 0
    start = time.perf_counter()
    for picture, box in scenes(shared):
        boxes = np.asarray(find(picture), float).reshape(-1, 4)
        own = _hits(box[None], boxes)
        hits, false, pictures = hits + own, false + len(boxes) - own, pictures + 1
    seconds = (time.perf_counter() - start) / pictures
    return {
        "recall": hits / pictures,
        "false_boxes": false / pictures,
        "seconds": round(seconds, 3),
    }


def by_method(name, config, fill):
    """A function from a picture to boxes, by the method's own net and decoding."""
    from pipelines import catalog
    from pipelines.edge import pictures

    method = catalog.method(name)
    net = method.model(config)
    fill(net)

    def find(picture):
        square, placement = pictures.resize(picture, config.image_size, "letterbox")
        found = method.decode(net({"image": square[None]}, training=False), config)
        shown = np.asarray(found["scores"])[0] >= config.shown_score
        return placement.back(np.asarray(found["boxes"])[0][shown] * config.image_size)

    return find


def by_opencv(name, neighbours):
    import cv2

    cascade = cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_frontalface_{name}.xml")

    def find(picture):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        found = cascade.detectMultiScale(grey, 1.1, neighbours)
        return [(y, x, y + h, x + w) for x, y, w, h in found]

    return find


def found_in(shared, cascade):
    """Rows of the table, one after the other."""
    from pipelines import catalog

    given = dict(image_size=SIDE, max_boxes=1, max_detections=100, labels=("face",))
    if cascade is not None:
        config = catalog.method("viola_jones").Config(**given, window=19, box_scale=BOX_SCALE)
        config = config.having(cascade.arrays())

        def fill(net):
            net.get_layer("cascade").fill(cascade)

        yield "viola_jones", judged(by_method("viola_jones", config, fill), shared)
    config = catalog.method("mtcnn").Config(**given, weights="installed")
    yield "mtcnn", judged(by_method("mtcnn", config, lambda net: None), shared)
    for name, neighbours in (("default", 3), ("alt2", 3), ("alt2", 5)):
        yield f"OpenCV {name} n={neighbours}", judged(by_opencv(name, neighbours), shared)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train", "windows", "pasted"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("/tmp/face_detection"))
    arguments = parser.parse_args()
    from pipelines.models import haar

    file = arguments.out / "cascade.npz"
    if arguments.what == "train":
        arguments.out.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file, **cascade_of_cbcl(arguments.shared).arrays())
        return
    cascade = haar.of_arrays(dict(np.load(file))) if file.exists() else None
    if arguments.what == "windows":
        print(json.dumps(windows(cascade, arguments.shared)))
        return
    for name, result in found_in(arguments.shared, cascade):
        print(json.dumps({"method": name, **result}), flush=True)


if __name__ == "__main__":
    main()
