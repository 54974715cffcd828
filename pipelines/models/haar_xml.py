"""A cascade out of OpenCV's XML (`opencv-cascade-classifier`), stumps and trees on Haar features."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

import numpy as np

from pipelines.errors import PipelineError
from pipelines.models import haar

KIND = "opencv-cascade-classifier"
SLACK = 1e-5  # that OpenCV takes from the limit of a stage
LARGEST = 20_000_000  # bytes; OpenCV's own have up to 3 million
NODE = 4  # numbers of a comparison: left, right, feature, threshold
MOST = 1000  # pixels of a window's side


class _Leaf(NamedTuple):
    nodes: tuple[int, ...]  # of the whole cascade
    below: tuple[bool, ...]
    vote: float


def read(path: Path | str) -> haar.Cascade:
    """The Cascade of a file.

    Raises PipelineError if it cannot be read, is cut off, declares entities, or holds features of
    another type or turned by 45 degrees.
    """
    try:
        encoded = Path(path).read_bytes()
        if len(encoded) > LARGEST:
            raise ValueError(f"it has {len(encoded):,} bytes, more than {LARGEST:,}")
        root = _parsed(encoded)
        return _cascade(_found(root, "cascade"))
    except expat.ExpatError as error:
        reason = f"{expat.ErrorString(error.code)} in line {error.lineno}"
        raise _bad(path, f"is no whole XML ({reason})") from error
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror or error})") from error
    except (ValueError, IndexError, OverflowError, TypeError) as error:
        raise _bad(path, f"is no cascade that can be used: {error}") from error


def _bad(path: Path | str, what: str) -> PipelineError:
    return PipelineError(
        f"{path} {what}. Name an XML of OpenCV with Haar features, such as"
        " haarcascade_frontalface_alt2.xml."
    )


def _parsed(encoded: bytes) -> ET.Element:
    builder, parser = ET.TreeBuilder(), expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise ValueError("it declares a document type, which a cascade has no use for")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(encoded, True)
    return builder.close()


def _cascade(root: ET.Element) -> haar.Cascade:
    kind, feature = root.get("type_id", ""), root.findtext("featureType", "").strip()
    if kind != KIND:
        raise ValueError(f"its type must be {KIND}; got {kind or 'none'}")
    if feature != "HAAR":
        raise ValueError(f"its features must be of type HAAR; got {feature or 'none'}")
    window = np.array([_whole(root, side, 3, MOST) for side in ("height", "width")])
    features = [_feature(item, window) for item in _items(root, "features")]
    thresholds: list[float] = []
    used: list[int] = []
    leaves: list[list[_Leaf]] = []
    limits = []
    for stage in _items(root, "stages"):
        limits.append(_numbers(stage, "stageThreshold")[0] - SLACK)
        own: list[_Leaf] = []
        for tree in _items(stage, "weakClassifiers"):
            own += _tree(tree, used, thresholds, len(features))
        leaves.append(own)
    said = _whole(root, "stageNum", 1, 10_000)
    if len(leaves) != said:
        raise ValueError(f"it says that it has {said} stages, and has {len(leaves)}")
    rects, weights = (np.stack([f[i] for f in features])[used] for i in (0, 1))
    return haar.assembled(window, rects, weights, thresholds, leaves, limits, (1.0, 1.0))


def _feature(item: ET.Element, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """<_> of <features> -> (rects (3, 4), weights (3,))."""
    if item.findtext("tilted", "0").strip() not in ("0", ""):
        raise ValueError("a feature is turned by 45 degrees, which is not supported")
    found = _items(item, "rects")
    if not 1 <= len(found) <= haar.RECTS:
        raise ValueError(f"a feature has {len(found)} rectangles, and 1 to {haar.RECTS} are needed")
    rects, weights = np.zeros((haar.RECTS, 4), int), np.zeros(haar.RECTS)
    for i, rect in enumerate(found):
        x, y, wide, high, weight = _parts(rect.text or "", 5)
        place = np.array([y, x, high, wide])
        if (place != np.rint(place)).any() or place.min() < 0:
            raise ValueError(f"a rectangle is {rect.text!r}")
        if (place[:2] + place[2:] > window).any():
            raise ValueError(f"a rectangle, {rect.text!r}, leaves the window")
        rects[i], weights[i] = place, weight
    return rects, weights


def _tree(item: ET.Element, used: list[int], thresholds: list[float], features: int) -> list[_Leaf]:
    """The leaves of a weak classifier, whose comparisons are added to `used` and `thresholds`."""
    rows = np.array(_numbers(item, "internalNodes")).reshape(-1, NODE)
    votes, first = _numbers(item, "leafValues"), len(used)
    for _, _, feature, threshold in rows:
        if not 0 <= feature < features:
            raise ValueError(f"a comparison names the feature {feature:g} of {features}")
        used.append(int(feature))
        thresholds.append(float(threshold))
    found = list(_ways(rows, 0, (), ()))
    if len(found) != len(rows) + 1:
        raise ValueError("a tree is none")
    return [
        _Leaf(tuple(first + n for n in nodes), below, votes[place]) for place, nodes, below in found
    ]


def _ways(rows: np.ndarray, node: int, nodes: tuple, below: tuple) -> Iterator[tuple]:
    """(leaf, comparisons on the way, whether the value is below the threshold at each)."""
    if not 0 <= node < len(rows) or node in nodes:
        raise ValueError("a tree is none")
    for side, is_below in ((0, True), (1, False)):
        to, way = int(rows[node, side]), ((*nodes, node), (*below, is_below))
        if to > 0:
            yield from _ways(rows, to, *way)
        else:
            yield -to, *way


def _found(element: ET.Element, tag: str) -> ET.Element:
    child = element.find(tag)
    if child is None:
        raise ValueError(f"it has no <{tag}>")
    return child


def _items(element: ET.Element, tag: str) -> list[ET.Element]:
    found = _found(element, tag).findall("_")
    if not found:
        raise ValueError(f"<{tag}> is empty")
    return found


def _whole(element: ET.Element, tag: str, low: int, high: int) -> int:
    value = _numbers(element, tag)[0]
    if not low <= value <= high or value != int(value):
        raise ValueError(f"<{tag}> must be {low} to {high}; got {value:g}")
    return int(value)


def _numbers(element: ET.Element, tag: str) -> list[float]:
    return _parts(_found(element, tag).text or "", 0)


def _parts(text: str, count: int) -> list[float]:
    """The numbers in a text; `count` of them, or any if that is 0."""
    values = [float(part) for part in text.split()]
    if not values or not all(map(math.isfinite, values)) or (count and len(values) != count):
        raise ValueError(f"numbers were needed; got {text.strip()[:60]!r}")
    return values
