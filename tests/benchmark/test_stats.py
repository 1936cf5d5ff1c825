import numpy as np
import pytest
from scipy import stats as oracle

from fv_benchmark.stats import (
    MIN_CHANGED_FOR_BOOTSTRAP,
    agreement,
    paired_drop,
    quantiles,
    ratio_interval,
    samples_needed,
    wilson_interval,
)

# Brown, Cai & DasGupta (2001) print no table; these are the closed form's values for 8 of 10, z = 1.959964.
WILSON_8_OF_10 = (0.4901625, 0.9433178)
DRAWS = 1_000
# A 95 % interval in 1,000 draws: the count's standard error is 0.7 points, three of them are two points.
COVERAGE = (0.93, 0.97)


def pair(lost, gained, both_right, both_wrong):
    full = np.array([True] * lost + [False] * gained + [True] * both_right + [False] * both_wrong)
    file = np.array([False] * lost + [True] * gained + [True] * both_right + [False] * both_wrong)
    return full, file


def test_wilson_is_the_closed_form_and_stays_inside_the_unit_interval():
    assert wilson_interval(8, 10) == pytest.approx(WILSON_8_OF_10, abs=1e-6)
    assert wilson_interval(0, 20)[0] == 0.0
    assert wilson_interval(20, 20)[1] == 1.0


def test_drop_counts_lost_and_gained_pictures():
    drop = paired_drop(*pair(30, 10, 100, 60))
    assert (drop.lost, drop.gained, drop.n, drop.method) == (30, 10, 200, "bootstrap")
    assert drop.drop_pp == pytest.approx(10.0)
    assert drop.ci_pp[0] < 10.0 < drop.ci_pp[1]
    assert drop.mcnemar_p == pytest.approx(oracle.binomtest(30, 40).pvalue)


def test_better_file_has_a_negative_drop():
    assert paired_drop(*pair(5, 35, 100, 60)).ci_pp[1] < 0


def test_same_answers_are_no_proof_of_no_drop():
    drop = paired_drop(*pair(0, 0, 300, 100))
    assert (drop.drop_pp, drop.method, drop.mcnemar_p) == (0.0, "rule-of-three", 1.0)
    # 1 - 0.05^(1/400): with a larger share of changed pictures, seeing none had a chance below 5 %.
    assert drop.ci_pp == pytest.approx((-100 * (1 - 0.05 ** (1 / 400)), 100 * (1 - 0.05 ** (1 / 400))))


def test_few_changes_use_bonett_and_price():
    full, file = pair(4, 2, 500, 144)
    drop = paired_drop(full, file)
    p1, p2 = 5 / 652, 3 / 652
    half = 1.959964 * np.sqrt((p1 + p2 - (p1 - p2) ** 2) / 652)
    assert drop.method == "bonett-price"
    assert drop.ci_pp == pytest.approx((100 * (p1 - p2 - half), 100 * (p1 - p2 + half)), abs=1e-6)


def test_bounds_do_not_jump_where_the_method_changes():
    below = paired_drop(*pair(MIN_CHANGED_FOR_BOOTSTRAP - 6, 5, 500, 100)).ci_pp
    above = paired_drop(*pair(MIN_CHANGED_FOR_BOOTSTRAP - 5, 5, 499, 100)).ci_pp
    # One changed picture of 619 is 0.16 points; the methods may differ by two pictures.
    assert np.abs(np.array(below) - np.array(above)).max() < 0.33


def test_a_surer_interval_is_wider():
    full, file = pair(60, 30, 500, 410)
    narrow = paired_drop(full, file, confidence=0.90)
    wide = paired_drop(full, file)
    assert wide.ci_pp[0] < narrow.ci_pp[0] < narrow.drop_pp < narrow.ci_pp[1] < wide.ci_pp[1]
    with pytest.raises(ValueError, match=r"confidence 0\.9"):
        _ = narrow.ci95_pp


def test_seed_fixes_the_interval():
    full, file = pair(60, 30, 500, 410)
    assert paired_drop(full, file, seed=3).ci_pp == paired_drop(full, file, seed=3).ci_pp


def test_pictures_must_be_the_same():
    with pytest.raises(ValueError, match="the same pictures twice"):
        paired_drop(np.ones(3, dtype=bool), np.ones(4, dtype=bool))
    with pytest.raises(ValueError, match="the same pictures twice"):
        paired_drop(np.ones(0, dtype=bool), np.ones(0, dtype=bool))


@pytest.mark.slow
@pytest.mark.parametrize(("share_lost", "share_gained"), [(0.050, 0.030), (0.030, 0.028), (0.090, 0.020)])
def test_the_interval_of_a_known_drop_covers_it(share_lost, share_gained):
    covered = _coverage(n=1_000, share_lost=share_lost, share_gained=share_gained)
    assert COVERAGE[0] <= covered <= COVERAGE[1], covered


