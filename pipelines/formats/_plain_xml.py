"""XML without entities or a document type of its own: a tree whose elements know their lines."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from xml.parsers import expat

from pipelines.formats.examples import Unusable

BEGINNING = 2000  # bytes in which a file tells what it is
LINE = "line"  # attribute that keeps the line where an element began


def parsed(encoded: bytes) -> ET.Element:
    """XML -> its root element; every element keeps the line that it began at.

    Entities of its own are refused, so nothing is read or loaded but these bytes. Raises ValueError
    with a reason, and expat.ExpatError.
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


def root(encoded: bytes, tag: str, where: str) -> ET.Element:
    """The root element, which must be `tag`. where: what messages call the file. Raises Unusable."""
    try:
        found = parsed(encoded)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        message = f"this XML does not parse: {reason}. Restore or delete the file."
        raise Unusable("annotation", message, f"{where}:{error.lineno}") from error
    except ValueError as error:
        message = f"this file cannot be used: {error}. Restore or delete it."
        raise Unusable("annotation", message, where) from error
    if found.tag != tag:
        message = f"the root must be <{tag}>; got <{found.tag}>. Restore it."
        raise Unusable("annotation", message, where)
    return found


def begins(file: Path, root: str) -> bool:
    """Whether a file is called as XML is, and has this root element near its beginning."""
    if file.suffix.lower() != ".xml":
        return False
    try:
        with file.open("rb") as opened:
            return bool(re.search(rf"<{root}[\s>]".encode(), opened.read(BEGINNING)))
    except OSError:
        return False
