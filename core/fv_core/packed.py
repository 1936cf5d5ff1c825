"""A network's answers as a short text: five decimals, shuffled, deflated, base64.

A thousand probabilities as decimal numbers are nine thousand characters, and a model file holds sixteen such lists:
five per cent of a small network's int8 file. The text is base64(zlib(shuffled)): each answer is rounded to five
decimals and written as a little-endian int64; the first bytes of all answers come first, then the second bytes, and so
on (as HDF5's shuffle filter does), for the upper bytes are the same for all. Zlib (RFC 1950) and base64 (RFC 4648) are
in every language's library.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

import numpy as np

# Half of it is a twentieth of the smallest tolerance of golden pictures (fv_export.schemes).
PER_UNIT = 100_000
# More than any classifier answers with: the text comes out of strangers' files, and a million zeros deflate to nothing.
MAX_COUNT = 100_000
_WIDTH = 8
_LARGEST = float(2**62)


def pack(answers: Sequence[float]) -> str:
    """The text. Raises `ValueError` for what is not finite or beyond 4e13, and for more than `MAX_COUNT` answers."""
    parts = np.rint(np.asarray(answers, np.float64) * PER_UNIT)
    if len(parts) > MAX_COUNT:
        raise ValueError(f"{len(parts)} answers, the limit is {MAX_COUNT}")
    if not (np.abs(parts) <= _LARGEST).all():
        raise ValueError("an answer is no number that can be packed")
    shuffled = parts.astype("<i8").view(np.uint8).reshape(-1, _WIDTH).T
    return base64.b64encode(zlib.compress(shuffled.tobytes(), 9)).decode("ascii")


def unpack(text: str) -> tuple[float, ...]:
    """The answers, rounded to five decimals. Raises `ValueError` for what is no such text; takes a megabyte at most."""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(base64.b64decode(text, validate=True), _WIDTH * MAX_COUNT)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not stream.eof or stream.unused_data or len(content) % _WIDTH:
        raise ValueError("packed answers do not end where they should")
    shuffled = np.frombuffer(content, np.uint8).reshape(_WIDTH, -1)
    return tuple((np.ascontiguousarray(shuffled.T).view("<i8").ravel() / PER_UNIT).tolist())