@pytest.mark.parametrize("expected_changes", [0.5, 2, 4, 8, 14])
@pytest.mark.parametrize("lost_of_changed", [0.5, 0.8, 1.0])
def test_with_few_changes_it_covers_at_least_as_often(expected_changes, lost_of_changed):
    share = expected_changes / 500
    covered = _coverage(n=500, share_lost=share * lost_of_changed, share_gained=share * (1 - lost_of_changed))
    # Conservative is allowed here, too narrow is not.
    assert covered >= COVERAGE[0], covered


def _coverage(n, share_lost, share_gained):
    random = np.random.default_rng(7)
    truth_pp = 100 * (share_lost - share_gained)
    covered = 0
    for draw in range(DRAWS):
        kinds = random.choice(4, size=n, p=[share_lost, share_gained, 0.6, 0.4 - share_lost - share_gained])
        full, file = (kinds == 0) | (kinds == 2), (kinds == 1) | (kinds == 2)
        low, high = paired_drop(full, file, seed=draw, resamples=999).ci_pp
        covered += low <= truth_pp <= high
    return covered / DRAWS


def test_agreement_is_the_share_of_equal_answers():
    assert agreement(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 4])) == 0.75


def test_ratio_of_a_model_to_itself_is_exactly_one():
    blocks = _blocks(np.random.default_rng(0), centre_ns=1_000_000, count=5)
    ratio = ratio_interval(blocks, blocks, paired=True)
    assert (ratio.value, ratio.ci95) == (1.0, (1.0, 1.0))


def test_pairing_removes_the_drift_that_both_suffered():
    random = np.random.default_rng(1)
    drift = np.linspace(1.0, 2.0, 6)
    a = [(block * share).astype(np.int64) for block, share in zip(_blocks(random, 500_000, 6), drift, strict=True)]
    b = [(block * share).astype(np.int64) for block, share in zip(_blocks(random, 1_000_000, 6), drift, strict=True)]
    together, apart = ratio_interval(a, b, paired=True), ratio_interval(a, b, paired=False)
    assert together.ci95[0] <= 0.5 <= together.ci95[1]
    assert together.ci95[1] - together.ci95[0] < 0.2 * (apart.ci95[1] - apart.ci95[0])


@pytest.mark.parametrize(("count", "has_interval"), [(1, False), (4, False), (5, True)])
def test_few_blocks_give_a_ratio_without_an_interval(count, has_interval):
    random = np.random.default_rng(2)
    ratio = ratio_interval(_blocks(random, 600_000, count), _blocks(random, 1_000_000, count), paired=True)
    assert ratio.value == pytest.approx(0.6, abs=0.05)
    assert (ratio.ci95 is not None) is has_interval


def test_paired_blocks_must_be_as_many():
    blocks = _blocks(np.random.default_rng(3), 1_000_000, 3)
    with pytest.raises(ValueError, match="3 blocks cannot be paired with 2"):
        ratio_interval(blocks, blocks[:2], paired=True)


@pytest.mark.slow
def test_the_interval_of_a_known_ratio_covers_it_with_five_blocks():
    random = np.random.default_rng(4)
    covered = 0
    for draw in range(200):
        ratio = ratio_interval(_blocks(random, 600_000, 5), _blocks(random, 1_000_000, 5), paired=True, seed=draw)
        covered += ratio.ci95[0] <= 0.6 <= ratio.ci95[1]
    # 200 draws: three standard errors are 4.6 points; the unexpanded percentile interval reaches about 83 %.
    assert covered / 200 >= 0.90, covered / 200


def _blocks(random, centre_ns, count):
    """Blocks of 60 calls; each process has a level of its own (1 %), each call a right-skewed rest (2 %)."""
    levels = centre_ns * random.lognormal(0.0, 0.01, size=count)
    return [(level * random.lognormal(0.0, 0.02, size=60)).astype(np.int64) for level in levels]


@pytest.mark.parametrize(("count", "known"), [(19, 0), (20, 1), (99, 1), (100, 2), (999, 2), (1000, 3)])
def test_a_quantile_needs_ten_samples_beyond_it(count, known):
    found = quantiles(np.arange(1, count + 1))
    assert [value is not None for value in (found.p50_ns, found.p90_ns, found.p99_ns)] == [
        index < known for index in range(3)
    ]


def test_quantiles_are_numpys():
    samples = np.random.default_rng(5).integers(1, 10**6, size=2_000)
    assert quantiles(samples).p99_ns == pytest.approx(np.quantile(samples, 0.99))
    assert [samples_needed(share) for share in (0.5, 0.9, 0.99)] == [20, 100, 1000]
