"""One-sided bounds against published figures and by simulation; the number of pictures that would decide."""

import numpy as np
import pytest
from scipy import stats as oracle

from fv_benchmark.gate_stats import LIKELY, drop_bounds, pictures_needed

DRAWS = 1_000
# The share of 1,000 draws whose standard error is 0.7 points at 95 %: three of them are two points.
COVERAGE = (0.93, 0.97)
# (pictures, share lost, share gained): drops of none to seven points, 2 to 20 % changed answers.
KNOWN = [
    (500, 0.050, 0.030),
    (500, 0.060, 0.010),
    (1_000, 0.030, 0.028),
    (1_000, 0.090, 0.020),
    (1_000, 0.100, 0.100),
    (4_040, 0.020, 0.001),
    (4_040, 0.0255, 0.0215),
    (4_040, 0.018, 0.014),
    (4_040, 0.055, 0.032),
    (4_040, 0.030, 0.030),
]


def draws(n, share_lost, share_gained, seed=7):
    """1,000 sets of `n` pictures: (lost, gained) of each."""
    shares = [share_lost, share_gained, 1 - share_lost - share_gained]
    return np.random.default_rng(seed).multinomial(n, shares, size=DRAWS)[:, :2]


def test_bounds_are_tangos():
    # 21 children before and after a transplantation, 1 and 7 changed; 95 % from -0.517 to -0.026 (Fagerland, Lydersen
    # & Laake 2014, "Recommended tests and confidence intervals for paired binomial proportions").
    bounds = drop_bounds(1, 7, 21, 0.975)
    assert (bounds.low_pp, bounds.high_pp) == pytest.approx((-51.7, -2.6), abs=0.05)


def test_a_bound_touches_zero_exactly_where_mcnemars_statistic_is_its_quantile():
    lost, gained = 60, 40
    confidence = float(oracle.norm.cdf((lost - gained) / np.sqrt(lost + gained)))
    assert drop_bounds(lost, gained, 4_040, confidence).low_pp == pytest.approx(0.0, abs=1e-5)
    assert drop_bounds(gained, lost, 4_040, confidence).high_pp == pytest.approx(0.0, abs=1e-5)


def test_bounds_of_the_exchanged_models_are_mirrored():
    one, other = drop_bounds(30, 11, 700, 0.95), drop_bounds(11, 30, 700, 0.95)
    assert (one.low_pp, one.high_pp) == pytest.approx((-other.high_pp, -other.low_pp))


def test_no_change_is_no_proof_of_no_drop():
    bounds = drop_bounds(0, 0, 400, 0.95)
    exact = oracle.binomtest(0, 400, alternative="less").proportion_ci(0.95, method="exact").high
    assert bounds.high_pp == pytest.approx(100 * exact)
    assert bounds.low_pp == -bounds.high_pp


@pytest.mark.parametrize(("lost", "gained", "low", "high"), [(5, 0, None, 100.0), (0, 5, -100.0, None)])
def test_a_bound_stays_within_a_hundred_points(lost, gained, low, high):
    bounds = drop_bounds(lost, gained, 5, 0.95)
    assert low is None or bounds.low_pp == low
    assert high is None or bounds.high_pp == high
    assert -100 <= bounds.low_pp < bounds.high_pp <= 100


@pytest.mark.parametrize(("counts", "confidence"), [((1, 1, 0), 0.95), ((3, 3, 5), 0.95), ((1, 1, 9), 0.5)])
def test_what_is_no_count_or_no_confidence_is_refused(counts, confidence):
    with pytest.raises(ValueError, match=r"pictures|confidence"):
        drop_bounds(*counts, confidence)


@pytest.mark.parametrize(("n", "share_lost", "share_gained"), KNOWN)
def test_the_interval_of_a_known_drop_covers_it_and_so_does_each_bound(n, share_lost, share_gained):
    truth_pp = 100 * (share_lost - share_gained)
    interval, above, below = 0, 0, 0
    for lost, gained in draws(n, share_lost, share_gained):
        two_sided = drop_bounds(lost, gained, n, 0.975)
        one_sided = drop_bounds(lost, gained, n, 0.95)
        interval += two_sided.low_pp <= truth_pp <= two_sided.high_pp
        above += truth_pp <= one_sided.high_pp
        below += one_sided.low_pp <= truth_pp
    for covered in (interval, above, below):
        assert COVERAGE[0] <= covered / DRAWS <= COVERAGE[1], covered


@pytest.mark.parametrize("expected_changes", [0.5, 2, 2.9, 5, 10])
def test_with_few_changes_a_file_passes_wrongly_no_more_often(expected_changes):
    """All changes are losses: the hardest case. Conservative is allowed here, too narrow is not."""
    share = expected_changes / 500
    covered = sum(100 * share <= drop_bounds(lost, gained, 500, 0.95).high_pp for lost, gained in draws(500, share, 0))
    assert covered / DRAWS >= COVERAGE[0], covered


def decides(lost, gained, n, budget_pp):
    bounds = drop_bounds(lost, gained, n, 0.95)
    return bounds.high_pp <= budget_pp or bounds.low_pp > budget_pp


@pytest.mark.parametrize(("lost", "gained", "budget_pp"), [(72, 56, 0.6), (90, 40, 0.9), (0, 0, 0.05)])
def test_the_number_is_the_first_at_which_the_same_shares_decide(lost, gained, budget_pp):
    needed = pictures_needed(lost, gained, 4_040, budget_pp, 0.95)
    shares = lost / 4_040, gained / 4_040
    assert decides(shares[0] * needed.even, shares[1] * needed.even, needed.even, budget_pp)
    fewer = needed.even - 1
    assert not decides(shares[0] * fewer, shares[1] * fewer, fewer, budget_pp)


@pytest.mark.parametrize(("lost", "gained", "budget_pp"), [(20, 15, 1.5), (40, 10, 2.0)])
def test_so_many_pictures_decide_as_often_as_is_said(lost, gained, budget_pp):
    needed = pictures_needed(lost, gained, 1_000, budget_pp, 0.95)
    for n, chance in ((needed.even, 0.5), (needed.likely, LIKELY)):
        found = sum(decides(a, b, n, budget_pp) for a, b in draws(n, lost / 1_000, gained / 1_000))
        # A standard error of 1,000 draws is 1.6 points at one half; three of them, for a normal approximation.
        assert found / DRAWS == pytest.approx(chance, abs=0.05)


def test_the_number_for_a_file_without_a_drop_stands_beside_it_where_there_are_fewer():
    needed = pictures_needed(10, 5, 400, 1.0, 0.95)
    assert needed.without_drop == pictures_needed(30, 30, 1_600, 1.0, 0.95).even
    assert pictures_needed(72, 56, 4_040, 0.5, 0.95).without_drop is None
    assert pictures_needed(10, 5, 400, 0.0, 0.95).without_drop is None


@pytest.mark.parametrize("lost", [50, 51, 49])
def test_no_number_decides_when_the_estimate_sits_on_the_budget(lost):
    needed = pictures_needed(lost, 30, 2_000, 1.0, 0.95)
    assert (needed is None) is (lost == 50)


def test_a_decision_needs_no_more_pictures_than_there_are():
    assert pictures_needed(10, 10, 4_040, 5.0, 0.95).even < 4_040


def test_without_any_change_the_bound_itself_says_the_number():
    # 0.05 = (1 − 0.005)^N
    assert pictures_needed(0, 0, 100, 0.5, 0.95).even == int(np.ceil(np.log(0.05) / np.log(0.995)))
