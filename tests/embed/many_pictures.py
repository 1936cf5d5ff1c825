"""Two hundred pictures of odd sizes in all EXIF orientations, and what must come of them."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fv_core.preprocess import Preprocess, decode

COUNT = 200
_EXIF_ORIENTATION = 0x0112
# What real models have, and what a careless implementation gets wrong: no resize at all, a crop of odd margins,
# reductions and enlargements in both steps, a single pixel.
PREPROCESSES = (
    Preprocess(64, 1.0, 160),
    Preprocess(256, 0.875, 224),
    Preprocess(160, 1.0, 160),
    Preprocess(97, 0.87, 96),
    Preprocess(33, 0.5, 49),
    Preprocess(1, 1.0, 1),
)


@dataclass(frozen=True)
class Job:
    """Pixels as stored (h, w, 3), how they are to be turned, the preprocessing, and the network's input."""

    pixels: NDArray[np.uint8]
    orientation: int
    preprocess: Preprocess
    expected: bytes


def draw_jobs() -> list[Job]:
    """The same 200 on every machine; the reference is `fv_core`, through a PNG file that carries the orientation."""
    random = np.random.default_rng(4)
    return [_job(random, number) for number in range(COUNT)]


def _job(random: np.random.Generator, number: int) -> Job:
    # From one pixel to 401, odd and even, broad and high; every twentieth as large as a camera's preview.
    largest = 641 if number % 20 == 0 else 401 if number % 3 else 60
    height, width = (int(side) for side in random.integers(1, largest, size=2))
    pixels = random.integers(0, 256, size=(height, width, 3), dtype=np.uint8)
    # Saturated blocks: sums reach both ends of the range there.
    pixels[: height // 3], pixels[:, : width // 4] = 255, 0
    orientation, preprocess = number % 8 + 1, PREPROCESSES[number % len(PREPROCESSES)]
    return Job(pixels, orientation, preprocess, preprocess(decode(_png(pixels, orientation))).tobytes())


def _png(pixels: NDArray[np.uint8], orientation: int) -> bytes:
    """Lossless, without a colour profile."""
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1, exif=exif)
    return stream.getvalue()
