"""Pictures of patterns, drawn by rule: styles that belong to nobody.

The same name and side give the same bytes. Lengths are shares of the side, so that a larger picture
shows the same pattern, larger.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree

INK, PAPER = (38, 34, 44), (240, 229, 205)
SMOOTH = 3  # times the side at which hatching is drawn, before it is reduced
MOSAIC = ((196, 62, 52), (233, 164, 58), (54, 112, 150), (104, 158, 112), (236, 222, 190))
WAVES = ((18, 40, 84), (32, 92, 146), (74, 160, 190), (188, 220, 214), (240, 176, 84))
DOTS = ((206, 56, 62), (38, 96, 162), (242, 190, 52))


def draw(name: str, side: int) -> np.ndarray:
    """A pattern by name -> uint8 (side, side, 3). Raises KeyError for a name not in PATTERNS."""
    return PATTERNS[name](side)


def mosaic(side: int) -> np.ndarray:
    """Tiles of five colours around points of a shaken lattice, with dark joints."""
    random, count = np.random.default_rng(1), 18
    lattice = np.stack(np.meshgrid(np.arange(-1, count + 1), np.arange(-1, count + 1)), -1)
    centres = lattice.reshape(-1, 2) + random.uniform(0.15, 0.85, (lattice.size // 2, 2))
    colours = np.array(MOSAIC, float)[random.integers(len(MOSAIC), size=len(centres))]
    colours = np.clip(colours + random.normal(0, 14, colours.shape), 0, 255)
    places = (np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1) + 0.5) * count / side
    distances, nearest = cKDTree(centres).query(places, k=2)
    to_joint = (distances[..., 1] - distances[..., 0])[..., None]
    tile = np.clip((to_joint - 0.12) / 0.08, 0, 1)
    return _bytes(tile * colours[nearest[..., 0]] + (1 - tile) * np.array(INK))


def waves(side: int) -> np.ndarray:
    """Winding bands from dark blue to orange."""
    y, x = np.mgrid[:side, :side] / side
    bend = 0.09 * np.sin(9 * x + 2 * np.sin(5 * y)) + 0.04 * np.sin(23 * x - 4 * y)
    phase = (11 * (y + bend)) % len(WAVES)
    first = np.floor(phase).astype(int)
    share = np.clip((phase - first - 0.8) / 0.2, 0, 1)[..., None]  # the edge of a band
    colours = np.array(WAVES, float)
    shade = 1 - 0.18 * ((phase - first)[..., None] ** 2)
    return _bytes(shade * (1 - share) * colours[first] + share * colours[(first + 1) % len(WAVES)])


def hatching(side: int) -> np.ndarray:
    """Short strokes of dark ink on paper, in two directions."""
    random, large = np.random.default_rng(2), SMOOTH * side
    page = Image.new("RGB", (large, large), PAPER)
    pen = ImageDraw.Draw(page)
    for _ in range(2600):
        centre, length = random.uniform(0, large, 2), large * random.uniform(0.03, 0.09)
        angle = random.choice((0.7, 2.3)) + random.normal(0, 0.12)
        half = length / 2 * np.array([np.cos(angle), np.sin(angle)])
        ends = [*(centre - half).tolist(), *(centre + half).tolist()]
        pen.line(ends, fill=INK, width=max(1, round(large * random.uniform(0.0015, 0.004))))
    return np.asarray(page.resize((side, side), Image.Resampling.BOX))


def dots(side: int) -> np.ndarray:
    """Three turned lattices of coloured dots on paper, whose sizes swell and shrink."""
    y, x = np.mgrid[:side, :side] / side
    page = np.broadcast_to(np.array(PAPER, float), (side, side, 3))
    for i, colour in enumerate(DOTS):
        angle, count = 0.3 + 0.55 * i, 22
        u = count * (x * np.cos(angle) + y * np.sin(angle)) + i / len(DOTS)
        v = count * (y * np.cos(angle) - x * np.sin(angle)) + i / len(DOTS)
        away = np.hypot(u % 1 - 0.5, v % 1 - 0.5)
        radius = 0.26 + 0.16 * np.sin(7 * x + 2 * i) * np.cos(5 * y - i)
        cover = np.clip((radius - away) * 10, 0, 1)[..., None]
        page = page * (1 - cover * (1 - np.array(colour) / 255))
    return _bytes(page)


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


PATTERNS: dict[str, Callable[[int], np.ndarray]] = {
    "mosaic": mosaic,
    "waves": waves,
    "hatching": hatching,
    "dots": dots,
}
