"""One XML file of Pascal VOC: what it says of its picture, with the lines where it says so."""

import math
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from pipelines.formats import _plain_xml as plain_xml
from pipelines.formats._boxes import Size
from pipelines.formats.examples import Unusable

SIDES = ("ymin", "xmin", "ymax", "xmax")


class Object(NamedTuple):
    """One object, in the order of the arguments of `Scene.add`. where: file:line."""

    box_yxyx: list[float]  # pixels
    label: str
    where: str
    is_crowd: bool
    is_difficult: bool


class Annotation(NamedTuple):
    """What a file says. size: (height, width) in pixels, or None if it is not said."""

    size: Size | None
    objects: list[Object]


def is_annotation(file: Path) -> bool:
    """Whether a file is called as XML is, and begins as an annotation does."""
    return plain_xml.begins(file, "annotation")


def file_name(file: Path) -> str:
    """The name of the picture that an XML file claims, maybe with folders of another
    machine; "" if it cannot be read.
    """
    try:
        return _text(plain_xml.parsed(file.read_bytes()), "filename")
    except (OSError, ValueError, expat.ExpatError):
        return ""


def read(file: Path, where: str) -> Annotation:
    """What a file says. where: what messages call it. Raises Unusable."""
    root = _root(file, where)
    size = _size(root.find("size"), where)
    return Annotation(size, [_object(item, where) for item in root.iter("object")])


def _at(element: ET.Element | None, where: str) -> str:
    """file:line of an element, or the file without one."""
    return where if element is None else f"{where}:{element.get(plain_xml.LINE)}"


def _root(file: Path, where: str) -> ET.Element:
    try:
        encoded = file.read_bytes()
    except OSError as error:
        message = f"this file cannot be used: {error}. Restore or delete it."
        raise Unusable("annotation", message, where) from error
    return plain_xml.root(encoded, "annotation", where)


def _size(size: ET.Element | None, where: str) -> Size | None:
    """<size> -> (height, width) in pixels, or None if it is not said."""
    if size is None:
        return None
    height, width = size.findtext("height", ""), size.findtext("width", "")
    try:
        sides = int(float(height)), int(float(width))
    except (ValueError, OverflowError):
        message = "<size> needs a height and a width in pixels. Correct it."
        raise Unusable("annotation", message, _at(size, where)) from None
    return sides if all(sides) else None  # some tools write 0 for "not known"


def _object(item: ET.Element, where: str) -> Object:
    """<object> -> Object."""
    place, label = _at(item, where), _text(item, "name")
    if not label:
        raise Unusable("annotation", "this <object> has no <name>. Name its class.", place)
    bounds = item.find("bndbox")
    box = [_side(bounds, side, place) for side in SIDES]
    is_crowd, is_difficult = _text(item, "iscrowd") == "1", _text(item, "difficult") == "1"
    return Object(box, label, place, is_crowd, is_difficult)


def _side(bounds: ET.Element | None, side: str, where: str) -> float:
    """One side of a box, in pixels."""
    text = None if bounds is None else bounds.findtext(side)
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = f"<{side}> must be a number of pixels; got {text!r}. Correct the box."
        raise Unusable("annotation", message, where)
    return value


def _text(element: ET.Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()
