"""What happens to texts and their labels or tags, and to the labels of any examples."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from damaging.clean import Row


def split(rows: Sequence[Row], name: str) -> list[Row]:
    return [row for row in rows if row.split == name]


def _leak(change: Callable[[str], str]) -> Callable:
    """A sentence of train, word by word changed, in place of one of test."""

    def damage(rows: Sequence[Row], chance: random.Random) -> None:
        source, target = chance.choice(split(rows, "train")), chance.choice(split(rows, "test"))
        target.words, target.tags = list(map(change, source.words)), list(source.tags)
        target.label = source.label

    return damage


leak = _leak(str)
leak_case = _leak(str.upper)


def leak_punctuation(rows: Sequence[Row], chance: random.Random) -> None:
    leak(rows, chance)
    seen = {tuple(row.words) for row in split(rows, "train")}
    (row, *_) = [row for row in split(rows, "test") if tuple(row.words) in seen]
    row.words[-1] = "!"


def doubled(rows: Sequence[Row], chance: random.Random) -> None:
    first, second = chance.sample(split(rows, "train"), 2)
    second.words, second.tags, second.label = first.words, first.tags, first.label


def contradiction(rows: Sequence[Row], chance: random.Random) -> None:
    """One sentence or picture with two labels."""
    disc = chance.choice([row for row in split(rows, "train") if row.label == "disc"])
    square = chance.choice([row for row in split(rows, "train") if row.label == "square"])
    square.words, square.pixels = disc.words, disc.pixels
    if int(disc.name[1:]) % 2 != int(square.name[1:]) % 2:
        disc.name, square.name = f"p{900:03d}", f"p{902:03d}"
    square.tags = [tag.replace("per", "loc") for tag in disc.tags]


def _word(new: str) -> Callable:
    """A word in place of another, in one sentence of train."""

    def damage(rows: Sequence[Row], chance: random.Random) -> None:
        row = chance.choice(split(rows, "train"))
        row.words[chance.randrange(2, len(row.words))] = new

    return damage


zero_width, nul, surrogate, steering, replaced, unknown_space = map(
    _word, ("\u200b", "a\0b", "\ud83d", "\x1b[2J", "caf\ufffd", "\u2060")
)


def empty(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "train"))
    row.words, row.tags = [""], ["O"]


def blank(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "train"))
    row.words, row.tags = ["\u00a0"], ["O"]


def endless(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "train"))
    row.words, row.tags = row.words * 2_000, row.tags * 2_000


def broken_scheme(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "train"))
    row.tags[0] = "I-per"
    row.tags[1] = "I-loc"


def strange_tag(rows: Sequence[Row], chance: random.Random) -> None:
    chance.choice(split(rows, "train")).tags[0] = "PER"


def shifted_tags(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "train"))
    row.tags = ["O", *row.tags[:-1]]


def unseen_class(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "test"))
    _relabel(row, "triangle")


def rare_class(rows: Sequence[Row], chance: random.Random) -> None:
    _relabel(chance.choice(split(rows, "train")), "triangle")


def other_case(rows: Sequence[Row], chance: random.Random) -> None:
    """Some discs are called Disc: two classes of one."""
    for row in chance.sample([row for row in split(rows, "train") if row.label == "disc"], 5):
        _relabel(row, "Disc")


def _relabel(row: Row, label: str) -> None:
    row.label = label
    for box in row.boxes[:1]:
        box[0] = label
    row.tags = [tag.replace("per", label) for tag in row.tags]


def one_class(rows: Sequence[Row], chance: random.Random) -> None:
    for row in rows:
        _relabel(row, "disc")
        row.boxes = [["disc", *box[1:]] for box in row.boxes]


def imbalanced(rows: list[Row], chance: random.Random) -> None:
    squares = [row for row in split(rows, "train") if row.label == "square"]
    for row in squares[1:]:
        rows.remove(row)


def lost_split(rows: list[Row], chance: random.Random) -> None:
    """Nothing of one split is left, though its list or file is."""
    name = chance.choice(("validation", "test"))
    for row in split(rows, name):
        rows.remove(row)


def cut_split(rows: list[Row], chance: random.Random) -> None:
    """A split of one example, as after a copy that was stopped."""
    for row in split(rows, chance.choice(("validation", "test")))[1:]:
        rows.remove(row)


def swapped_splits(rows: Sequence[Row], chance: random.Random) -> None:
    """All of test is in train as well."""
    for first, second in zip(split(rows, "test"), split(rows, "train"), strict=False):
        first.words, first.tags, first.label = second.words, second.tags, second.label
        first.pixels, first.boxes, first.mask = second.pixels, second.boxes, second.mask
        if int(first.name[1:]) % 2 != int(second.name[1:]) % 2:
            first.name = f"p{int(first.name[1:]) + 101:03d}"


def mask_of_other(rows: Sequence[Row], chance: random.Random) -> None:
    by_width = sorted(rows, key=lambda row: row.pixels.shape[1])
    first, second = by_width[chance.randrange(3)], by_width[-1 - chance.randrange(3)]
    first.mask, second.mask = second.mask, first.mask


def mask_value(rows: Sequence[Row], chance: random.Random) -> None:
    """A class id far from all others, in a few pixels of one mask."""
    chance.choice(split(rows, "train")).mask[3:6, 3:6] = 77


def mask_ignored(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "train"))
    row.mask = np.full_like(row.mask, 255)


def mask_upside_down(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "train"))
    row.mask = row.mask[::-1, ::-1].copy()


def mask_empty(rows: Sequence[Row], chance: random.Random) -> None:
    row = chance.choice(split(rows, "train"))
    row.mask = np.zeros_like(row.mask)


def mask_smooth(folder: Path, chance: random.Random) -> None:
    """A mask that was scaled with interpolation."""
    file = chance.choice(sorted(folder.glob("train/masks/*.png")))
    with Image.open(file) as mask:
        mask.resize((30, 20)).resize(mask.size, Image.Resampling.BICUBIC).save(file)


def mask_colour(folder: Path, chance: random.Random) -> None:
    file = chance.choice(sorted(folder.glob("train/masks/*.png")))
    with Image.open(file) as mask:
        mask.convert("RGB").save(file)


def mask_jpeg(folder: Path, chance: random.Random) -> None:
    for file in sorted(folder.glob("*/masks/*.png")):
        with Image.open(file) as mask:
            mask.convert("L").point(lambda v: v * 100).save(file.with_suffix(".jpg"), quality=60)
        file.unlink()


def lost_mask(folder: Path, chance: random.Random) -> None:
    chance.choice(sorted(folder.glob("*/masks/*.png"))).unlink()
