"""Numbers as a model gives them -> numbers as people read them: angles come back in degrees."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np


def parts(names: Sequence[str], angles: Collection[str]) -> np.ndarray:
    """Which of a model's K outputs is the cosine or sine of an angle: bool (K,)."""
    found: list[bool] = []
    for name in names:
        found += [True, True] if name in angles else [False]
    return np.array(found)


def rolled(values: np.ndarray, names: Sequence[str], angles: Collection[str]) -> np.ndarray:
    """Numbers (N, names), angles in degrees -> (N, K), an angle as its cosine and sine."""
    columns: list[np.ndarray] = []
    for name, column in zip(names, np.asarray(values, np.float64).T, strict=True):
        turn = np.radians(column)
        columns += [np.cos(turn), np.sin(turn)] if name in angles else [column]
    return np.stack(columns, 1)


def unrolled(values: np.ndarray, names: Sequence[str], angles: Collection[str]) -> np.ndarray:
    """(N, K) -> numbers (N, names), angles in degrees from 0 to below 360."""
    left = list(np.asarray(values, np.float64).T)
    columns: list[np.ndarray] = []
    for name in names:
        first = left.pop(0)
        columns.append(_degrees(first, left.pop(0)) if name in angles else first)
    return np.stack(columns, 1)


def _degrees(cosine: np.ndarray, sine: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(sine, cosine)) % 360


def apart(found: np.ndarray, true: np.ndarray, is_angle: bool) -> np.ndarray:
    """found - true; of angles the shorter way round, from -180 to below 180 degrees."""
    gap = np.asarray(found, np.float64) - true
    return (gap + 180) % 360 - 180 if is_angle else gap


def away(values: np.ndarray, is_angle: bool) -> np.ndarray:
    """How far each number is from the mean of all; of angles it is the direction of their sum."""
    if not is_angle:
        return values - values.mean()
    turn = np.radians(values)
    return apart(values, _degrees(np.cos(turn).mean(), np.sin(turn).mean()), True)


def named(value: np.ndarray, learned: Mapping) -> dict[str, float]:
    """One answer (K,) -> {name: number}. learned: has "numbers", and maybe "angles"."""
    names = learned["numbers"]
    found = unrolled(np.asarray(value).reshape(1, -1), names, learned.get("angles", ()))[0]
    return dict(zip(names, map(float, found), strict=True))


def line(values: Mapping[str, float]) -> str:
    """`31.2`, or of several numbers `age 31.2, angle 270`."""
    if len(values) == 1:
        return _shown(next(iter(values.values())))
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items())


def _shown(value: float) -> str:
    """Four digits, and never fewer than stand before the point."""
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
