"""Small sets in each format that the tests of oddities write, with what is odd about them."""

import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from pipelines.formats import (
    box_table,
    coco,
    coco_labels,
    coco_masks,
    conll,
    image_folder,
    jsonl,
    masks,
    pairs,
    pictures,
    table,
    text_folder,
    text_jsonl,
    text_table,
    unpaired,
    voc,
    yolo,
)

HEIGHT, WIDTH = 12, 8
BOX = (2, 1, 8, 5)  # ymin xmin ymax xmax, pixels
NAMES = ("a.png", "b.png", "c.png", "d.png")


@dataclasses.dataclass
class Set:
    """A set to be written. written: how a path is written in text; save: a picture to a file."""

    root: Path
    names: tuple[str, ...] = NAMES
    encoding: str = "utf-8"
    end: str = "\n"
    written: Callable[[str], str] = str
    exif: int = 1

    def text(self, name, *lines):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        content = "".join(f"{line}{self.end}" for line in lines)
        file.write_bytes(content.encode(self.encoding))

    def picture(self, name, seed=0, size=(HEIGHT, WIDTH)):
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
        self.save(name, pixels)

    def save(self, name, pixels):
        tags = Image.Exif()
        if self.exif == 6:
            tags[0x112] = 6
            pixels = np.ascontiguousarray(np.rot90(pixels))
        buffer = io.BytesIO()
        format = "JPEG" if name.lower().endswith(("jpg", "jfif")) else "PNG"
        Image.fromarray(pixels).save(buffer, format, exif=tags)
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(buffer.getvalue())

    def mask(self, name):
        file = self.root / PurePosixPath(name).with_suffix(".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.eye(HEIGHT, WIDTH, dtype=np.uint8) * 255).save(file)


def in_classes(own):
    for i, name in enumerate(own.names):
        own.picture(f"{'xy'[i % 2]}/{name}", i)


def in_table(own):
    rows = [f"{own.written(f'p/{name}')},{'xy'[i % 2]}" for i, name in enumerate(own.names)]
    own.text("labels.csv", "path,label", *rows)
    for i, name in enumerate(own.names):
        own.picture(f"p/{name}", i)


def alone(own):
    for i, name in enumerate(own.names):
        own.picture(name, i)


def in_domains(own):
    for i, name in enumerate(own.names):
        own.picture(f"train{'AB'[i % 2]}/{name}", i)


def at_two_sizes(own):
    for i, name in enumerate(own.names):
        own.picture(f"HR/{name}", i)
        own.picture(f"LR/{name}", i, (HEIGHT // 2, WIDTH // 2))


def with_masks(own):
    own.text("train.txt", *[own.written(f"images/{name}") for name in own.names])
    for i, name in enumerate(own.names):
        own.picture(f"images/{name}", i)
        own.mask(f"masks/{name}")


def as_coco(own):
    ymin, xmin, ymax, xmax = BOX
    polygon = [[xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax]]
    box = [xmin, ymin, xmax - xmin, ymax - ymin]
    images, notes = [], []
    for i, name in enumerate(own.names):
        own.picture(f"p/{name}", i)
        images.append({"id": i, "file_name": own.written(f"p/{name}")})
        images[-1] |= {"height": HEIGHT, "width": WIDTH}
        notes.append(
            {"id": i, "image_id": i, "category_id": 1, "bbox": box, "segmentation": polygon}
        )
    content = {"images": images, "annotations": notes, "categories": [{"id": 1, "name": "x"}]}
    own.text("boxes.json", json.dumps(content, indent=1).replace("\n", own.end))


def as_voc(own):
    sides = zip(("ymin", "xmin", "ymax", "xmax"), BOX, strict=True)
    bounds = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
    item = f"<object><name>x</name><bndbox>{bounds}</bndbox></object>"
    for i, name in enumerate(own.names):
        own.picture(f"JPEGImages/{name}", i)
        said = f"<filename>{own.written(name)}</filename>"
        stem = PurePosixPath(name).stem
        own.text(f"Annotations/{stem}.xml", f"<annotation>{said}{size}", item, "</annotation>")
    stems = [PurePosixPath(name).stem for name in own.names]
    own.text("ImageSets/Main/train.txt", *map(own.written, dict.fromkeys(stems)))


def as_yolo(own):
    ymin, xmin, ymax, xmax = np.array(BOX) / (HEIGHT, WIDTH, HEIGHT, WIDTH)
    line = f"0 {(xmin + xmax) / 2} {(ymin + ymax) / 2} {xmax - xmin} {ymax - ymin}"
    for i, name in enumerate(own.names):
        own.picture(f"images/{name}", i)
        own.text(f"labels/{PurePosixPath(name).stem}.txt", line)
    own.text("list.txt", *[own.written(f"images/{name}") for name in own.names])
    own.text("data.yaml", "train: list.txt", "names: [x]")


def in_box_table(own):
    ymin, xmin, ymax, xmax = BOX
    rows = [f"{own.written(f'p/{name}')},x,{ymin},{xmin},{ymax},{xmax}" for name in own.names]
    own.text("boxes.csv", "path,label,ymin,xmin,ymax,xmax", *rows)
    for i, name in enumerate(own.names):
        own.picture(f"p/{name}", i)


PICTURES = {
    "image_folder": (image_folder, in_classes),
    "table": (table, in_table),
    "pictures": (pictures, alone),
    "unpaired": (unpaired, in_domains),
    "pairs": (pairs, at_two_sizes),
    "masks": (masks, with_masks),
    "coco": (coco, as_coco),
    "coco_masks": (coco_masks, as_coco),
    "coco_labels": (coco_labels, as_coco),
    "voc": (voc, as_voc),
    "yolo": (yolo, as_yolo),
    "box_table": (box_table, in_box_table),
}
LISTING = ("table", "masks", "coco", "coco_masks", "voc", "yolo", "box_table")  # have text
PATHS = tuple(name for name in LISTING if name != "voc")  # name pictures with folders


SENTENCES = (
    ("Ann is here", "x"),
    ("caf\u00e9 in Rome", "y"),
    ("so it is", "x"),
    ("no, it is not", "y"),
)


def lines_of_columns(own):
    lines = [f"{word} O" for text, _ in SENTENCES for word in (*text.split(), "")]
    own.text("train.conll", *["" if line == " O" else line for line in lines])


def json_of_tags(own):
    rows = [{"tokens": text.split(), "tags": ["B-x"] * len(text.split())} for text, _ in SENTENCES]
    own.text("train.jsonl", *map(json.dumps, rows))


def json_of_texts(own):
    own.text(
        "train.jsonl", *[json.dumps({"text": text, "label": label}) for text, label in SENTENCES]
    )


def table_of_texts(own):
    own.text("train.csv", "text,label", *[f'"{text}",{label}' for text, label in SENTENCES])


def folder_of_texts(own):
    for i, (text, label) in enumerate(SENTENCES):
        own.text(f"{label}/{i}.txt", text)


TEXTS = {
    "conll": (conll, lines_of_columns),
    "jsonl": (jsonl, json_of_tags),
    "text_jsonl": (text_jsonl, json_of_texts),
    "text_table": (text_table, table_of_texts),
    "text_folder": (text_folder, folder_of_texts),
}
