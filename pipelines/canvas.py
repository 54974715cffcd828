"""Captions and grids drawn on pictures, with Pillow and nothing else; spans marked in text."""

import io
import math
import unicodedata

import numpy as np
from PIL import Image, ImageDraw, ImageFont

STRIP = (
    34,
    38,
    42,
)  # dark enough to frame a picture on a light page, light enough to show on a dark one
INK = {
    "neutral": (242, 242, 240),
    "good": (134, 226, 168),
    "bad": (255, 164, 156),
}  # 4.5:1 or better on STRIP
WIDER_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "arial.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc",
)
GAP = 6  # pixels between the cells of a grid


def labelled(picture, probabilities, labels, truth=None):
    """A picture over its best label and probability, and where `truth` (C,) is given over the true one with its own."""
    best = probabilities.argmax()
    lines, colour = [f"{labels[best]} {probabilities[best]:.2f}"], "neutral"
    if truth is not None:
        right = truth.argmax()
        colour = "good" if best == right else "bad"
        lines.append(f"is {labels[right]} {probabilities[right]:.2f}")
    return captioned(picture, lines, colour)


def captioned(picture, lines, colour="neutral", min_side=160):
    """A picture over a strip of caption lines: uint8 (H, W, 3) -> uint8 (H', W', 3).

    A picture whose short side is below `min_side` pixels is enlarged by a whole factor, pixel by
    pixel; a narrow one is centred. A line too long for the width ends in an ellipsis. `good` and
    `bad` also get a tick or a cross, so the meaning does not rest on colour. Raises ValueError on
    another dtype, shape or colour.
    """
    if colour not in INK:
        raise ValueError(f"colour must be one of {', '.join(INK)}; got {colour!r}.")
    picture = _checked(picture)
    height, width = picture.shape[:2]
    # The long side is bounded, or a strip of 8 x 4000 pixels would become one of 160 x 80000.
    factor = max(
        1, min(math.ceil(min_side / min(height, width)), 8 * min_side // max(height, width))
    )
    picture = picture.repeat(factor, axis=0).repeat(factor, axis=1)
    height, width = picture.shape[:2]
    full_width = max(width, min_side)

    size = max(12, full_width // 16)
    lines = ["".join(c if c.isprintable() else " " for c in str(line)) for line in lines]
    font, lines = _font(lines, size)
    pad, leading = size // 2, math.ceil(size * 1.3)
    mark = size if colour != "neutral" else 0
    strip = len(lines) * leading + 2 * pad if lines else 0
    page = Image.new("RGB", (full_width, height + strip), STRIP)
    page.paste(Image.fromarray(picture), ((full_width - width) // 2, 0))
    draw = ImageDraw.Draw(page)
    for i, line in enumerate(lines):
        indent = mark if i == 0 else 0
        top = height + pad + i * leading
        if indent:
            _mark(draw, colour, pad, top + size * 0.15, size * 0.7)
        text = _fitted(line, font, full_width - 2 * pad - indent)
        draw.text(
            (pad + indent, top), text, font=font, fill=INK[colour] if i == 0 else INK["neutral"]
        )
    return np.asarray(page)


class MarkedText(str):
    """Text with marked spans, in rows. As plain text the marks are brackets: `found  [Paris |
    place] in spring`.

    rows: [(heading, [(text, label, style)])]; a part without a label is not marked. style: good,
        bad or neutral.
    """

    rows: list

    def __new__(cls, rows):
        lines = []
        for heading, parts in rows:
            text = "".join(f"[{text} | {label}]" if label else text for text, label, _ in parts)
            lines.append(f"{heading}  {text}")
        made = super().__new__(cls, "\n".join(lines))
        made.rows = [[heading, [list(part) for part in parts]] for heading, parts in rows]
        return made


def grid(pictures, columns):
    """Pictures row by row on one sheet: uint8 (H, W, 3) of any sizes -> uint8 (H', W', 3).

    Cells have the size of the largest picture; smaller ones are centred. Raises ValueError where
    there is no picture.
    """
    pictures = [_checked(picture) for picture in pictures]
    if not pictures or columns < 1:
        raise ValueError(
            f"grid needs a picture and a column; got {len(pictures)} pictures, {columns} columns."
        )
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    height = max(p.shape[0] for p in pictures)
    width = max(p.shape[1] for p in pictures)
    sheet = np.empty((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), np.uint8)
    sheet[:] = STRIP
    for i, picture in enumerate(pictures):
        h, w = picture.shape[:2]
        top = i // columns * (height + GAP) + (height - h) // 2
        left = i % columns * (width + GAP) + (width - w) // 2
        sheet[top : top + h, left : left + w] = picture
    return sheet


def png(picture):
    """A picture as PNG: uint8 (H, W, 3) -> bytes."""
    stream = io.BytesIO()
    Image.fromarray(_checked(picture)).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _checked(picture):
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(
            f"a picture must be uint8 (H, W, 3); got {picture.dtype} {picture.shape}. "
            "Scale it to 0..255, cast it, and repeat a single channel three times."
        )
    return picture


def _font(lines, size):
    """A font for `lines`, and the lines as it can draw them.

    Pillow's own font is the same on every machine but knows little beyond ASCII: other letters take
    a font of the system, and where none has them all, they lose their accents or become question
    marks.
    """
    own, letters = ImageFont.load_default(size), {c for line in lines for c in line}
    if not _missing(own, letters):
        return own, lines
    for name in WIDER_FONTS:
        try:
            font = ImageFont.truetype(name, size)
        except OSError:
            continue
        if not _missing(font, letters):
            return font, lines
    lines = [
        "".join(c for c in unicodedata.normalize("NFKD", line) if not unicodedata.combining(c))
        for line in lines
    ]
    unknown = _missing(own, {c for line in lines for c in line})
    return own, ["".join("?" if c in unknown else c for c in line) for line in lines]


def _missing(font, letters):
    """Those of `letters` that `font` draws as it draws a code point that is no character."""
    blank = _drawn(font, "\uffff")
    return {c for c in letters if not c.isascii() and _drawn(font, c) == blank}


def _drawn(font, letter):
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


def _fitted(line, font, width):
    """`line` on one row of at most `width` pixels, its end replaced by an ellipsis where it is longer."""
    if font.getlength(line) <= width:
        return line
    low, high = 0, len(line)  # the longest prefix that fits is in low..high
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(line[:middle].rstrip() + "…") <= width:
            low = middle
        else:
            high = middle - 1
    return line[:low].rstrip() + "…"


def _mark(draw, colour, left, top, side):
    """A tick or a cross drawn as strokes: the font has no glyph for either."""
    strokes = {
        "good": [[(0.05, 0.55), (0.38, 0.88), (0.95, 0.15)]],
        "bad": [[(0.12, 0.12), (0.88, 0.88)], [(0.88, 0.12), (0.12, 0.88)]],
    }[colour]
    for stroke in strokes:
        points = [(left + x * side, top + y * side) for x, y in stroke]
        draw.line(points, fill=INK[colour], width=max(2, round(side / 5)), joint="curve")
