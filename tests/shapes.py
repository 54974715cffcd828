"""Plain shapes on noise with boxes: data that a small detector learns within seconds."""

import numpy as np
from PIL import Image

from pipelines.formats.examples import Data, Examples

LABELS = ("square", "disc")
HEIGHT, WIDTH = 72, 96


def scene(rng):
    """(uint8 (72, 96, 3), boxes (n, 4) yxyx in [0, 1], labels (n,)) of one to three shapes."""
    picture = rng.integers(90, 140, (HEIGHT, WIDTH, 3), np.uint8)
    boxes, labels = [], []
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for _ in range(rng.integers(1, 4)):
        side = int(rng.integers(14, 30))
        y, x = rng.integers(0, HEIGHT - side), rng.integers(0, WIDTH - side)
        box = (y, x, y + side, x + side)
        if any(
            min(box[2], b[2]) > max(box[0], b[0]) and min(box[3], b[3]) > max(box[1], b[1])
            for b in boxes
        ):
            continue
        label = int(rng.integers(2))
        inside = (rows >= y) & (rows < y + side) & (columns >= x) & (columns < x + side)
        if label:
            inside &= np.hypot(rows + 0.5 - y - side / 2, columns + 0.5 - x - side / 2) < side / 2
        picture[inside] = (230, 60, 40) if label else (30, 60, 220)
        boxes.append(box)
        labels.append(label)
    boxes = np.array(boxes, np.float32) / np.array([HEIGHT, WIDTH] * 2, np.float32)
    return picture, boxes, np.array(labels)


def data(folder, train=64, others=16):
    """Data of three splits; the pictures lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, splits = np.random.default_rng(0), {}
    for split, count in (("train", train), ("validation", others), ("test", others)):
        names, boxes, labels = [], [], []
        for i in range(count):
            picture, box, label = scene(rng)
            Image.fromarray(picture).save(folder / f"{split}{i:03d}.png")
            names.append(f"{split}{i:03d}.png")
            boxes.append(box)
            labels.append(label)
        columns = {
            "image": [str(folder / n) for n in names],
            "objects/bbox": boxes,
            "objects/label": labels,
        }
        splits[split] = Examples(names, columns, names, ("image",))
    return Data(str(folder), "shapes", splits, {"objects/label": list(LABELS)})
