"""Whether a picture file is whole, beyond what Pillow, which forgives much, asks of it."""

import struct
import zlib
from collections.abc import Iterator

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
SCAN, END = b"\xff\xda", b"\xff\xd9"  # markers of a JPEG; neither can occur within a scan
LOST = "can be opened, but a part of its pixels is damaged. Restore the file"
CUT = "its end is missing, though all of its pixels can be read. Restore the file if you can"


def lost(encoded: bytes) -> str:
    """Why pixels of a PNG are not what was saved, or ""."""
    if not encoded.startswith(PNG):
        return ""
    parts = list(_chunks(encoded))
    broken = any(kind == b"IDAT" and not is_right for kind, is_right in parts)
    return LOST if broken else ""


def cut(encoded: bytes) -> str:
    """Why a PNG or JPEG has no end, or ""."""
    if encoded.startswith(PNG):
        return "" if (b"IEND", True) in _chunks(encoded) else CUT
    if encoded.startswith(JPEG):
        return "" if encoded.rfind(END) > encoded.rfind(SCAN) else CUT
    return ""


def _chunks(encoded: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yields (kind, whether its checksum is right) of the chunks of a PNG."""
    at = len(PNG)
    while at + 8 <= len(encoded):
        length, kind = struct.unpack_from(">I4s", encoded, at)
        end = at + 8 + length
        said = encoded[end : end + 4]
        yield kind, said == struct.pack(">I", zlib.crc32(encoded[at + 4 : end]))
        at = end + 4
