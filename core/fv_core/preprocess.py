"""THE path from a picture to the network's input; training, export, benchmark and the device all take it.

    file --decode--> (h, w, 3) --stored_square--> (S, S, 3) --network_input--> (N, N, 3)      all uint8, RGB, HWC

decode
    EXIF orientation is honoured (Exif 2.32, tag 0x0112; a value outside 1..8 or EXIF that cannot be read counts as 1).
    Colour: grey is repeated, 16 bits keep their upper eight, a palette is looked up, CMYK is converted by Pillow's
    formula, transparency is laid over white, of an animation the first frame is taken. An embedded ICC profile is
    ignored: the numbers in the file are the numbers that the network sees, on every platform alike.
stored_square
    The centred square of side min(h, w), offsets rounded down, resized to S by S.
network_input
    The centred square of side round(crop_fraction * S) (half up), resized to N by N.
resize
    Pillow's antialiased bilinear (triangle filter, support scaled by the reduction) in 8-bit fixed point with 22
    bits of precision, horizontal pass first (Pillow, src/libImaging/Resample.c). Equal sizes are a copy.

From decoded pixels on every step is integer arithmetic, so another language can reproduce it to the byte.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fv_core.errors import BadPicture, MissingPath
from fv_core.quiet import pillow_is_quiet

Pixels = NDArray[np.uint8]

# Formats that Pillow decodes with its own or with widely fuzzed libraries; EPS, PDF and the like start other programs.
# MPO, what some cameras write, is a JPEG with more pictures behind it and opens as one.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".mpo")
# 100 million pixels is above any phone's camera as of 2026 in its default mode, and 300 MB decoded.
MAX_PIXELS = 100_000_000
# The side of the largest square picture that is decoded; a manifest that asks for more asks for memory.
MAX_SIDE = 10_000
_EXIF_ORIENTATION = 0x0112
# What Pillow's decoders raise on damaged files (found by changing bytes at random, tests/core/test_preprocess.py).
_DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ZeroDivisionError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
)
# How Pillow names bytes that came from no file: an address means nothing to anybody.
_STREAM = re.compile(r"<_io\.BytesIO object at 0x[0-9a-f]+>")
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Preprocess:
    """What happens to a decoded picture before the network sees it; part of every manifest.

    `store_size`: side of the stored square in pixels. `crop_fraction`: share of that square's side that is kept,
    in (0, 1]. `input_size`: side of the network's input in pixels.
    """

    store_size: int
    crop_fraction: float
    input_size: int

    def __post_init__(self) -> None:
        if self.store_size < 1 or self.input_size < 1:
            raise ValueError(f"sizes must be at least 1 pixel, not {self.store_size} and {self.input_size}")
        if self.store_size > MAX_SIDE or self.input_size > MAX_SIDE:
            raise ValueError(f"sizes must be at most {MAX_SIDE} pixels, not {self.store_size} and {self.input_size}")
        if not 0.0 < self.crop_fraction <= 1.0:
            raise ValueError(f"crop_fraction must be in (0, 1], not {self.crop_fraction}")

    def __call__(self, picture: Pixels) -> Pixels:
        """Decoded picture (h, w, 3) uint8 -> network input (N, N, 3) uint8."""
        return self.network_input(stored_square(picture, self.store_size))

    def network_input(self, stored: Pixels) -> Pixels:
        """Stored square (S, S, 3) uint8 -> network input (N, N, 3) uint8."""
        side = max(1, int(self.crop_fraction * stored.shape[0] + 0.5))
        return _resize(_centre_square(stored, side), self.input_size)


def decode(source: Path | str | bytes) -> Pixels:
    """Decode a picture (a path, or the bytes of a file) to (h, w, 3) uint8 RGB.

    Raises `MissingPath` when there is no such file, `BadPicture` when it cannot be decoded, is truncated, or has more
    than `MAX_PIXELS` pixels (decided from its header, before any pixel is decoded).
    """
    with _decoded(source) as image:
        return np.asarray(image, dtype=np.uint8)


def decode_square(source: Path | str | bytes, size: int) -> Pixels:
    """`stored_square(decode(source), size)`, to the byte, without an array of the whole picture in between."""
    with _decoded(source) as image:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side)) if image.size != (side, side) else image
        square = square.resize((size, size), Image.Resampling.BILINEAR) if side != size else square
        return np.asarray(square, dtype=np.uint8)


def short_side(source: Path | str | bytes) -> int:
    """Pixels of the shorter side, read from the header alone; raises as `decode` does for what the header shows."""
    with _opened(source) as image:
        return min(image.size)


@contextmanager
def _decoded(source: Path | str | bytes) -> Iterator[Image.Image]:
    """The upright picture in RGB; whatever goes wrong with it inside the block becomes a `BadPicture`."""
    with _opened(source) as image:
        image.seek(0)
        # Loaded first: a TIFF turns itself upright while it loads, and a PNG may have its EXIF behind the pixels.
        image.load()
        orientation = _orientation(image)
        yield _upright(_to_rgb(image), orientation)


@contextmanager
def _opened(source: Path | str | bytes) -> Iterator[Image.Image]:
    """Open a picture and check its header; whatever goes wrong with it inside the block becomes a `BadPicture`."""
    name = "picture" if isinstance(source, bytes) else str(source)
    try:
        if not isinstance(source, bytes) and not Path(source).is_file():
            raise MissingPath(f"no picture at {name}", why="there is no such file", hint=f"ls {Path(source).parent}")
        stream = BytesIO(source) if isinstance(source, bytes) else source
        # Our own limit is stricter than Pillow's warning; corrupt EXIF is covered by the rule in the docstring.
        with pillow_is_quiet(), Image.open(stream, formats=FORMATS) as image:
            _refuse_large(image, name)
            yield image
    except _DECODER_ERRORS as error:
        raise BadPicture(
            f"cannot read the picture {name}",
            why=_STREAM.sub("the file", _first_line(error)),
            hint=f"readable are {', '.join(FORMATS)}" + ("" if isinstance(source, bytes) else f"; see: file {name}"),
        ) from error


def stored_square(picture: Pixels, size: int) -> Pixels:
    """Centre square of the picture (h, w, 3), resized to (size, size, 3)."""
    return _resize(_centre_square(picture, min(picture.shape[0], picture.shape[1])), size)


def _centre_square(picture: Pixels, side: int) -> Pixels:
    top = (picture.shape[0] - side) // 2
    left = (picture.shape[1] - side) // 2
    return picture[top : top + side, left : left + side]


def _resize(square: Pixels, size: int) -> Pixels:
    if square.shape[0] == size and square.shape[1] == size:
        return np.ascontiguousarray(square)
    image = Image.fromarray(np.ascontiguousarray(square))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR), dtype=np.uint8)


def _refuse_large(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadPicture(
            f"refused to decode {name}",
            why=f"{width} x {height} pixels are more than {MAX_PIXELS // 1_000_000} million",
            hint="scale it down first",
        )
    if width < 1 or height < 1:
        raise BadPicture(f"refused to decode {name}", why="it has no pixels")


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a parser's border: unreadable EXIF counts as orientation 1 (module docstring)
        return 1
    return value if value in _TRANSPOSE else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image if orientation == 1 else image.transpose(_TRANSPOSE[orientation])


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_grey(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16-bit grey: the upper eight bits. Pillow's own conversion would clip everything above 255."""
    values = np.asarray(image)
    if image.mode == "F":
        raise BadPicture("cannot read a floating-point picture", why="its range is not known", hint="save it as PNG")
    grey = (np.clip(values, 0, 65535).astype(np.uint16) >> 8).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__
