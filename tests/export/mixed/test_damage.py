from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fv_export.mixed.damage import Goal, damage, goal_for
from tests.export.mixed import mixtures
from tests.export.mixed.mixtures import probabilities

LABELS = np.array([0, 0, 1], np.int32)
FULL = probabilities([[0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])


def test_the_same_answers_do_no_damage() -> None:
    found = damage(FULL, FULL, LABELS)
    assert (found.lost, found.gained, found.agreement) == (0, 0, 1.0)
    assert (found.expected_pp, found.error_pp) == (0.0, 0.0)
    assert found.divergence == pytest.approx(0.0, abs=1e-12)


def test_a_loss_and_a_gain_cancel_in_the_drop_and_not_in_the_divergence() -> None:
    file = probabilities([[0.8, 0.2], [0.4, 0.6], [0.4, 0.6]])
    found = damage(FULL, file, LABELS)
    assert (found.lost, found.gained, found.drop_pp) == (1, 1, 0.0)
    assert found.agreement == pytest.approx(1 / 3)
    assert found.divergence > 0.01


def test_others_are_expected_to_lose_what_a_like_disturbance_would_take_from_them() -> None:
    file = probabilities([[0.8, 0.2], [0.4, 0.6], [0.55, 0.45]])
    found = damage(FULL, file, LABELS)
    assert found.lost == 1
    # The disturbance of one of three: it takes the second picture, and not the first, which is far from the edge.
    assert found.expected_pp == pytest.approx(100 * (1 / 3) / 3)
    assert found.error_pp > 0


def test_a_probability_of_zero_is_no_infinity() -> None:
    found = damage(probabilities([[1.0, 0.0]]), probabilities([[0.0, 1.0]]), np.array([0], np.int32))
    assert np.isfinite(found.divergence)
    assert found.expected_pp == pytest.approx(100.0)


def test_other_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="answers"):
        damage(FULL, FULL[:2], LABELS)


def test_the_goal_is_a_probability() -> None:
    # 0.1 points below the target, and half of one picture of a thousand, is 1.5 standard errors.
    found = mixtures.damage(drop=1, error_pp=0.1)
    assert Goal(0.2, 0.93, 0.0).is_kept(found)
    assert not Goal(0.2, 0.94, 0.0).is_kept(found)
    assert Goal(0.2, 0.8, 0.0).assurance_of(found) == pytest.approx(0.9332, abs=1e-4)


def test_no_file_loses_less_than_its_divergence_says() -> None:
    goal = goal_for(0.2, 0.8, mixtures.damage(drop=4, divergence=0.010))
    assert goal.pp_per_nat == pytest.approx(40.0)
    lucky = mixtures.damage(drop=0, divergence=0.006, error_pp=0.1)
    assert goal.assurance_of(lucky) == pytest.approx(goal.assurance_of(replace(lucky, expected_pp=0.24)))
    assert not goal.is_kept(lucky)
    assert goal.is_kept(replace(lucky, divergence=0.003))


def test_an_int8_that_gains_says_nothing_about_divergence() -> None:
    assert goal_for(0.2, 0.8, mixtures.damage(drop=-4, divergence=0.010)).pp_per_nat == 0.0
    assert goal_for(0.2, 0.8, mixtures.damage()).pp_per_nat == 0.0
