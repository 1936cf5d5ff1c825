"""The page's preprocessing gives the bytes of `fv_core.preprocess`, from decoded pixels on; run in Node."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fv_core.preprocess import Preprocess, decode, stored_square

JOBS = Path(__file__).with_name("preprocess_jobs.mjs")
USUAL = Preprocess(store_size=48, crop_fraction=0.875, input_size=32)
# Smaller, equal and larger than what is stored; one pixel; odd sides; crops that round up and down.
PREPROCESSES = (
    USUAL,
    Preprocess(32, 1.0, 32),
    Preprocess(1, 1.0, 1),
    Preprocess(37, 0.71, 53),
    Preprocess(64, 0.5, 17),
    Preprocess(31, 0.01, 8),
)
SIZES = ((1, 1), (1, 40), (40, 1), (33, 48), (48, 33), (49, 32), (97, 201), (320, 241), (17, 16))


def in_node(jobs: list[dict[str, Any]]) -> list[NDArray[np.uint8]]:
    """The answers of `preprocess_jobs.mjs`; skips where there is no Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node to run the page's JavaScript")
    done = subprocess.run([node, str(JOBS)], input=json.dumps(jobs), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [np.frombuffer(base64.b64decode(answer), dtype=np.uint8) for answer in json.loads(done.stdout)]


def pixels(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Noise with saturated blocks in it: every weight counts, and sums reach both ends."""
    drawn = np.random.default_rng([seed, height, width]).integers(0, 256, size=(height, width, 3), dtype=np.uint8)
    drawn[: height // 3] = 255
    drawn[:, : width // 4] = 0
    return drawn


def job(picture: NDArray[np.uint8], orientation: int, preprocess: Preprocess, what: str = "squareOf") -> dict[str, Any]:
    return {
        "what": what,
        "pixels": base64.b64encode(picture.tobytes()).decode("ascii"),
        "width": picture.shape[1],
        "height": picture.shape[0],
        "orientation": orientation,
        "preprocess": {name: getattr(preprocess, name) for name in ("store_size", "crop_fraction", "input_size")},
    }


def upright(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The picture through a PNG file that carries the orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG", exif=exif)
    return decode(file.getvalue())


def test_every_size_and_preprocessing_to_the_byte() -> None:
    cases = [(pixels(*size, seed=seed), each) for seed, each in enumerate(PREPROCESSES) for size in SIZES]
    answers = in_node([job(picture, 1, each) for picture, each in cases])
    for (picture, each), answer in zip(cases, answers, strict=True):
        assert answer.tobytes() == each(picture).tobytes(), (picture.shape, each)


@pytest.mark.parametrize("size", [(33, 48), (48, 33), (40, 1), (61, 60)])
def test_every_orientation_to_the_byte(size: tuple[int, int]) -> None:
    picture = pixels(*size)
    orientations = (1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 4711)
    answers = in_node([job(picture, orientation, USUAL) for orientation in orientations])
    for orientation, answer in zip(orientations, answers, strict=True):
        assert answer.tobytes() == USUAL(upright(picture, orientation)).tobytes(), orientation


def test_the_stored_square_to_the_byte() -> None:
    picture = pixels(75, 50)
    (answer,) = in_node([job(picture, 6, USUAL, "storedSquare")])
    assert answer.tobytes() == stored_square(upright(picture, 6), USUAL.store_size).tobytes()


def test_equal_sizes_are_left_alone() -> None:
    picture = pixels(32, 32)
    (answer,) = in_node([job(picture, 1, Preprocess(32, 1.0, 32))])
    assert answer.tobytes() == picture.tobytes()


def test_transparency_is_laid_over_white_to_the_byte() -> None:
    values = np.arange(256, dtype=np.uint8)
    every = np.stack(np.meshgrid(values, values, indexing="ij"), axis=-1)  # each colour at each transparency
    rgba = np.concatenate([np.repeat(every[..., :1], 3, axis=-1), every[..., 1:]], axis=-1)
    file = BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    (answer,) = in_node([job(rgba, 1, USUAL, "overWhite")])
    assert answer.tobytes() == decode(file.getvalue()).tobytes()


def test_pixels_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(AssertionError, match="bytes are not"):
        in_node([job(pixels(4, 4), 1, USUAL) | {"width": 5}])
