"""The report's pictures, which lie within the page."""

import base64
import struct
from collections.abc import Iterable, Mapping

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"  # how such a file begins
WIDE = 300  # pixels; what was drawn as large as that has details to be read
TINY = 128  # pixels; smaller pictures are enlarged without blur


def pictures(items: Iterable[Mapping]) -> list[dict]:
    """Examples as the template takes them. items: see `samples` of `page.render`."""
    return [_picture(item) for item in items]


def _picture(item: Mapping) -> dict:
    picture = item.get("picture")
    size = _png_size(picture or b"")
    width, height = size or (None, None)
    return {
        "name": item.get("name"),
        "text": item.get("text"),
        "rows": item.get("rows"),
        "loss": item.get("loss"),
        "source": data_uri(picture) if picture else None,
        "width": width,
        "height": height,
        "tiny": bool(size) and max(size) < TINY,
        "wide": bool(size) and width >= WIDE,
    }


def _png_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels, or None if `data` is no PNG."""
    if data.startswith(PNG) and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    return None


def data_uri(data: bytes) -> str:
    """An encoded picture as an address that holds it whole."""
    kind = "jpeg" if data.startswith(JPEG) else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
