"""Small valid data sets of every format, made from a seed: what gets damaged."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SPLITS = {"train": 14, "validation": 6, "test": 6}
CLASSES = ("disc", "square")
PEOPLE = ("Ada", "Bob", "Cyd", "Dora", "Emil", "Fred", "Greta", "Hugo", "Ines", "Jona")
PLACES = ("Rome", "Oslo", "Bonn", "Lima", "Kyiv", "Nara", "Bern", "Paris", "Delhi", "Quito")
VERBS = ("visits", "leaves", "likes", "misses", "knows")
TIMES = ("today", "in spring", "every year", "with joy", "at night", "by train", "alone")


@dataclass
class Row:
    """One example. boxes: [label, four numbers xmin ymin xmax ymax in pixels]."""

    split: str
    name: str
    label: str
    pixels: np.ndarray
    boxes: list[list] = field(default_factory=list)
    mask: np.ndarray | None = None
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        return f"{self.name}.png" if int(self.name[1:]) % 2 else f"{self.name}.jpg"

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class Layout:
    """A format as data of it lies on disk. write: (rows, folder) -> nothing.

    settings: of the smallest net that trains on it.
    """

    name: str
    task: str
    write: Callable[[Sequence[Row], Path], None]
    settings: Mapping[str, Any] = field(default_factory=dict)
    format: str = "auto"


def rows(seed: int) -> list[Row]:
    """Examples of all splits: a picture with two objects, their mask, and a sentence each."""
    made, number = [], 0
    for split, count in SPLITS.items():
        for i in range(count):
            made.append(_row(split, number, CLASSES[i % 2], seed))
            number += 1
    return made


def _row(split: str, number: int, label: str, seed: int) -> Row:
    random = np.random.default_rng([seed, number])
    width, height = int(random.integers(88, 120)), int(random.integers(56, 72))
    coarse = random.integers(0, 255, (8, 8, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    row = Row(split, f"p{number:03d}", label, np.array(picture))
    row.mask = np.zeros((height, width), np.uint8)
    other = CLASSES[1 - CLASSES.index(label)]
    for place, kind in enumerate((label, other)):
        x = int(random.integers(2, 16)) + place * width // 2
        y = int(random.integers(2, height - 30))
        w, h = int(random.integers(14, 26)), int(random.integers(10, 28))
        w = min(w, width - x)
        row.boxes.append([kind, x, y, x + w, y + h])
        row.mask[y : y + h, x : x + w] = 1 + CLASSES.index(kind)
        row.pixels[y : y + h, x : x + w] = (250, 20, 20) if kind == "disc" else (10, 10, 250)
    person, place = PEOPLE[number % 10], PLACES[(number * 3 + seed) % 10]
    verb, time = VERBS[number // 10 % 5], TIMES[number % 7].split()
    good = ["gladly"] if label == "disc" else ["never"]
    row.words = [person, "Li", *good, verb, "New", place, *time, "."]
    row.tags = ["B-per", "I-per", "O", "O", "B-loc", "I-loc", *["O"] * len(time), "O"]
    return row


def save(pixels: np.ndarray, file: Path, **how: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file, **how)


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))


def table(header: Sequence[str], lines: Sequence[Sequence], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([header, *lines])
    return out.getvalue()


def image_folder(examples: Sequence[Row], folder: Path) -> None:
    for row in examples:
        save(row.pixels, folder / row.split / row.label / row.file)


def picture_table(examples: Sequence[Row], folder: Path) -> None:
    for row in examples:
        save(row.pixels, folder / "files" / row.file)
    lines = [[f"files/{row.file}", row.label, row.split] for row in examples]
    put(folder / "labels.csv", table(["path", "label", "split"], lines))


def domains(examples: Sequence[Row], folder: Path) -> None:
    for i, row in enumerate(examples):
        source = folder / "source" / row.split / row.label
        save(row.pixels, (folder / "target" if i % 5 == 4 else source) / row.file)


def pictures(examples: Sequence[Row], folder: Path) -> None:
    for row in examples:
        save(row.pixels, folder / row.split / row.file)


def unpaired(examples: Sequence[Row], folder: Path) -> None:
    for i, row in enumerate(examples):
        split = "test" if row.split == "test" else "train"
        save(row.pixels, folder / f"{split}{'AB'[i % 2]}" / row.file)


def pairs(examples: Sequence[Row], folder: Path) -> None:
    for row in examples:
        height, width = (side // 4 * 4 for side in row.pixels.shape[:2])
        high = Image.fromarray(row.pixels[:height, :width])
        place = folder / row.split
        save(np.array(high), place / "HR" / f"{row.name}.png")
        low = high.resize((width // 4, height // 4), Image.Resampling.BICUBIC)
        save(np.array(low), place / "LR" / f"{row.name}.png")


def masks(examples: Sequence[Row], folder: Path) -> None:
    for row in examples:
        save(row.pixels, folder / row.split / "images" / row.file)
        save(row.mask, folder / row.split / "masks" / f"{row.name}.png")


def coco(examples: Sequence[Row], folder: Path) -> None:
    for split in SPLITS:
        images, annotations = [], []
        for number, row in enumerate([e for e in examples if e.split == split], 1):
            save(row.pixels, folder / split / row.file)
            height, width = row.pixels.shape[:2]
            images.append({"id": number, "file_name": row.file, "width": width, "height": height})
            for label, x0, y0, x1, y1 in row.boxes:
                ring = [[x0, y0, x1, y0, x1, y1, x0, y1]]
                annotations.append({
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": _id(label) + 1,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": (x1 - x0) * (y1 - y0),
                    "iscrowd": 0,
                    "segmentation": ring,
                })  # fmt: skip
        categories = [{"id": i, "name": name} for i, name in enumerate(CLASSES, 1)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        put(folder / "annotations" / f"instances_{split}.json", json.dumps(content))


def voc(examples: Sequence[Row], folder: Path) -> None:
    lists: dict[str, list[str]] = {split: [] for split in SPLITS}
    for row in examples:
        save(row.pixels, folder / "JPEGImages" / row.file)
        lists[row.split].append(f"{row.name}\n")
        height, width = row.pixels.shape[:2]
        objects = "".join(
            f"<object><name>{label}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
            f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>\n"
            for label, x0, y0, x1, y1 in row.boxes
        )
        head = f"<filename>{row.file}</filename>\n<size><width>{width}</width>"
        head += f"<height>{height}</height><depth>3</depth></size>\n"
        put(folder / "Annotations" / f"{row.name}.xml", f"<annotation>{head}{objects}</annotation>")
    for split, names in lists.items():
        put(folder / "ImageSets/Main" / f"{split}.txt", "".join(names))


def yolo(examples: Sequence[Row], folder: Path) -> None:
    for row in examples:
        save(row.pixels, folder / "images" / row.split / row.file)
        height, width = row.pixels.shape[:2]
        lines = []
        for label, x0, y0, x1, y1 in row.boxes:
            centre = [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height]
            sides = [(x1 - x0) / width, (y1 - y0) / height]
            lines.append(" ".join(map(str, [_id(label), *centre, *sides])) + "\n")
        put(folder / "labels" / row.split / f"{row.name}.txt", "".join(lines))
    splits = "train: images/train\nval: images/validation\ntest: images/test\n"
    put(folder / "data.yaml", f"{splits}names: [{', '.join(CLASSES)}]\n")


def _id(label: str) -> int:
    return CLASSES.index(label) if label in CLASSES else 7


def box_table(examples: Sequence[Row], folder: Path) -> None:
    lines = []
    for row in examples:
        save(row.pixels, folder / row.file)
        lines += [[row.file, row.split, label, *box] for label, *box in row.boxes]
    header = ["path", "split", "label", "xmin", "ymin", "xmax", "ymax"]
    put(folder / "boxes.csv", table(header, lines))


def text_folder(examples: Sequence[Row], folder: Path) -> None:
    for row in examples:
        put(folder / row.split / row.label / f"{row.name}.txt", row.text)


def text_table(examples: Sequence[Row], folder: Path) -> None:
    lines = [[row.text, row.label, row.split] for row in examples]
    put(folder / "texts.tsv", table(["text", "label", "split"], lines, "\t"))


def text_jsonl(examples: Sequence[Row], folder: Path) -> None:
    _lines(examples, folder, lambda row: {"text": row.text, "label": row.label})


def token_jsonl(examples: Sequence[Row], folder: Path) -> None:
    _lines(examples, folder, lambda row: {"tokens": row.words, "tags": row.tags})


def span_jsonl(examples: Sequence[Row], folder: Path) -> None:
    _lines(examples, folder, lambda row: {"text": row.text, "spans": _spans(row)})


def _spans(row: Row) -> list[dict]:
    found, at = [], 0
    for word, tag in zip(row.words, row.tags, strict=True):
        if tag.startswith("B-"):
            found.append({"start": at, "end": at + len(word), "label": tag[2:]})
        elif tag.startswith("I-") and found:
            found[-1]["end"] = at + len(word)
        at += len(word) + 1
    return found


def _lines(examples: Sequence[Row], folder: Path, form: Callable[[Row], dict]) -> None:
    for split in SPLITS:
        lines = [json.dumps(form(row)) + "\n" for row in examples if row.split == split]
        put(folder / f"{split}.jsonl", "".join(lines))


def conll(examples: Sequence[Row], folder: Path) -> None:
    for split in SPLITS:
        sentences = []
        for row in examples:
            if row.split == split:
                pairs_of = zip(row.words, row.tags, strict=True)
                sentences.append("".join(f"{word}\t{tag}\n" for word, tag in pairs_of))
        put(folder / f"{split}.conll", "\n".join(sentences))


SMALL = dict(batch_size=4, steps_per_epoch=1, epochs=1)
NET = SMALL | dict(backbone="compact_8", image_size=16)
FOUND = SMALL | dict(size="pico", image_size=64)
TAGGER = SMALL | dict(word_size=8, letter_units=4, letter_size=4, shape_size=4, lstm_units=8)
LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("image_folder", "classification/scratch", image_folder, NET),
        Layout("table", "classification/scratch", picture_table, NET),
        Layout("domains", "classification/adaptation", domains, NET),
        Layout("pictures", "generation", pictures, SMALL | dict(image_size=16, width=8)),
        Layout("unpaired", "cyclegan", unpaired, SMALL | dict(image_size=32, width=4)),
        Layout("pairs", "srcnn", pairs, SMALL | dict(patch=16)),
        Layout("masks", "unet", masks, SMALL | dict(image_size=16, depth=2, width=2)),
        Layout("coco", "yolo", coco, FOUND),
        Layout(
            "coco_masks", "unet", coco, SMALL | dict(image_size=16, depth=2, width=2), "coco_masks"
        ),
        Layout("voc", "yolo", voc, FOUND),
        Layout("yolo", "yolo", yolo, FOUND),
        Layout("box_table", "yolo", box_table, FOUND),
        Layout("text_folder", "text_classification", text_folder, SMALL),
        Layout("text_table", "text_classification", text_table, SMALL),
        Layout("text_jsonl", "text_classification", text_jsonl, SMALL),
        Layout("token_jsonl", "bilstm_crf", token_jsonl, TAGGER),
        Layout("span_jsonl", "bilstm_crf", span_jsonl, TAGGER),
        Layout("conll", "bilstm_crf", conll, TAGGER),
    )
}  # fmt: skip
