"""Drawn faces of people who do not exist: a person is a vector of shapes, a look is how it is seen.

A face is drawn with ellipses and curves by Pillow, in a square whose sides go from -1 to 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

FINER = 3  # times the side at which lines are drawn, before they are smoothed
TURN = 0.35  # share of a turned face by which what lies in its middle moves aside
LIPS, EYES, MOUTH = (150, 70, 72), (250, 248, 244), (60, 20, 24)
POINTS = 40  # of a curve

Colour = tuple[int, ...]
Range = tuple[float, float]


@dataclass(frozen=True)
class Person:
    """What stays the same in all pictures of one face. Lengths are in half sides of the square."""

    width: float  # of the face, half
    height: float
    jaw: float  # exponent of the face's outline: 2 is an ellipse, 3 is square
    eye_gap: float  # from the middle to the centre of an eye
    eye_height: float  # below the middle
    eye_size: float  # half its width
    eye_shape: float  # height by width
    eye_slant: float  # radians
    brow_gap: float  # between an eye and its brow
    brow_weight: float
    brow_slant: float
    nose_length: float
    nose_width: float
    mouth_height: float  # below the middle
    mouth_width: float  # half
    lips: float  # half their thickness
    ears: float
    hairline: float  # above the middle
    parting: float  # where the hair begins, -1 left to 1 right
    tone: float  # of the skin, 0 dark to 1 light
    hair: float  # of the hair, likewise
    iris: float


@dataclass(frozen=True)
class Look:
    """What differs between pictures of one face."""

    yaw: float  # turned aside, -1 to 1
    pitch: float  # up or down, likewise
    roll: float  # radians
    scale: float
    right: float  # of its middle, in half sides
    down: float
    light: float  # factor of brightness
    aside: float  # how much brighter the right side is than the left
    smile: float  # -1 to 1
    mouth: float  # how far it is open, 0 to 1
    lids: float  # how far the eyes are closed, 0 to 1
    raised: float  # of the brows
    noise: float  # deviation, grey levels
    ground: float  # brightness of the background, 0 to 1


PEOPLE: dict[str, Range] = {
    "width": (0.48, 0.68), "height": (0.70, 0.88), "jaw": (1.8, 3.2),
    "eye_gap": (0.20, 0.33), "eye_height": (-0.20, 0.02), "eye_size": (0.07, 0.13),
    "eye_shape": (0.35, 0.85), "eye_slant": (-0.30, 0.30),
    "brow_gap": (0.10, 0.20), "brow_weight": (0.02, 0.07), "brow_slant": (-0.35, 0.35),
    "nose_length": (0.18, 0.40), "nose_width": (0.06, 0.18),
    "mouth_height": (0.38, 0.56), "mouth_width": (0.14, 0.32), "lips": (0.02, 0.07),
    "ears": (0.04, 0.14), "hairline": (0.35, 0.75), "parting": (-1.0, 1.0),
    "tone": (0.0, 1.0), "hair": (0.0, 1.0), "iris": (0.0, 1.0),
}  # fmt: skip
LOOKS: dict[str, Range] = {
    "yaw": (-0.8, 0.8), "pitch": (-0.6, 0.6), "roll": (-0.22, 0.22), "scale": (0.85, 1.05),
    "right": (-0.10, 0.10), "down": (-0.10, 0.10), "light": (0.55, 1.2), "aside": (-0.4, 0.4),
    "smile": (-1.0, 1.0), "mouth": (0.0, 1.0), "lids": (0.0, 0.7), "raised": (-0.04, 0.08),
    "noise": (2.0, 12.0), "ground": (0.1, 0.9),
}  # fmt: skip


def person(chance: np.random.Generator) -> Person:
    """Someone new, out of PEOPLE."""
    return Person(**{name: float(chance.uniform(*ends)) for name, ends in PEOPLE.items()})


def look(chance: np.random.Generator) -> Look:
    """A new way to be seen, out of LOOKS."""
    return Look(**{name: float(chance.uniform(*ends)) for name, ends in LOOKS.items()})


def drawn(who: Person, how: Look, side: int, chance: np.random.Generator) -> np.ndarray:
    """A picture of a face, uint8 (side, side, 3). chance: of the noise alone."""
    fine = FINER * side
    sheet = Image.new("RGB", (fine, fine), _grey(255 * how.ground))
    _Pen(ImageDraw.Draw(sheet), _place(who, how), fine / 2, how.scale * fine / 2).face(who, how)
    pixels = np.asarray(sheet.resize((side, side), Image.Resampling.BOX), np.float32)
    across = np.linspace(-1, 1, side, dtype=np.float32)[None, :, None]
    lit = pixels * how.light * (1 + how.aside * across)
    noise = chance.normal(0, how.noise, pixels.shape)
    return np.clip(np.round(lit + noise), 0, 255).astype(np.uint8)


def landmarks(who: Person, how: Look) -> np.ndarray:
    """Where a face has its parts: left eye, right eye, tip of the nose, left and right corner of
    the mouth, as the viewer sees them: (5, 2) y, x in [0, 1] of the square."""
    mouth = who.mouth_height
    parts = [
        (-who.eye_gap, who.eye_height),
        (who.eye_gap, who.eye_height),
        (0.0, _tip(who)),
        (-who.mouth_width, mouth),
        (who.mouth_width, mouth),
    ]
    return (_place(who, how)(np.array(parts))[:, ::-1] + 1) / 2


def _place(who: Person, how: Look) -> Callable[[np.ndarray], np.ndarray]:
    """A function of points (N, 2) x, y of a face seen from the front -> in the square."""

    def place(points: np.ndarray) -> np.ndarray:
        depth = np.sqrt(np.clip(1 - ((points / (who.width, who.height)) ** 2).sum(-1), 0, 1))
        moved = points + TURN * depth[:, None] * (how.yaw * who.width, how.pitch * who.height)
        cos, sin = np.cos(how.roll), np.sin(how.roll)
        turned = moved @ np.array([[cos, sin], [-sin, cos]])
        return turned * how.scale + (how.right, how.down)

    return place


class _Pen:
    """Draws the parts of one face, whose points `place` moves to where they are seen.

    half: pixels from the middle of the sheet to its edge; unit: pixels of a length of 1.
    """

    def __init__(
        self,
        sheet: ImageDraw.ImageDraw,
        place: Callable[[np.ndarray], np.ndarray],
        half: float,
        unit: float,
    ):
        self._sheet, self._place, self._half, self._unit = sheet, place, half, unit

    def face(self, who: Person, how: Look) -> None:
        skin, hair = _skin(who.tone), _hair(who.hair)
        for sign in (-1, 1):
            self._area(_oval((sign * who.width, who.eye_height + 0.12), who.ears, 0.15), skin)
        self._area(_oval((0, -0.06), who.width * 1.04, who.height, who.jaw), hair)
        self._area(_oval((0, 0), who.width, who.height, who.jaw), skin)
        self._fringe(who, hair)
        for sign in (-1, 1):
            self._eye(who, how, sign, hair)
        self._nose(who, _darker(skin, 0.75))
        self._mouth(who, how)

    def _fringe(self, who: Person, colour: Colour) -> None:
        """The hair above the forehead, which falls from its parting to both sides."""
        outline = _oval((0, 0), who.width, who.height, who.jaw)
        top = outline[outline[:, 1] < -who.hairline]
        if len(top) > 2:
            middle = (who.parting * who.width * 0.6, -who.hairline - 0.12)
            self._area(np.concatenate([top[top[:, 0].argsort()], [middle]]), colour)

    def _eye(self, who: Person, how: Look, sign: int, brow: Colour) -> None:
        centre = (sign * who.eye_gap, who.eye_height)
        high = who.eye_size * who.eye_shape * (1 - how.lids)
        slant = sign * who.eye_slant
        self._area(_tilted(_oval(centre, who.eye_size, high), centre, slant), EYES)
        round_ = min(high, who.eye_size * 0.55)
        self._area(_oval(centre, round_, round_), _iris(who.iris))
        above = centre[1] - who.eye_size * who.eye_shape - who.brow_gap - how.raised
        middle = (centre[0], above)
        ends = _oval(middle, who.eye_size * 1.4, who.brow_weight)
        self._area(_tilted(ends, middle, sign * who.brow_slant), _darker(brow, 0.7))

    def _nose(self, who: Person, shade: Colour) -> None:
        tip = _tip(who)
        start = (0.25 * who.nose_width, who.eye_height)
        sides = np.array([start, (who.nose_width, tip), (-who.nose_width, tip)])
        self._line(sides, shade, 0.022)

    def _mouth(self, who: Person, how: Look) -> None:
        x = np.linspace(-1, 1, POINTS)
        bend = how.smile * 0.07 * (x**2 - 0.5)
        thick = (who.lips + 0.07 * how.mouth) * np.sqrt(1 - x**2)
        middle = who.mouth_height - bend
        self._band(who.mouth_width * x, middle, thick, LIPS)
        inner = np.maximum(thick - who.lips, 0)
        self._band(who.mouth_width * x, middle, inner, MOUTH)

    def _band(self, x: np.ndarray, y: np.ndarray, thick: np.ndarray, colour: Colour) -> None:
        upper, lower = np.stack([x, y - thick], -1), np.stack([x, y + thick], -1)
        self._area(np.concatenate([upper, lower[::-1]]), colour)

    def _area(self, points: np.ndarray, colour: Colour) -> None:
        self._sheet.polygon(self._pixels(points), fill=colour)

    def _line(self, points: np.ndarray, colour: Colour, width: float) -> None:
        self._sheet.line(self._pixels(points), fill=colour, width=max(1, round(width * self._unit)))

    def _pixels(self, points: np.ndarray) -> list[tuple[float, float]]:
        return [(float(x), float(y)) for x, y in self._half * (1 + self._place(points))]


def _tip(who: Person) -> float:
    """How far below the middle the nose ends."""
    return who.eye_height + who.nose_length


def _oval(centre: Sequence[float], wide: float, high: float, power: float = 2.0) -> np.ndarray:
    """Points (N, 2) of a superellipse, |x / wide|^power + |y / high|^power = 1."""
    angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    x = wide * np.sign(cos) * np.abs(cos) ** (2 / power)
    y = high * np.sign(sin) * np.abs(sin) ** (2 / power)
    return np.stack([x, y], -1) + np.asarray(centre)


def _tilted(points: np.ndarray, centre: Sequence[float], angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return (points - centre) @ np.array([[cos, sin], [-sin, cos]]) + centre


def _between(share: float, low: Sequence[int], high: Sequence[int]) -> Colour:
    return tuple(round(a + share * (b - a)) for a, b in zip(low, high, strict=True))


def _skin(share: float) -> Colour:
    return _between(share, (96, 62, 44), (244, 212, 188))


def _hair(share: float) -> Colour:
    return _between(share, (24, 18, 16), (196, 156, 96))


def _iris(share: float) -> Colour:
    return _between(share, (50, 30, 20), (90, 130, 160))


def _darker(colour: Colour, factor: float) -> Colour:
    return tuple(round(factor * value) for value in colour)


def _grey(level: float) -> Colour:
    return (round(level),) * 3
