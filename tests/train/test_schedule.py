"""Learning rates at the points where their formula is known."""

from __future__ import annotations

import pytest

from fv_train.recipe import Schedule
from fv_train.schedule import NO_EPOCH, learning_rate

# Float arithmetic of a few operations.
EXACT = 1e-12


def rates(schedule: Schedule, steps: int = 100, epoch_steps: int = 10, drops: int = 0) -> list[float]:
    return [learning_rate(schedule, 2.0, step, steps, epoch_steps, drops) for step in range(steps)]


def test_warm_up_rises_in_equal_steps_to_the_peak() -> None:
    found = rates(Schedule("constant", warmup_epochs=2.0))
    assert found[:20] == pytest.approx([2.0 * (step + 1) / 20 for step in range(20)], abs=EXACT)
    assert found[20:] == [2.0] * 80


def test_without_warm_up_a_constant_schedule_is_constant() -> None:
    assert rates(Schedule("constant")) == [2.0] * 100


def test_cosine_begins_at_the_peak_is_half_in_the_middle_and_ends_at_its_final_fraction() -> None:
    found = rates(Schedule("cosine", final_fraction=0.5))
    assert found[0] == pytest.approx(2.0, abs=EXACT)
    assert found[50] == pytest.approx(1.5, abs=EXACT)
    assert found == sorted(found, reverse=True)
    assert learning_rate(Schedule("cosine", final_fraction=0.5), 2.0, 100, 100, 10, 0) == pytest.approx(1.0, abs=EXACT)


def test_plateaus_multiply_and_other_schedules_do_not_see_them() -> None:
    assert rates(Schedule("plateau", factor=0.1), drops=2)[0] == pytest.approx(0.02, abs=EXACT)
    assert rates(Schedule("plateau", factor=0.1), drops=0)[0] == 2.0
    assert rates(Schedule("cosine"), drops=2) == rates(Schedule("cosine"), drops=0)


def test_warm_up_longer_than_the_stage_ends_with_it() -> None:
    assert rates(Schedule("cosine", warmup_epochs=1000.0))[-1] == 2.0


def test_patience_counts_epochs_that_are_not_better() -> None:
    one = NO_EPOCH.after(0.5)
    assert (one.best, one.waited) == (0.5, 0)
    assert (one.after(0.5).waited, one.after(0.4).after(0.3).waited) == (1, 2)
    assert one.after(0.4).after(0.6) == NO_EPOCH.after(0.6)
