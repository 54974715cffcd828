"""Pictures with boxes, for tests of their formats."""

import os
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from pipelines.formats.examples import Data, Examples

HEIGHT, WIDTH = 40, 80
ROOT = Path(__file__).resolve().parents[1]
SHARED = next(
    (
        p
        for p in (Path(os.environ.get("PIPELINES_TEST_DATA", "-")), ROOT / "../shared/data")
        if p.is_dir()
    ),
    None,
)


def picture(file, size=(WIDTH, HEIGHT)):
    file.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(file.name))
    Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), np.uint8)).save(file)
    return file


def made(root, boxes, labels=("cat", "dog")):
    """Data of three splits with `boxes`: a list of (box, label id) per picture of train."""
    splits = {}
    for split, rows in (
        ("train", boxes),
        ("validation", [[([0, 0, 0.5, 0.5], 0)]]),
        ("test", [[]]),
    ):
        names = [f"{split}{i}.png" for i in range(len(rows))]
        columns = {
            "image": [str(picture(root / name)) for name in names],
            "objects/bbox": [
                np.array([b for b, _ in row], np.float32).reshape(-1, 4) for row in rows
            ],
            "objects/label": [np.array([i for _, i in row], np.int64) for row in rows],
        }
        splits[split] = Examples(names, columns, names, ("image",))
    return Data(str(root), "made", splits, {"objects/label": list(labels)})


def objects(data):
    """{split: {file name: [(box, label)]}}"""
    names = data.labels["objects/label"]
    return {
        split: {
            name.rpartition("/")[2]: [
                (tuple(box.tolist()), names[i])
                for box, i in zip(
                    examples.columns["objects/bbox"][k],
                    examples.columns["objects/label"][k],
                    strict=True,
                )
            ]
            for k, name in enumerate(examples.names)
        }
        for split, examples in data.splits.items()
    }


def problems(data):
    return [(p.severity, p.kind, p.where) for p in data.problems if p.severity != "note"]


box = st.tuples(*[st.integers(0, 1000).map(lambda i: i / 1000)] * 4)
