from __future__ import annotations

import numpy as np
import pytest

from fv_export.mixed.assurance import Expected, expected, margins
from tests.export.mixed.mixtures import probabilities

N = 2000
DRAWS = 300
# Standard error of a share of 300 draws near 0.8 is 2.3 %: three of them.
TOLERANCE = 0.07


def _draw(chance: np.random.Generator, shift: float, n: int = N) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]  # floats
    """Margins of a network that is right on some six tenths, and of a file that disturbs the sure ones more."""
    before = chance.normal(0.6, 2.0, n)
    after = before + chance.normal(shift, 0.12, n) * (1 + 0.3 * np.abs(before))
    return before, after


def _drop_pp(before: np.ndarray, after: np.ndarray) -> float:  # type: ignore[type-arg]  # floats
    return 100 * float((before > 0).mean() - (after > 0).mean())


def test_a_margin_is_positive_where_the_answer_is_right() -> None:
    found = margins(probabilities([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1]]), np.array([0, 1], np.int32))
    np.testing.assert_allclose(found, [np.log(2.0), -np.log(2.0)], rtol=1e-6)


def test_a_margin_of_a_probability_of_zero_is_finite() -> None:
    assert np.isfinite(margins(probabilities([[1.0, 0.0]]), np.array([1], np.int32))).all()


def test_nothing_changed_is_sure_to_lose_nothing() -> None:
    before = _draw(np.random.default_rng(0), 0.0)[0]
    found = expected(before, before)
    assert (found.drop_pp, found.error_pp) == (0.0, 0.0)
    assert found.assurance(0.1) == 1.0


def test_what_is_surely_too_much_is_sure_to_fail() -> None:
    assert Expected(N, 0.5, 0.0).assurance(0.2) == 0.0


def test_the_order_of_the_pictures_says_nothing() -> None:
    chance = np.random.default_rng(1)
    before, after = _draw(chance, -0.01)
    mixed = chance.permutation(N)
    one, other = expected(before, after), expected(before[mixed], after[mixed])
    assert (one.drop_pp, one.error_pp) == pytest.approx((other.drop_pp, other.error_pp))


def test_it_is_told_from_less_luck_than_the_drop_that_was_seen() -> None:
    drawn = [_draw(np.random.default_rng(seed), -0.01) for seed in range(60)]
    told = [expected(before, after).drop_pp for before, after in drawn]
    seen = [_drop_pp(before, after) for before, after in drawn]
    assert np.mean(told) == pytest.approx(np.mean(seen), abs=3 * np.std(seen) / np.sqrt(len(seen)))
    # What is left is the luck of the margins, which both halves share, and that of the disturbances.
    assert np.std(told) < 0.8 * np.std(seen)


@pytest.mark.parametrize("shift", [0.0, -0.02])
def test_the_promise_is_kept_as_often_as_it_says(shift: float) -> None:
    """Halves that are alike in their margins, as `halves` makes them: neighbours in order of margin are dealt out."""
    promised, kept = [], []
    for seed in range(DRAWS):
        chance = np.random.default_rng([7, seed])
        before, after = _draw(chance, shift, 2 * N)
        couples = np.argsort(before).reshape(-1, 2)
        first = chance.integers(0, 2, N)
        choosing, reporting = couples[np.arange(N), first], couples[np.arange(N), 1 - first]
        found = expected(before[choosing], after[choosing])
        # A target above what is expected by about 0.84 of the error: the promise of 80 %.
        target = found.drop_pp + 0.84 * found.error_pp
        promised.append(found.assurance(target))
        kept.append(_drop_pp(before[reporting], after[reporting]) <= target)
    assert np.mean(kept) == pytest.approx(np.mean(promised), abs=TOLERANCE)
    assert np.mean(promised) == pytest.approx(0.81, abs=0.02)


def test_few_pictures_are_their_own_neighbours() -> None:
    before, after = np.array([2.0, 0.1, -3.0]), np.array([2.0, -0.1, -3.0])
    assert expected(before, after).drop_pp == pytest.approx(100 / 9)
