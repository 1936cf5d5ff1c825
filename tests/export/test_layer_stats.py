from __future__ import annotations

import numpy as np
import pytest

from fv_export.graph import Floats
from fv_export.layer_stats import MAX_DB, SHOWN_BINS, Ends, Figures, Tally

CHANNELS = 4


def values(count: int = 64, scale: float = 1.0, seed: int = 0) -> Floats:
    return (scale * np.random.default_rng(seed).normal(size=(count, 8, CHANNELS))).astype(np.float32)


def figures(
    y: Floats, file: Floats, *, f: Floats | None = None, limits: tuple[float, float] | None = None, step: float = 0.1
) -> Figures:
    tally = Tally(limits, None if limits is None else step)
    expected = y if f is None else f
    for start in range(0, len(y), 16):
        stop = start + 16
        tally.add(y[start:stop], expected[start:stop], file[start:stop], np.ones_like(y[start:stop]))
    return tally.figures()


def test_what_is_equal_has_no_error() -> None:
    found = figures(values(), values())
    assert (found.sqnr_db, found.own_sqnr_db) == (MAX_DB, MAX_DB)
    assert found.cosine == pytest.approx(1.0)
    assert found.gain == pytest.approx(1.0)
    assert (found.dead, found.died, found.stored, found.step) == (0, 0, None, None)
    assert (found.clipped_parts, found.shifted_part, found.rounding_part) == (Ends(0.0, 0.0), 0.0, 0.0)


def test_noise_of_a_hundredth_is_forty_decibels() -> None:
    y = values(1024)
    found = figures(y, y + values(1024, 0.01, seed=1))
    assert found.sqnr_db == pytest.approx(40.0, abs=0.2)
    assert found.own_sqnr_db == found.sqnr_db


def test_own_error_does_not_count_what_came_in_from_before() -> None:
    y = values()
    f = y + values(scale=0.1, seed=1)
    found = figures(y, f, f=f)
    assert found.own_sqnr_db == MAX_DB
    assert found.sqnr_db == pytest.approx(20.0, abs=1.0)


def test_the_gain_is_that_of_the_layer() -> None:
    y = values()
    assert figures(y, 100 * y).gain == pytest.approx(100.0, rel=1e-5)


def test_rounding_is_told_from_clipping() -> None:
    y, step = values(256, 10.0), 0.5
    found = figures(y, np.round(y / step) * step, limits=(-100.0, 100.0), step=step)
    assert found.rounding_part == pytest.approx(1.0, abs=0.05)
    assert found.clipped_parts == Ends(0.0, 0.0)
    assert found.cut_off == Ends(0.0, 0.0)
    cut = figures(y, np.clip(np.round(y / step) * step, -100.0, 5.0), limits=(-100.0, 5.0), step=step)
    assert cut.clipped_parts.high > 0.95
    assert cut.clipped_parts.low == 0.0
    assert cut.cut_off.high == pytest.approx(float((y > 5.25).mean()))
    assert cut.at_end.high > cut.cut_off.high
    assert cut.stored == Ends(-100.0, 5.0)


def test_a_moved_mean_is_a_shift() -> None:
    y = values()
    moved = y + np.array([0.5, -0.5, 0.5, -0.5], np.float32)
    assert figures(y, moved).shifted_part == pytest.approx(1.0, abs=1e-3)
    assert figures(y, y + values(scale=0.5, seed=1)).shifted_part < 0.1


def test_values_that_the_answer_does_not_read_do_no_harm() -> None:
    y = values()
    tally = Tally((-3.0, 3.0), 0.1)
    weight = (y > 0).astype(np.float32)
    tally.add(y, y, np.where(y > 0, y, -1000.0).astype(np.float32), weight)
    found = tally.figures()
    assert found.own_sqnr_db == MAX_DB
    assert found.sqnr_db < 0
    assert found.gain == pytest.approx(1.0)


def test_channels_are_counted() -> None:
    y = values()
    y[..., 0] = 7.0
    y[..., 1] *= 100.0
    file = y.copy()
    file[..., 2] = 0.0
    found = figures(y, file)
    assert (found.channels, found.dead, found.died, found.wide) == (CHANNELS, 1, 1, 1)
    assert found.typical < 0.1


def test_the_distribution_covers_values_and_range() -> None:
    y = values(scale=10.0)
    found = figures(y, y, limits=(-1.0, 100.0))
    assert found.span == Ends(float(y.min()), 100.0)
    assert len(found.shares) == SHOWN_BINS
    assert sum(found.shares) == pytest.approx(1.0)
    assert sum(found.shares[SHOWN_BINS // 2 :]) < 0.01
    assert found.core.low == pytest.approx(float(np.quantile(y, 1e-3)), abs=2.0)


def test_nothing_added_is_no_figures() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        Tally(None, None).figures()
