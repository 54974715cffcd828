"""A font that has the letters of some words, or words that a font has the letters of."""

import contextlib
import unicodedata
from collections.abc import Iterator

from PIL import ImageFont

WIDER_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "arial.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc",
)


def font(lines: list[str], size: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """A font for `lines`, and the lines as it can draw them.

    Pillow's own font is the same on every machine but knows little beyond ASCII: other letters take
    a font of the system. If none has them all, they lose their accents or become question marks.
    """
    own, letters = ImageFont.load_default(size), set("".join(lines))
    if not _missing(own, letters):
        return own, lines
    for font in _wider_fonts(size):
        if not _missing(font, letters):
            return font, lines
    bare = list(map(_without_accents, lines))
    replaced = dict.fromkeys(map(ord, _missing(own, set("".join(bare)))), "?")
    return own, [line.translate(replaced) for line in bare]


def _wider_fonts(size: int) -> Iterator[ImageFont.FreeTypeFont]:
    """Those of WIDER_FONTS that the system has."""
    for name in WIDER_FONTS:
        with contextlib.suppress(OSError):
            yield ImageFont.truetype(name, size)


def _without_accents(line: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", line) if not unicodedata.combining(c))


def _missing(font: ImageFont.FreeTypeFont, letters: set[str]) -> set[str]:
    """Those of `letters` that `font` draws as it draws a code point that is no character."""
    blank = _drawn(font, "\uffff")
    return {c for c in letters if not c.isascii() and _drawn(font, c) == blank}


def _drawn(font: ImageFont.FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
