from __future__ import annotations

import numpy as np
import pytest

from fv_export.histogram import BINS, Histogram


def filled(*batches: np.ndarray) -> Histogram:
    histogram = Histogram()
    for batch in batches:
        values = batch.astype(np.float32)
        histogram.add(values, float(values.min()), float(values.max()))
    return histogram


def test_the_ends_are_exact_and_every_value_is_counted() -> None:
    rng = np.random.default_rng(0)
    batches = [rng.normal(size=500) * factor for factor in (1, 10, 0.1, 300)]
    histogram = filled(*batches)
    everything = np.concatenate(batches).astype(np.float32)
    assert histogram.low == everything.min()
    assert histogram.high == everything.max()
    assert histogram.counts.sum() == everything.size


@pytest.mark.parametrize("share", [1e-3, 1e-2, 0.1])
def test_tails_are_the_percentiles_to_a_bin(share: float) -> None:
    rng = np.random.default_rng(1)
    batches = [rng.normal(size=5000), rng.exponential(3, size=5000), rng.normal(-4, 2, size=5000)]
    histogram = filled(*batches)
    everything = np.concatenate(batches).astype(np.float32)
    low, high = histogram.tails(share)
    width = histogram.span / BINS
    assert abs(low - np.quantile(everything, share)) <= 2 * width
    assert abs(high - np.quantile(everything, 1 - share)) <= 2 * width
    assert (everything < low).mean() <= share
    assert (everything > high).mean() <= share


def test_a_tail_of_nothing_cuts_nothing() -> None:
    histogram = filled(np.array([-1.0, 0.0, 5.0]))
    assert histogram.tails(0.0) == (-1.0, 5.0)


def test_growing_in_both_directions_keeps_counts_where_they_belong() -> None:
    histogram = filled(np.linspace(0, 1, 100), np.array([-1000.0]), np.array([1000.0]))
    low, high = histogram.tails(0.02)
    # One of 102 values lies on either side; the other hundred are in one bin or two.
    assert -1 <= low <= 0
    assert 1 <= high <= 2


def test_one_value_alone_is_a_range_of_its_own() -> None:
    histogram = filled(np.full(10, 7.0), np.full(10, 7.0))
    assert histogram.tails(1e-4) == (7.0, 7.0)
    zeros = filled(np.zeros(4))
    assert zeros.tails(1e-4) == (0.0, 0.0)
    assert filled(np.zeros(4), np.array([3.0])).high == 3.0
