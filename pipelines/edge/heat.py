"""A table of weights between two rows of words, drawn: the darker, the more."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import lettering

CELL, SIZE, PAD = 22, 13, 6  # pixels: of a cell, of letters, around words
INK, FULL = (20, 20, 20), np.array([31, 82, 148])  # the colour of a weight of 1


def drawn(weights: np.ndarray, columns: Sequence[str], rows: Sequence[str]) -> np.ndarray:
    """Weights (R, C) in [0, 1] -> uint8 (H, W, 3), the columns' words upright above."""
    font, words = lettering.font([*columns, *rows], SIZE)
    columns, rows = words[: len(columns)], words[len(columns) :]
    left, top = (
        2 * PAD + int(max((font.getlength(word) for word in words), default=0))
        for words in (rows, columns)
    )
    height, width = top + CELL * len(rows) + PAD, left + CELL * len(columns) + PAD
    picture = Image.new("RGB", (width, height), (255, 255, 255))
    shares = np.clip(np.asarray(weights, np.float64), 0, 1)[..., None]
    cells = (255 + (FULL - 255) * shares).round().astype(np.uint8)
    if cells.size:
        table = Image.fromarray(cells.repeat(CELL, 0).repeat(CELL, 1))
        picture.paste(table, (left, top))
    draw = ImageDraw.Draw(picture)
    for i, word in enumerate(rows):
        draw.text((PAD, top + i * CELL + PAD // 2), word, INK, font)
    picture.paste(_upright(columns, font, top), (left, 0))
    return np.asarray(picture)


def _upright(words: Sequence[str], font: ImageFont.FreeTypeFont, height: int) -> Image.Image:
    """Words that are read from below, one above each column."""
    strip = Image.new("RGB", (height, CELL * max(1, len(words))), (255, 255, 255))
    draw = ImageDraw.Draw(strip)
    for i, word in enumerate(words):
        draw.text((PAD, i * CELL + PAD // 2), word, INK, font)
    return strip.transpose(Image.Transpose.ROTATE_90)  # the first line comes to the left
