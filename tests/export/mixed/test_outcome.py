from __future__ import annotations

import pytest

from fv_benchmark.stats import PairedDrop, Ratio
from fv_export.mixed.outcome import Answer, Timed, is_clearly_faster, kept


def _drop(value: float, low: float, high: float) -> PairedDrop:
    return PairedDrop(value, (low, high), 0.95, 2020, 20, 10, 0.1, "bootstrap")


@pytest.mark.parametrize(
    ("drop", "answer", "code"),
    [
        (_drop(0.2, -0.3, 0.7), Answer.KEPT, 0),
        (_drop(0.25, -0.3, 0.8), Answer.CANNOT_TELL, 4),
        (_drop(1.0, 0.21, 1.8), Answer.BROKEN, 3),
    ],
)
def test_the_estimate_decides_and_the_interval_doubts(drop: PairedDrop, answer: Answer, code: int) -> None:
    assert kept(drop, 0.2) is answer
    assert answer.exit_code == code


@pytest.mark.parametrize(
    ("interval", "answer"),
    [
        ((0.8, 0.99), Answer.KEPT),
        ((0.99, 1.01), Answer.CANNOT_TELL),
        ((1.01, 1.2), Answer.BROKEN),
        (None, Answer.CANNOT_TELL),
    ],
)
def test_faster_is_what_the_whole_interval_says(interval: tuple[float, float] | None, answer: Answer) -> None:
    assert Timed(1.0, 1.0, Ratio(1.0, interval), "here", ()).answer is answer


def test_less_than_repeats_within_is_no_difference() -> None:
    assert is_clearly_faster(0.90, 1.0)
    assert not is_clearly_faster(0.96, 1.0)
