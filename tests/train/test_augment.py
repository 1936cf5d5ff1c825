"""Augmentation: what changes nothing must change nothing, and the resize must be the one of evaluation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from fv_core.golden import draw as golden
from fv_core.preprocess import Preprocess
from fv_train.augment import FIELDS, AugmentLayer, Draw, draw, identity
from fv_train.rand_augment import tables
from fv_train.recipe import Augment

# Pillow rounds to 8 bits after each of two passes, and its weights to 22 bits; ours rounds nothing.
ROUNDING = 1.01
# float32 sums of up to 100 products of values below 256.
FLOAT = 1e-3


def pictures(size: int, n: int = 3) -> NDArray[np.uint8]:
    return np.stack([golden(seed, size) for seed in range(1, n + 1)])


PLAIN = Augment()
COLOUR = Augment(brightness=0.1)
MIXUP = Augment(mixup=0.2)
CUTMIX = Augment(cutmix=1.0)
RAND = Augment(rand_operations=2)


def apply(
    images: NDArray[np.uint8],
    numbers: Draw,
    size: int,
    settings: Augment = PLAIN,
    lookup: NDArray[np.uint8] | None = None,
) -> NDArray[np.float32]:
    layer = AugmentLayer(images.shape[1], size, settings)
    if lookup is None:
        lookup = tables(images, numbers.points)
    return np.asarray(layer(images, numbers.parameters, numbers.partner, numbers.share, numbers.box, lookup))


@pytest.mark.parametrize(("stored", "size", "fraction"), [(48, 96, 1.0), (64, 64, 1.0), (96, 40, 1.0), (80, 60, 0.75)])
def test_without_augmentation_the_step_sees_what_evaluation_sees(stored: int, size: int, fraction: float) -> None:
    images = pictures(stored)
    wanted = np.stack([Preprocess(stored, fraction, size).network_input(image) for image in images])
    found = apply(images, identity(len(images), fraction), size)
    assert np.abs(found - wanted).max() <= ROUNDING


def test_equal_sizes_are_a_copy() -> None:
    images = pictures(40)
    np.testing.assert_allclose(apply(images, identity(3), 40), images, atol=FLOAT)


def test_only_marked_pictures_are_mirrored() -> None:
    images, numbers = pictures(40), identity(3)
    numbers.parameters[1, FIELDS.index("mirrored")] = 1.0
    found = apply(images, numbers, 32)
    plain = apply(images, identity(3), 32)
    np.testing.assert_allclose(found[[0, 2]], plain[[0, 2]], atol=FLOAT)
    np.testing.assert_allclose(found[1], plain[1, :, ::-1], atol=FLOAT)


def test_a_crop_shows_the_crop() -> None:
    images, numbers = pictures(40, 1), identity(1)
    numbers.parameters[0, :4] = (0.25, 0.5, 0.5, 0.25)
    # Rows 10..30 and columns 20..30; at two output pixels a stored pixel nothing beyond them is seen.
    alone = apply(np.ascontiguousarray(images), numbers, 20)
    spoiled = np.zeros_like(images)
    spoiled[:, 10:30, 20:30] = images[:, 10:30, 20:30]
    np.testing.assert_allclose(apply(spoiled, numbers, 20), alone, atol=FLOAT)


def test_neutral_colour_and_mixing_change_nothing() -> None:
    images = pictures(40)
    found = apply(images, identity(3), 32, settings=Augment(brightness=0.1, mixup=0.2))
    np.testing.assert_allclose(found, apply(images, identity(3), 32), atol=FLOAT)


def test_each_colour_change_does_what_it_says() -> None:
    images = pictures(40, 1)
    plain = apply(images, identity(1), 40)
    grey = plain @ np.array([0.299, 0.587, 0.114], dtype=np.float32)

    def changed(name: str, value: float) -> NDArray[np.float32]:
        numbers = identity(1)
        numbers.parameters[0, FIELDS.index(name)] = value
        return apply(images, numbers, 40, settings=COLOUR)

    np.testing.assert_allclose(changed("brightness", 0.5), plain * 0.5, atol=FLOAT)
    np.testing.assert_allclose(changed("saturation", 0.0), np.repeat(grey[..., None], 3, axis=-1), atol=FLOAT)
    assert np.ptp(changed("contrast", 0.0)) <= FLOAT


def test_mixing_takes_the_partner() -> None:
    images, numbers = pictures(40), identity(3)
    mixed = replace(numbers, partner=np.array([1, 2, 0], np.int32), share=np.array([0.25, 1.0, 0.5], np.float32))
    plain = apply(images, numbers, 32)
    found = apply(images, mixed, 32, settings=MIXUP)
    np.testing.assert_allclose(found[0], 0.25 * plain[0] + 0.75 * plain[1], atol=FLOAT)
    np.testing.assert_allclose(found[1], plain[1], atol=FLOAT)


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    settings = Augment(brightness=0.2, mixup=0.2)
    one, same, other = (draw(settings, np.random.default_rng(seed), 16, 32) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.parameters, same.parameters)
    np.testing.assert_array_equal(one.share, same.share)
    assert not np.array_equal(one.parameters, other.parameters)


def test_everything_off_is_the_identity() -> None:
    off = Augment(flip=False, crop_area=1.0)
    found = draw(off, np.random.default_rng(0), 8, 32, 0.875)
    np.testing.assert_array_equal(found.parameters, identity(8, 0.875).parameters)
    np.testing.assert_array_equal(found.share, 1.0)


def test_crops_stay_inside_and_keep_their_share_of_the_area() -> None:
    parameters = draw(Augment(crop_area=0.3), np.random.default_rng(0), 500, 32).parameters
    top, left, height, width = parameters[:, :4].T
    assert (top >= 0).all()
    assert (left >= 0).all()
    # float32 of two numbers that add up to one.
    assert (top + height).max() <= 1 + 1e-6
    assert (left + width).max() <= 1 + 1e-6
    assert (height * width).min() >= 0.3 - 1e-6
    assert (height * width).max() <= 1 + 1e-6
    assert (width / height).max() <= Augment().crop_ratio + 1e-4
    assert 0.4 < parameters[:, FIELDS.index("mirrored")].mean() < 0.6


def test_rand_augment_that_draws_nothing_changes_nothing() -> None:
    images = pictures(40)
    np.testing.assert_allclose(apply(images, identity(3), 32, RAND), apply(images, identity(3), 32), atol=FLOAT)


def test_a_table_is_looked_up_channel_by_channel() -> None:
    images, lookup = pictures(40), np.tile(np.arange(256, dtype=np.uint8), (3, 3, 1))
    lookup[1, 2] = 255 - lookup[1, 2]
    wanted = images.copy()
    wanted[1, ..., 2] = 255 - wanted[1, ..., 2]
    np.testing.assert_allclose(apply(images, identity(3), 40, RAND, lookup), wanted, atol=FLOAT)


@pytest.mark.parametrize(
    ("column", "value", "transform"),
    [
        # Pillow's maps count from pixel corners, the step's from pixel centres: the same map around the same centre.
        ("rotation", np.pi / 2, Image.Transpose.ROTATE_90),
        ("rotation", np.pi, Image.Transpose.ROTATE_180),
        ("rotation", -np.pi / 2, Image.Transpose.ROTATE_270),
    ],
)
def test_a_quarter_turn_is_a_quarter_turn(column: str, value: float, transform: Image.Transpose) -> None:
    images, numbers = pictures(40), identity(3)
    numbers.parameters[:, FIELDS.index(column)] = value
    found = apply(images, numbers, 40, RAND)
    wanted = np.stack([np.asarray(Image.fromarray(image).transpose(transform)) for image in images])
    # The outermost pixels may be read from a hair outside of the picture.
    np.testing.assert_allclose(found[:, 1:-1, 1:-1], wanted[:, 1:-1, 1:-1], atol=0.1)


def test_a_shift_moves_and_fills_with_grey() -> None:
    images, numbers = pictures(40), identity(3)
    numbers.parameters[:, FIELDS.index("shift_x")] = 0.25
    found = apply(images, numbers, 40, RAND)
    np.testing.assert_allclose(found[:, :, :30], images[:, :, 10:], atol=FLOAT)
    np.testing.assert_allclose(found[:, :, 30:], 128.0, atol=FLOAT)


def test_sharpness_is_pillows_away_from_the_border() -> None:
    images, numbers = pictures(40), identity(3)
    numbers.parameters[:, FIELDS.index("sharpness")] = 0.3
    found = apply(images, numbers, 40, RAND)
    wanted = np.stack([np.asarray(ImageEnhance.Sharpness(Image.fromarray(image)).enhance(0.3)) for image in images])
    # Pillow rounds the smoothed picture and the blend to whole values.
    assert np.abs(found - wanted)[:, 1:-1, 1:-1].max() <= 1.5


def test_cutmix_shows_the_partner_in_the_box_and_counts_its_pixels() -> None:
    images = pictures(40)
    numbers = draw(CUTMIX, np.random.default_rng(3), 3, 32)
    plain, found = apply(images, identity(3), 32), None
    numbers = replace(numbers, parameters=identity(3).parameters)
    found = apply(images, numbers, 32, CUTMIX)
    for i, (top, left, bottom, right) in enumerate(numbers.box.astype(int)):
        wanted = plain[i].copy()
        wanted[top:bottom, left:right] = plain[numbers.partner[i], top:bottom, left:right]
        np.testing.assert_allclose(found[i], wanted, atol=FLOAT)
        assert numbers.share[i] == pytest.approx(1 - (bottom - top) * (right - left) / 32**2)


def test_with_both_each_batch_gets_one_of_them() -> None:
    both = Augment(mixup=0.2, cutmix=1.0)
    boxed = [bool(draw(both, np.random.default_rng(seed), 4, 32).box.any()) for seed in range(40)]
    # Forty fair coins: outside of 8..32 once in ten thousand.
    assert 8 <= sum(boxed) <= 32
