"""The verdict on a file, from answers made up here."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fv_export.verify import judge, separates

N, CLASSES = 200, 4
Answers = NDArray[np.float32]


def answers(winners: NDArray[np.int64], confidence: float = 0.7) -> Answers:
    rest = (1.0 - confidence) / (CLASSES - 1)
    found = np.full((len(winners), CLASSES), rest, dtype=np.float32)
    found[np.arange(len(winners)), winners] = confidence
    return found


def winners(seed: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, CLASSES, N)


def flipped(labels: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    changed = labels.copy()
    changed[: int(share * N)] = (changed[: int(share * N)] + 1) % CLASSES
    return changed


def test_equal_answers_pass_under_every_rule() -> None:
    labels = winners()
    full = answers(labels)
    for largest in (1e-4, None):
        verdict = judge(full, full.copy(), labels.astype(np.int32), largest)
        assert verdict.kind == "passed"
        assert verdict.largest_difference == 0.0
        assert verdict.agreement == 1.0
        assert verdict.drop is not None
        assert verdict.drop.drop_pp == 0.0


def test_a_float_file_is_judged_by_its_largest_difference() -> None:
    full = answers(winners())
    near, far = full.copy(), full.copy()
    near[0, 0] += 5e-5
    far[0, 0] += 5e-4
    assert judge(full, near, None, 1e-4).kind == "passed"
    verdict = judge(full, far, None, 1e-4)
    assert verdict.kind == "refused"
    assert "differs" in verdict.why


@pytest.mark.parametrize(("share", "kind"), [(0.15, "passed"), (0.25, "refused")])
def test_an_integer_file_is_judged_by_agreement(share: float, kind: str) -> None:
    labels = winners()
    verdict = judge(answers(labels), answers(flipped(labels, share)), None, None)
    assert verdict.kind == kind
    assert verdict.agreement == pytest.approx(1 - share)
    assert verdict.drop is None


def test_with_labels_a_drop_above_five_points_refuses() -> None:
    labels = winners()
    verdict = judge(answers(labels), answers(flipped(labels, 0.10)), labels.astype(np.int32), None)
    assert verdict.kind == "refused"
    assert verdict.drop is not None
    assert verdict.drop.drop_pp == pytest.approx(10.0)
    low, high = verdict.drop.ci95_pp
    assert low < 10.0 < high


def test_a_gain_is_no_reason_to_refuse() -> None:
    labels = winners()
    verdict = judge(answers(flipped(labels, 0.10)), answers(labels), labels.astype(np.int32), None)
    assert verdict.kind == "passed"
    assert verdict.drop is not None
    assert verdict.drop.drop_pp < 0


def test_an_untrained_model_is_not_judged_by_agreement() -> None:
    constant = answers(np.zeros(N, dtype=np.int64))
    unsure = answers(winners(), confidence=0.3)
    for full in (constant, unsure):
        assert not separates(full)
        verdict = judge(full, answers(winners(1)), None, None)
        assert verdict.kind == "not-measurable"
        assert verdict.agreement is None
        assert verdict.drop is None


@pytest.mark.parametrize(("confidence", "judged"), [(0.55, False), (0.65, True), (0.99, True)])
def test_two_classes_are_judged_without_being_certain(confidence: float, judged: bool) -> None:
    right = np.arange(N) % 2
    full = np.where(right[:, None] == np.arange(2), confidence, 1 - confidence).astype(np.float32)
    wrong = full.copy()
    wrong[: N // 2] = full[: N // 2, ::-1]
    assert judge(full, wrong, None, None).kind == ("refused" if judged else "not-measurable")


def test_numbers_that_are_not_finite_are_refused() -> None:
    full = answers(winners())
    broken = full.copy()
    broken[3, 1] = np.nan
    for largest in (1e-4, None):
        verdict = judge(full, broken, None, largest)
        assert verdict.kind == "refused"
        assert "finite" in verdict.why
