import numpy as np
import pytest

from fv_benchmark.reliability import Bin, calibration_error, reliability
from tests.benchmark.answers import answers


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
