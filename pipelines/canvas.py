"""Captions and grids drawn on pictures, with Pillow and nothing else; spans marked in text."""

import bisect
import io
import math
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipelines.edge import lettering

STRIP = (34, 38, 42)  # frames a picture on a light page, and shows on a dark one
# 4.5:1 or better on STRIP.
INK = {"neutral": (242, 242, 240), "good": (134, 226, 168), "bad": (255, 164, 156)}
LONGEST = 8  # times `min_side`, which the long side of an enlarged picture may reach
GAP = 6  # pixels between the cells of a grid


def labelled(
    picture: np.ndarray,
    probabilities: np.ndarray,
    labels: Sequence[str],
    truth: np.ndarray | None = None,
) -> np.ndarray:
    """A picture over its best label and probability, and over the true one if `truth` is given.

    probabilities, truth: (C,).
    """
    best = probabilities.argmax()
    lines, colour = [f"{labels[best]} {probabilities[best]:.2f}"], "neutral"
    if truth is not None:
        right = truth.argmax()
        colour = "good" if best == right else "bad"
        lines.append(f"is {labels[right]} {probabilities[right]:.2f}")
    return captioned(picture, lines, colour)


def captioned(
    picture: np.ndarray, lines: Iterable[str], colour: str = "neutral", min_side: int = 160
) -> np.ndarray:
    """A picture over a strip of caption lines: uint8 (H, W, 3) -> uint8 (H', W', 3).

    A picture whose short side is below `min_side` pixels is enlarged by a whole factor, pixel by
    pixel; a narrow one is centred. A line too long for the width ends in an ellipsis. `good` and
    `bad` also get a tick or a cross, so the meaning does not rest on colour. Raises ValueError on
    another dtype, shape or colour.
    """
    if colour not in INK:
        raise ValueError(f"colour must be one of {', '.join(INK)}; got {colour!r}.")
    picture = _enlarged(_checked(picture), min_side)
    height, width = picture.shape[:2]
    full_width = max(width, min_side)

    size = max(12, full_width // 16)
    pad, leading = size // 2, math.ceil(size * 1.3)
    font, lines = lettering.font(list(map(_printable, lines)), size)
    strip = len(lines) * leading + 2 * pad if lines else 0
    page = Image.new("RGB", (full_width, height + strip), STRIP)
    page.paste(Image.fromarray(picture), ((full_width - width) // 2, 0))
    draw = ImageDraw.Draw(page)
    left, top, ink = pad, height + pad, INK[colour]
    if lines and colour != "neutral":
        _mark(draw, colour, left, top + size * 0.15, size * 0.7)
        left += size
    for line in lines:
        text = _fitted(line, font, full_width - pad - left)
        draw.text((left, top), text, font=font, fill=ink)
        # Only the first line is marked.
        left, top, ink = pad, top + leading, INK["neutral"]
    return np.asarray(page)


def _enlarged(picture: np.ndarray, min_side: int) -> np.ndarray:
    """Each pixel becomes a square, so that the short side has `min_side` pixels at least.

    The long side is bounded, or a strip of 8 x 4000 pixels would become one of 160 x 80000.
    """
    short, long = sorted(picture.shape[:2])
    factor = max(1, min(math.ceil(min_side / short), LONGEST * min_side // long))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def _printable(line: object) -> str:
    return "".join(c if c.isprintable() else " " for c in str(line))


class MarkedText(str):
    """Text with marked spans, in rows.

    As plain text the marks are brackets: `found  [Paris | place] in spring`.

    rows: [(heading, [(text, label, style)])]; a part without a label is not marked. style: good,
        bad or neutral.
    """

    rows: list

    def __new__(cls, rows: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]) -> "MarkedText":
        lines = []
        for heading, parts in rows:
            text = "".join(f"[{text} | {label}]" if label else text for text, label, _ in parts)
            lines.append(f"{heading}  {text}")
        made = super().__new__(cls, "\n".join(lines))
        made.rows = [[heading, [list(part) for part in parts]] for heading, parts in rows]
        return made


def grid(pictures: Iterable[np.ndarray], columns: int) -> np.ndarray:
    """Pictures row by row on one sheet: uint8 (H, W, 3) of any sizes -> uint8 (H', W', 3).

    Cells have the size of the largest picture; smaller ones are centred. Raises ValueError if
    there is no picture.
    """
    pictures = [_checked(picture) for picture in pictures]
    if not pictures or columns < 1:
        raise ValueError(
            f"grid needs a picture and a column; got {len(pictures)} pictures, {columns} columns."
        )
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    height, width, _ = np.max([picture.shape for picture in pictures], axis=0).tolist()
    sheet = np.empty((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), np.uint8)
    sheet[:] = STRIP
    for i, picture in enumerate(pictures):
        row, column = divmod(i, columns)
        h, w = picture.shape[:2]
        top = row * (height + GAP) + (height - h) // 2
        left = column * (width + GAP) + (width - w) // 2
        sheet[top : top + h, left : left + w] = picture
    return sheet


def png(picture: np.ndarray) -> bytes:
    """A picture as PNG: uint8 (H, W, 3) -> bytes."""
    stream = io.BytesIO()
    Image.fromarray(_checked(picture)).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _checked(picture: np.ndarray) -> np.ndarray:
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(
            f"a picture must be uint8 (H, W, 3); got {picture.dtype} {picture.shape}. "
            "Scale it to 0..255, cast it, and repeat a single channel three times."
        )
    return picture


def _fitted(line: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """`line` on one row of at most `width` pixels; an ellipsis replaces the end of a longer one."""
    if font.getlength(line) <= width:
        return line

    def cut(length: int) -> str:
        return line[:length].rstrip() + "…"

    lengths = range(1, len(line) + 1)
    fitting = bisect.bisect_right(lengths, width, key=lambda n: font.getlength(cut(n)))
    return cut(fitting)


def _mark(draw: ImageDraw.ImageDraw, colour: str, left: float, top: float, side: float) -> None:
    """A tick or a cross drawn as strokes: the font has no glyph for either."""
    strokes = {
        "good": [[(0.05, 0.55), (0.38, 0.88), (0.95, 0.15)]],
        "bad": [[(0.12, 0.12), (0.88, 0.88)], [(0.88, 0.12), (0.12, 0.88)]],
    }[colour]
    for stroke in strokes:
        points = [(left + x * side, top + y * side) for x, y in stroke]
        draw.line(points, fill=INK[colour], width=max(2, round(side / 5)), joint="curve")
