"""What happens to boxes: each function changes examples before a format writes them."""

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from damaging.clean import Row


def one(change: Callable[[list, Row], list | None]) -> Callable:
    """Changes one box; (box, its example) -> [label, xmin, ymin, xmax, ymax]."""

    def damage(rows: Sequence[Row], chance: random.Random) -> None:
        row = chance.choice([row for row in rows if row.split == "train"])
        at = chance.randrange(len(row.boxes))
        row.boxes[at] = change(row.boxes[at], row)

    return damage


def every(change: Callable[[list, Row], list]) -> Callable:
    """Changes all boxes."""

    def damage(rows: Sequence[Row], chance: random.Random) -> None:
        for row in rows:
            row.boxes = [change(box, row) for box in row.boxes]

    return damage


def inverted(box: list, row: Row) -> list:
    label, x0, y0, x1, y1 = box
    return [label, x1, y1, x0, y0]


def flat(box: list, row: Row) -> list:
    label, x0, y0, _, y1 = box
    return [label, x0, y0, x0, y1]


def beyond(box: list, row: Row) -> list:
    label, x0, y0, x1, y1 = box
    height, width = row.pixels.shape[:2]
    return [label, x0 + width, y0 + height, x1 + width, y1 + height]


def partly_beyond(box: list, row: Row) -> list:
    label, x0, y0, *_ = box
    height, width = row.pixels.shape[:2]
    return [label, x0, y0, width + 30, height + 20]


def negative(box: list, row: Row) -> list:
    label, *_, x1, y1 = box
    return [label, -40, -30, x1, y1]


def not_finite(box: list, row: Row) -> list:
    label, x0, _, x1, y1 = box
    return [label, x0, float("nan"), x1, y1]


def endless(box: list, row: Row) -> list:
    label, x0, y0, _, y1 = box
    return [label, x0, y0, float("inf"), y1]


def huge(box: list, row: Row) -> list:
    label, x0, y0, *_ = box
    return [label, x0, y0, 1e30, 1e30]


def strange_class(box: list, row: Row) -> list:
    return ["sqaure", *box[1:]]


def shares(box: list, row: Row) -> list:
    label, x0, y0, x1, y1 = box
    height, width = row.pixels.shape[:2]
    return [label, x0 / width, y0 / height, x1 / width, y1 / height]


def pixels(box: list, row: Row) -> list:
    """For a format of shares: numbers in pixels."""
    label, x0, y0, x1, y1 = box
    height, width = row.pixels.shape[:2]
    return [label, x0 * width, y0 * height, x1 * width, y1 * height]


def thousandths(box: list, row: Row) -> list:
    """Pixels of a picture of 1,000 by 1,000, as language models write them."""
    label, x0, y0, x1, y1 = box
    height, width = row.pixels.shape[:2]
    return [label, x0 * 1000 // width, y0 * 1000 // height, x1 * 1000 // width, y1 * 1000 // height]


def sides_for_corner(box: list, row: Row) -> list:
    """xywh if a format wants xyxy."""
    label, x0, y0, x1, y1 = box
    return [label, x0, y0, x1 - x0, y1 - y0]


def corner_for_sides(box: list, row: Row) -> list:
    """xyxy if a format wants xywh."""
    label, x0, y0, x1, y1 = box
    return [label, x0, y0, x0 + x1, y0 + y1]


def corner_for_centre(box: list, row: Row) -> list:
    """The first corner if a format wants the centre."""
    label, x0, y0, x1, y1 = box
    right, low = (x1 - x0) / 2, (y1 - y0) / 2
    return [label, x0 - right, y0 - low, x1 - right, y1 - low]


def centre_for_corner(box: list, row: Row) -> list:
    """The centre if a format wants the first corner."""
    label, x0, y0, x1, y1 = box
    right, low = (x1 - x0) / 2, (y1 - y0) / 2
    return [label, x0 + right, y0 + low, x1 + right, y1 + low]


def axes(box: list, row: Row) -> list:
    label, x0, y0, x1, y1 = box
    return [label, y0, x0, y1, x1]


def twice(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(rows)
    row.boxes.append(list(row.boxes[0]))


def others_boxes(rows: Sequence[Row], chance: random.Random) -> None:
    """The boxes of two pictures exchanged; the pictures are of different sizes."""
    by_width = sorted(rows, key=lambda row: row.pixels.shape[1])
    first, second = by_width[chance.randrange(3)], by_width[-1 - chance.randrange(3)]
    first.boxes, second.boxes = second.boxes, first.boxes


def unmarked(rows: Sequence[Row], chance: random.Random) -> None:
    chance.choice(rows).boxes.clear()


def wrong_size(folder: Path, chance: random.Random) -> None:
    """Width and height exchanged in the record of one picture."""
    file = annotations(folder)[0]
    text = file.read_text()
    if file.suffix == ".json":
        content = json.loads(text)
        image = content["images"][0]
        image["width"], image["height"] = image["height"], image["width"]
        file.write_text(json.dumps(content))
        return
    width, height = re.findall(r"<(?:width|height)>(\d+)<", text)
    size = f"<width>{height}</width><height>{width}</height>"
    file.write_text(re.sub(r"<width>\d+</width><height>\d+</height>", size, text))


def annotations(folder: Path) -> list[Path]:
    """Files that hold boxes."""
    kinds = ("annotations/*.json", "Annotations/*.xml", "labels/train/*.txt", "boxes.csv")
    return [file for kind in kinds for file in sorted(folder.glob(kind))]


def cut_file(folder: Path, chance: random.Random) -> None:
    file = chance.choice(annotations(folder))
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * chance.uniform(0.4, 0.95))])


def zeros_in_file(folder: Path, chance: random.Random) -> None:
    file = chance.choice(annotations(folder))
    content = file.read_bytes()
    at = int(len(content) * chance.uniform(0.2, 0.8))
    file.write_bytes(content[:at] + bytes(len(content) - at))


def lost_file(folder: Path, chance: random.Random) -> None:
    chance.choice(annotations(folder)).unlink()


def words_for_numbers(folder: Path, chance: random.Random) -> None:
    file = chance.choice(annotations(folder))
    text = file.read_text()
    numbers = [m for m in re.finditer(r"(?<=[ ,>\[])\d[\d.]*(?=[ ,<\]\n])", text)]
    found = chance.choice(numbers[len(numbers) // 2 :])
    file.write_text(f"{text[: found.start()]}abc{text[found.end() :]}")
