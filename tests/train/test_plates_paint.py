"""Shapes, brush and noise of the drawn plates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fv_train.plates import paint
from fv_train.plates.paint import Canvas, Field, Pose

# Half a pixel of 200 across two units: how well an area is met by counting covered pixels.
AREA_TOLERANCE = 0.02


def plain_canvas(size: int = 200) -> Canvas:
    return Canvas(size, Pose(0.0, 0.0, 1.0, 0.0), (1.0, 0.0))


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (paint.disc(0.5), math.pi * 0.25),
        (paint.ellipse(0.8, 0.3), math.pi * 0.24),
        (paint.box(0.6, 0.4), 0.96),
        (paint.box(0.6, 0.4, 0.4), 4 * 0.2 * 0.4 + math.pi * 0.16),
        (paint.ring(0.5, 0.1), math.pi * (0.36 - 0.16)),
        (paint.intersection(paint.box(0.5, 0.5), paint.moved(paint.box(0.5, 0.5), 0.5, 0)), 0.5),
        (paint.without(paint.box(0.5, 0.5), paint.moved(paint.box(0.5, 0.5), 0.5, 0)), 0.5),
        (paint.shrunk(paint.disc(0.6), 0.1), math.pi * 0.25),
    ],
)
def test_a_shape_covers_its_area(shape: paint.Shape, area: float) -> None:
    patch = plain_canvas().whole()
    covered = float(patch.cover(shape(patch.u, patch.v)).sum()) * 4 / 200**2
    assert covered == pytest.approx(area, abs=AREA_TOLERANCE)


def test_a_leaf_is_pointed_and_as_long_and_wide_as_it_is_told() -> None:
    leaf = paint.leaf(0.8, 0.3)
    at = np.array([0.79, 0.81, 0.0, 0.0], np.float32), np.array([0.0, 0.0, 0.29, 0.31], np.float32)
    assert (leaf(*at) < 0).tolist() == [True, False, True, False]


def test_a_patch_paints_inside_its_window_only() -> None:
    canvas = plain_canvas(64)
    canvas.patch(0.5, -0.5, 0.2).flat(paint.disc(10.0), (1.0, 0.5, 0.25))
    painted = canvas.rgb.max(axis=0) > 0
    rows, columns = np.nonzero(painted)
    assert 0 < painted.mean() < 0.1
    assert rows.mean() < 32 < columns.mean()
    assert np.allclose(canvas.rgb[:, rows[0], columns[0]], (1.0, 0.5, 0.25))


def test_a_patch_beside_the_picture_is_empty_and_harmless() -> None:
    canvas = plain_canvas(32)
    patch = canvas.patch(9.0, 9.0, 0.1)
    patch.solid(paint.uneven(paint.disc(0.1), 0.05, 9, 1), (1.0, 1.0, 1.0))
    assert canvas.rgb.max() == 0.0


def test_the_pose_turns_moves_and_zooms() -> None:
    canvas = Canvas(100, Pose(0.2, 0.0, 0.5, math.pi / 2), (1.0, 0.0))
    canvas.patch(0.8, 0.0, 0.3).flat(paint.disc(0.1), (1.0, 1.0, 1.0))
    rows, columns = np.nonzero(canvas.rgb[0] > 0.5)
    # (0.8, 0) turned by a quarter is (0, 0.8), zoomed (0, 0.4), moved (0.2, 0.4): column 60, row 70.
    assert (columns.mean(), rows.mean()) == pytest.approx((59.5, 69.5), abs=0.6)


def test_a_body_is_lighter_towards_the_light() -> None:
    canvas = plain_canvas(100)
    canvas.rgb[...] = 1.0
    canvas.patch(0, 0, 0.9).solid(paint.disc(0.5), (0.5, 0.5, 0.5), 0.2)
    row = canvas.rgb[0, 50]
    assert row[72] > row[50] > row[28]
    assert row[20] < row[80] == 1.0, "the shadow falls away from the light"


def test_noise_is_between_0_and_1_smooth_and_seeded() -> None:
    u, v = np.meshgrid(np.linspace(-2, 2, 200, dtype=np.float32), np.linspace(-2, 2, 200, dtype=np.float32))

    def at(seed: int) -> Field:
        return paint.noise(u, v, 3.0, seed)

    assert 0.0 <= at(1).min() < 0.2
    assert 0.8 < at(1).max() <= 1.0
    assert np.array_equal(at(1), at(1))
    assert not np.array_equal(at(1), at(2))
    # Two neighbours are 0.06 of a lattice step apart; the fade's steepest slope is 1.5 a step.
    assert np.abs(np.diff(at(1), axis=1)).max() < 0.1


def test_noise_does_not_depend_on_the_window() -> None:
    u, v = np.meshgrid(np.linspace(-2, 2, 50, dtype=np.float32), np.linspace(-2, 2, 50, dtype=np.float32))
    assert np.array_equal(paint.noise(u, v, 3.0, 4)[20:30, 5:9], paint.noise(u[20:30, 5:9], v[20:30, 5:9], 3.0, 4))
