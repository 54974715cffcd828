"""Small sets of pictures with one red box each, in any format, and what a reader made of them."""

import numpy as np
from PIL import Image

RED = (240, 40, 40)
BOX = (4, 2, 10, 6)  # ymin xmin ymax xmax of the red part of each picture, pixels
SIZE = (12, 8)  # height, width


def pixels(seed=0):
    """Grey noise with a red box."""
    made = np.random.default_rng(seed).integers(90, 130, (*SIZE, 3), dtype=np.uint8)
    ymin, xmin, ymax, xmax = BOX
    made[ymin:ymax, xmin:xmax] = RED
    return made


def save(file, array=None, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    array = pixels(len(file.name)) if array is None else array
    Image.fromarray(np.ascontiguousarray(array)).save(file, **options)


def xml(name="", box=BOX, label="red"):
    ymin, xmin, ymax, xmax = box
    sides = dict(xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax)
    bounds = "".join(f"<{side}>{value}</{side}>" for side, value in sides.items())
    return (
        f"<annotation><filename>{name}</filename>"
        f"<object><name>{label}</name><bndbox>{bounds}</bndbox></object></annotation>"
    )


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def found(data):
    """{split: {name: boxes as tuples of pixels}}, of splits that are not empty."""
    scale = np.array([*SIZE, *SIZE])
    boxes = {}
    for split, part in data.splits.items():
        for name, own in zip(part.names, part.columns["objects/bbox"], strict=True):
            rounded = np.round(own * scale).astype(int).tolist()
            boxes.setdefault(split, {})[name] = [tuple(box) for box in rounded]
    return boxes


def merged(data):
    return {name: boxes for part in found(data).values() for name, boxes in part.items()}


def said(data, least="warning"):
    severities = ("error", "warning", "note")
    wanted = severities[: severities.index(least) + 1]
    return [(p.severity, p.kind, p.where) for p in data.problems if p.severity in wanted]


def line(box=BOX, label=0):
    """A line of YOLO."""
    ymin, xmin, ymax, xmax = np.array(box) / [*SIZE, *SIZE]
    return f"{label} {(xmin + xmax) / 2} {(ymin + ymax) / 2} {xmax - xmin} {ymax - ymin}\n"
