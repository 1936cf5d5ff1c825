"""The sum over bins is the sum over values, but for those that lie beside a rounding boundary."""

from __future__ import annotations

import numpy as np
import pytest

from fv_export.gradient_histogram import Contest
from fv_export.graph import Quantized
from fv_export.quantize import asymmetric, symmetric16

CANDIDATES = [asymmetric(-3.0, 9.0), asymmetric(-3.0, 3.0), asymmetric(-1.0, 9.0)]


def values_and_gradients(pictures: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    values = np.clip(random.normal(0, 2, (pictures, 20, 20, 8)), -3, 9).astype(np.float32)
    return values, random.normal(0, 1, values.shape).astype(np.float32)


def exact(values: np.ndarray, gradients: np.ndarray, grid: Quantized) -> np.ndarray:
    low, high = grid.limits
    scale, zero = float(grid.scale[0]), int(grid.zero_point[0])
    stored = np.clip(np.rint(values.astype(float) / scale), low - zero, high - zero) * scale
    return np.asarray(((stored - values) * gradients).sum(axis=(1, 2, 3)))


def test_each_picture_and_candidate_gets_the_sum_over_its_values() -> None:
    values, gradients = values_and_gradients()
    found = Contest(CANDIDATES).disturbances(values, gradients)
    wanted = np.stack([exact(values, gradients, grid) for grid in CANDIDATES], axis=1)
    assert found.shape == (3, 3)
    # What lies on the wrong side of a boundary: random, of 3,200 values about 100 of one step of 0.02 to 0.05.
    np.testing.assert_allclose(found, wanted, atol=1.5)
    assert np.abs(wanted[:, 1:]).min() > 5 * np.abs(found - wanted).max()


def test_a_tensor_without_gradient_is_not_disturbed() -> None:
    values, gradients = values_and_gradients()
    assert not Contest(CANDIDATES).disturbances(values, np.zeros_like(gradients)).any()


def test_values_on_a_grid_are_not_disturbed_by_it() -> None:
    """The middles of the bins are off by a bin at most, and so is the sum: g times a sixteenth of a step."""
    grid = asymmetric(-3.0, 9.0)
    values = (np.arange(-60, 180, dtype=np.float32) * np.float32(grid.scale[0])).reshape(1, -1, 1, 1)
    found = Contest([grid, asymmetric(-3.0, 3.0)]).disturbances(values, np.ones_like(values))
    assert abs(found[0, 0]) < 240 * float(grid.scale[0]) / 8
    assert found[0, 1] < -100


@pytest.mark.parametrize("beyond", [-1e4, 1e4])
def test_what_no_candidate_holds_counts_at_the_end(beyond: float) -> None:
    end = -3.05 if beyond < 0 else 9.05
    ones = np.ones((1, 1, 1, 1), np.float32)
    contest = Contest(CANDIDATES)
    np.testing.assert_array_equal(contest.disturbances(ones * beyond, ones), contest.disturbances(ones * end, ones))


def test_bins_are_bounded_for_16_bits() -> None:
    values, gradients = values_and_gradients()
    wide, narrow = symmetric16(-9.0, 9.0), symmetric16(-1.0, 1.0)
    found = Contest([wide, narrow]).disturbances(values, gradients)
    wanted = np.stack([exact(values, gradients, grid) for grid in (wide, narrow)], axis=1)
    np.testing.assert_allclose(found[:, 1], wanted[:, 1], rtol=1e-2)
    assert np.abs(found[:, 0]).max() < 0.1
