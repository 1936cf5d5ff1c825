import numpy as np
import pytest

from fv_benchmark.reliability import Bin, calibration_error, error_change, reliability
from tests.benchmark.answers import answers

DRAWS = 40
# 95 % of 40 draws are 38; three standard errors below that.
LEAST = 33


def test_confidence_that_is_kept_has_no_error_and_broken_one_has_the_difference():
    labels = np.zeros(100, dtype=np.int64)
    chosen = (np.arange(100) >= 70).astype(np.int64)
    kept, broken = answers(labels, chosen, sure=0.7), answers(labels, chosen, sure=0.9)
    assert calibration_error(reliability(kept)) == pytest.approx(0.0, abs=1e-6)
    assert calibration_error(reliability(broken)) == pytest.approx(0.2, abs=1e-6)


def test_a_bin_holds_the_pictures_of_its_fifteenth():
    labels = np.zeros(4, dtype=np.int64)
    assert reliability(answers(labels, labels, sure=1.0)) == (Bin(1.0, 1.0, 4),)


def test_bins_count_by_their_pictures():
    bins = (Bin(0.5, 0.4, 30), Bin(0.9, 0.9, 70))
    assert calibration_error(bins) == pytest.approx(0.03)


def test_the_same_answers_change_nothing():
    labels = np.arange(60, dtype=np.int64) % 2
    one = answers(labels, np.zeros(60, np.int64), sure=0.8)
    found = error_change(one, one)
    assert (found.change_pp, found.ci95_pp) == (0.0, (0.0, 0.0))


def test_a_model_that_is_too_sure_is_surely_worse():
    labels = np.zeros(400, dtype=np.int64)
    chosen = (np.arange(400) >= 280).astype(np.int64)
    found = error_change(answers(labels, chosen, sure=0.7), answers(labels, chosen, sure=0.9))
    assert found.change_pp == pytest.approx(20.0, abs=1e-4)
    # Where fewer or more of them are right the first model has an error, too, so 20 points are the most.
    assert 10 < found.ci95_pp[0] < found.ci95_pp[1] == pytest.approx(20.0, abs=1e-4)


def test_the_interval_holds_the_change_as_often_as_it_says():
    """Two models that are sure of 0.7 and 0.8, and right in 0.6 and 0.5: errors of 0.1 and 0.3."""
    held = 0
    labels = np.zeros(500, dtype=np.int64)
    for seed in range(DRAWS):
        chance = np.random.default_rng([3, seed])
        full, file = ((chance.random(500) < wrong).astype(np.int64) for wrong in (0.4, 0.5))
        low, high = error_change(answers(labels, full, sure=0.7), answers(labels, file, sure=0.8), seed).ci95_pp
        held += low <= 20.0 <= high
    assert LEAST <= held < DRAWS
