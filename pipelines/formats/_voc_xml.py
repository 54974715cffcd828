"""One XML file of Pascal VOC: what it says of its picture, with the lines where it says so."""

import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

from pipelines.formats._boxes import Size
from pipelines.formats.examples import Unusable

BEGINNING = 2000  # bytes in which a file tells what it is
BEGIN = re.compile(rb"<annotation[\s>]")
LINE = "line"  # attribute that keeps the line where an element began
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
    if file.suffix.lower() != ".xml":
        return False
    try:
        with file.open("rb") as opened:
            return bool(BEGIN.search(opened.read(BEGINNING)))
    except OSError:
        return False


def file_name(file: Path) -> str:
    """The name of the picture that an XML file claims, maybe with folders of another
    machine; "" if it cannot be read.
    """
    try:
        return _text(_parsed(file.read_bytes()), "filename")
    except (OSError, ValueError, expat.ExpatError):
        return ""


def read(file: Path, where: str) -> Annotation:
    """What a file says. where: what messages call it. Raises Unusable."""
    root = _root(file, where)
    size = _size(root.find("size"), where)
    return Annotation(size, [_object(item, where) for item in root.iter("object")])


def _at(element: ET.Element | None, where: str) -> str:
    """file:line of an element, or the file without one."""
    return where if element is None else f"{where}:{element.get(LINE)}"


def _root(file: Path, where: str) -> ET.Element:
    try:
        root = _parsed(file.read_bytes())
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        message = f"this XML does not parse: {reason}. Restore or delete the file."
        raise Unusable("annotation", message, f"{where}:{error.lineno}") from error
    except (OSError, ValueError) as error:
        message = f"this file cannot be used: {error}. Restore or delete it."
        raise Unusable("annotation", message, where) from error
    if root.tag != "annotation":
        message = f"the root must be <annotation>; got <{root.tag}>. Restore it."
        raise Unusable("annotation", message, where)
    return root


def _parsed(encoded: bytes) -> ET.Element:
    """XML -> its root element; every element keeps the line that it began at.

    Entities of its own are refused.
    """
    builder, parser = ET.TreeBuilder(), expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise ValueError("it declares a document type, which annotations have no use for")

    def start(tag: str, attributes: dict[str, str]) -> None:
        builder.start(tag, {**attributes, LINE: str(parser.CurrentLineNumber)})

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(encoded, True)
    return builder.close()


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
