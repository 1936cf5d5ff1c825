"""RandAugment: point operations are Pillow's, to the value; every operation is drawn; none changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from fv_core.golden import draw as golden
from fv_train.augment import FIELDS, identity
from fv_train.rand_augment import OPERATIONS, POINT, choose, table, tables
from fv_train.recipe import Augment

PILLOW: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "autocontrast": lambda picture, _: ImageOps.autocontrast(picture),
    "equalize": lambda picture, _: ImageOps.equalize(picture),
    "solarize": lambda picture, at: ImageOps.solarize(picture, int(at)),
    "posterize": lambda picture, bits: ImageOps.posterize(picture, int(bits)),
    "contrast": lambda picture, factor: ImageEnhance.Contrast(picture).enhance(factor),
    "brightness": lambda picture, factor: ImageEnhance.Brightness(picture).enhance(factor),
}
STRENGTHS = {"solarize": 100.0, "posterize": 4.0, "contrast": 0.3, "brightness": 1.7}


def through(image: NDArray[np.uint8], found: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.stack([found[channel][image[..., channel]] for channel in range(3)], axis=-1)


@pytest.mark.parametrize("name", POINT)
def test_a_point_operation_is_pillows(name: str) -> None:
    image = golden(2, 48)
    strength = STRENGTHS.get(name, 0.0)
    wanted = np.asarray(PILLOW[name](Image.fromarray(image), strength))
    # The mean grey is computed from histograms, Pillow's from rounded grey pixels: one value apart at most.
    tolerance = 1 if name == "contrast" else 0
    found = through(image, table(image, [(name, strength)]))
    assert np.abs(found.astype(int) - wanted).max() <= tolerance


def test_operations_are_applied_one_after_the_other() -> None:
    image = golden(3, 48)
    wanted = PILLOW["equalize"](PILLOW["brightness"](Image.fromarray(image), 0.4), 0.0)
    found = through(image, table(image, [("brightness", 0.4), ("equalize", 0.0)]))
    np.testing.assert_array_equal(found, np.asarray(wanted))


@pytest.mark.parametrize("name", ["autocontrast", "equalize"])
def test_a_picture_of_one_colour_is_left_alone(name: str) -> None:
    image = np.full((8, 8, 3), 77, np.uint8)
    np.testing.assert_array_equal(through(image, table(image, [(name, 0.0)])), image)


def test_no_operation_is_the_identity() -> None:
    images = np.stack([golden(1, 32), golden(2, 32)])
    for found in tables(images, [[], []]):
        np.testing.assert_array_equal(found, np.tile(np.arange(256, dtype=np.uint8), (3, 1)))


def test_all_operations_of_the_paper_are_drawn() -> None:
    assert len(OPERATIONS) == 14
    parameters = identity(400).parameters
    points = choose(Augment(rand_operations=2), np.random.default_rng(0), parameters, FIELDS)
    assert {name for own in points for name, _ in own} == set(POINT)
    for column in ("rotation", "shear_x", "shear_y", "shift_x", "shift_y", "saturation", "sharpness"):
        found = parameters[:, FIELDS.index(column)]
        assert len(np.unique(found)) >= 3, column


def test_magnitude_zero_moves_nothing() -> None:
    parameters = identity(200).parameters
    choose(Augment(rand_operations=3, rand_magnitude=0.0), np.random.default_rng(0), parameters, FIELDS)
    np.testing.assert_array_equal(parameters, identity(200).parameters)
