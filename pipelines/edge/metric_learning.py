"""The device half of `metric_learning`: are two pictures of the same, or of whom is one?"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import pictures
from .options import Option, checked

OPTIONS = (
    Option("enroll", (), "file to write the points of the pictures into, by name of their folder"),
    Option("known", (), "file that --enroll wrote: says of whom each picture is"),
)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
MOST = 100_000  # pictures in a file of known ones


class Enrolled(tuple):
    """Inputs whose points are to be kept."""


def asked(inputs: Iterable, options: Mapping[str, Any]) -> Iterator:
    """What `predict` is called for: pictures to enroll, each picture, or the first and another.

    A ValueError in place of an input says what is wrong.
    """
    try:
        chosen = checked(OPTIONS, options)
        if chosen["enroll"] and chosen["known"]:
            raise ValueError("--enroll and --known do not go together")
        given = [picture for item in inputs for picture in _within(item)]
    except ValueError as error:
        yield "input", error
        return
    if chosen["enroll"]:
        yield "enrolled", Enrolled(given)
    elif chosen["known"] or len(given) == 1:
        yield from given
    else:
        yield from _pairs(given)


def _pairs(given: Sequence) -> Iterator:
    """The first input with each of the others."""
    if not given:
        yield "input", ValueError("name two pictures to compare")
        return
    first, *others = given
    for other in others:
        yield f"{_name(first)} and {_name(other)}", (_source(first), _source(other))


def _within(item: Any) -> list:
    """An input; or, of a folder, the pictures in it and in its folders."""
    source = _source(item)
    if not isinstance(source, (str, Path)) or not Path(source).is_dir():
        return [item]
    found = sorted(p for p in Path(source).rglob("*") if p.suffix.lower() in SUFFIXES)
    if not found:
        raise ValueError(f"{source} is a folder without pictures")
    return [(str(path), path) for path in found]


def _source(item: Any) -> Any:
    return item[1] if isinstance(item, tuple) else item


def _name(item: Any) -> str:
    source = item[0] if isinstance(item, tuple) else item
    return "picture" if isinstance(source, bytes) else str(source)


def predict(
    source: Any,
    run: Callable[[dict], dict],
    manifest: dict,
    options: Mapping[str, Any] | None = None,
    tell: Any = None,
) -> tuple[dict, dict]:
    """A picture, two in a pair, or `Enrolled` ones -> (answer, {}).

    One: {"embedding": [numbers]}, or of known ones {"name", "distance", "is_known"}. Two:
    {"same": bool, "distance", "threshold"}. Enrolled: {"file", "pictures", "names"}. run:
    {"image": uint8 (1, S, S, 3)} -> {"embedding": (1, D), "threshold": (1,)}. Raises ValueError
    with a reason.
    """
    chosen = checked(OPTIONS, options or {})
    if isinstance(source, Enrolled):
        return _enrolled(source, run, manifest, Path(chosen["enroll"][0])), {}
    if isinstance(source, tuple):
        (one, threshold), (other, _) = (point(each, run, manifest) for each in source)
        apart = float(np.linalg.norm(one - other))
        return {"same": apart <= threshold, "distance": apart, "threshold": threshold}, {}
    found, threshold = point(source, run, manifest)
    if not chosen["known"]:
        return {"embedding": [round(float(value), 6) for value in found]}, {}
    return identified(found, read(Path(chosen["known"][0]), len(found)), threshold), {}


def point(
    source: pictures.Source, run: Callable[[dict], dict], manifest: Mapping
) -> tuple[np.ndarray, float]:
    """A picture -> (its point on the unit sphere, float64 (D,), the threshold of the model)."""
    side = manifest["inputs"]["image"]["shape"][1]
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    picture, _ = pictures.resize(picture, side)
    found = run({"image": picture[None]})
    embedding = np.asarray(found["embedding"], np.float64)[0]
    return embedding, float(np.asarray(found["threshold"]).reshape(-1)[0])


def identified(
    found: np.ndarray, known: Mapping[str, np.ndarray], threshold: float
) -> dict[str, Any]:
    """The known name whose nearest point is nearest, and whether it is within the threshold."""
    distances = {name: np.linalg.norm(own - found, axis=1).min() for name, own in known.items()}
    name = min(distances, key=lambda each: (distances[each], each))
    apart = float(distances[name])
    return {"name": name, "distance": apart, "is_known": apart <= threshold}


def _enrolled(
    inputs: Sequence, run: Callable[[dict], dict], manifest: Mapping, path: Path
) -> dict[str, Any]:
    if not inputs:
        raise ValueError("name pictures to enroll, or a folder with a folder for each person")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"{path.parent}, the folder of --enroll, is not there. Make it first")
    kept: dict[str, list] = {}
    for item in inputs:
        source = _source(item)
        if not isinstance(source, (str, Path)):
            raise ValueError("only files can be enrolled: the name is that of their folder")
        try:
            found, _ = point(source, run, manifest)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        name = Path(source).resolve().parent.name
        kept.setdefault(name, []).append([round(float(value), 6) for value in found])
    made = path.with_name(f"{path.name}.part")
    made.write_text(json.dumps({"points": kept}, ensure_ascii=False), encoding="utf-8")
    made.replace(path)
    return {"file": str(path), "pictures": len(inputs), "names": sorted(kept)}


def read(path: Path, size: int) -> dict[str, np.ndarray]:
    """{name: points (N, size)} of a file that `--enroll` wrote. Raises ValueError if it is none."""
    try:
        points = json.loads(path.read_text(encoding="utf-8"))["points"]
        known = {str(name): np.array(own, np.float64) for name, own in points.items()}
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is no file of --enroll") from error
    shapes = [own.shape for own in known.values()]
    if not known or any(len(shape) != 2 or shape[1] != size for shape in shapes):
        raise ValueError(f"{path} has no points of {size} numbers: enroll with this model")
    if sum(shape[0] for shape in shapes) > MOST:
        raise ValueError(f"{path} has more than {MOST:,} pictures")
    if not all(math.isfinite(own.sum()) for own in known.values()):
        raise ValueError(f"{path} has numbers that are not finite")
    return known


def line(answer: Mapping[str, Any]) -> str:
    """An answer as people read it: `same, 0.52 apart (up to 0.97 is the same)`."""
    if "same" in answer:
        word = "same" if answer["same"] else "not the same"
        return (
            f"{word}, {answer['distance']:.2f} apart (up to {answer['threshold']:.2f} is the same)"
        )
    if "is_known" in answer:
        near = f"{answer['name']}, {answer['distance']:.2f} apart"
        return near if answer["is_known"] else f"nobody known; nearest is {near}"
    if "file" in answer:
        return f"{answer['pictures']} pictures of {len(answer['names'])} in {answer['file']}"
    return " ".join(f"{value:+.3f}" for value in answer["embedding"])
