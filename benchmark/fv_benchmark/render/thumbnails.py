"""Pictures of an image set, small enough to stand in a page by the hundred."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# A page of 180 such pictures stays below 1 MB; on a screen of 2 pixels a point they are shown 96 points wide.
SIDE_PIXELS = 128
QUALITY = 75


def thumbnail(square: NDArray[np.uint8]) -> str:
    """A stored square (S, S, 3) as the source of an `img`: JPEG in a data URI, never enlarged."""
    image = Image.fromarray(np.ascontiguousarray(square))
    image.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    stream = BytesIO()
    image.save(stream, format="JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
