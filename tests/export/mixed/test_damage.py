from __future__ import annotations

import numpy as np
import pytest

from fv_export.mixed.damage import damage, goal_for
from tests.export.mixed import mixtures
from tests.export.mixed.mixtures import probabilities

LABELS = np.array([0, 0, 1], np.int32)
FULL = probabilities([[0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])


def test_the_same_answers_do_no_damage() -> None:
    found = damage(FULL, FULL, LABELS)
    assert (found.lost, found.gained, found.agreement, found.smoothed_drop_pp) == (0, 0, 1.0, 0.0)
    assert found.divergence == pytest.approx(0.0, abs=1e-12)


def test_a_loss_and_a_gain_cancel_in_the_drop_and_not_in_the_divergence() -> None:
    file = probabilities([[0.8, 0.2], [0.4, 0.6], [0.4, 0.6]])
    found = damage(FULL, file, LABELS)
    assert (found.lost, found.gained, found.drop_pp) == (1, 1, 0.0)
    assert found.agreement == pytest.approx(1 / 3)
    assert found.divergence > 0.01


def test_the_smoothed_drop_sees_what_did_not_tip_over() -> None:
    file = probabilities([[0.8, 0.2], [0.51, 0.49], [0.55, 0.45]])
    found = damage(FULL, file, LABELS)
    assert found.drop_pp == 0.0
    before, after = 0.6**2 / (0.6**2 + 0.4**2), 0.51**2 / (0.51**2 + 0.49**2)
    assert found.smoothed_drop_pp == pytest.approx(100 * (before - after) / 3, rel=1e-5)


def test_a_probability_of_zero_is_no_infinity() -> None:
    found = damage(probabilities([[1.0, 0.0]]), probabilities([[0.0, 1.0]]), np.array([0], np.int32))
    assert np.isfinite(found.divergence)
    assert found.smoothed_drop_pp == pytest.approx(100.0)


def test_other_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="answers"):
        damage(FULL, FULL[:2], LABELS)


def test_the_divergence_has_to_fall_with_the_drop_and_beyond() -> None:
    goal = goal_for(0.2, mixtures.damage(drop=4, divergence=0.010))
    # 0.4 points to half of 0.2.
    assert goal.divergence == pytest.approx(0.0025)
    assert goal.is_kept(mixtures.damage(drop=2, divergence=0.0025))
    assert not goal.is_kept(mixtures.damage(drop=2, divergence=0.0026))
    assert not goal.is_kept(mixtures.damage(drop=3, divergence=0.001))


def test_a_file_that_keeps_the_target_has_nothing_to_do() -> None:
    plain = mixtures.damage(drop=1, divergence=0.01)
    assert goal_for(0.2, plain).is_kept(plain)
