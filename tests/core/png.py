"""A PNG that claims a size and has next to no pixels."""

from __future__ import annotations

import struct
import zlib


def claiming(width: int, height: int) -> bytes:
    """The bytes of such a PNG: 8-bit RGB, a kilobyte of zeros for pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
