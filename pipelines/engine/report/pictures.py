"""The report's pictures, which lie within the page."""

import base64
import struct

WIDE = 300  # pixels; what was drawn as large as that has details to be read


def pictures(items):
    return [_picture(item) for item in items or []]


def _picture(item):
    picture = item.get("picture")
    width, height = _png_size(picture)
    return {
        "name": item.get("name"),
        "text": item.get("text"),
        "rows": item.get("rows"),
        "loss": item.get("loss"),
        "source": data_uri(picture) if picture else None,
        "width": width,
        "height": height,
        "tiny": width is not None and max(width, height) < 128,
        "wide": width is not None and width >= WIDE,
    }


def _png_size(data):
    """(width, height) in pixels, or (None, None) where `data` is no PNG."""
    if data and data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    return None, None


def data_uri(data):
    kind = "jpeg" if data[:2] == b"\xff\xd8" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
