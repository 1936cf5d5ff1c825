import numpy as np
import pytest

from fv_benchmark.errors import DifferentPictures
from fv_benchmark.gate import Budget, Decision, decide, judge, worst
from fv_benchmark.gate_stats import Bounds, drop_bounds
from fv_core.errors import InputError
from fv_core.predictions import Predictions
from tests.benchmark.answers import answers, pair


@pytest.mark.parametrize(
    ("low", "high", "decision", "code"),
    [
        (-0.5, 1.0, Decision.PASSES, 0),
        (-0.5, 1.01, Decision.CANNOT_TELL, 4),
        (1.0, 3.0, Decision.CANNOT_TELL, 4),
        (1.01, 3.0, Decision.REFUSES, 3),
        (-3.0, -1.0, Decision.PASSES, 0),
    ],
)
def test_the_bounds_answer(low, high, decision, code):
    assert decide(Bounds(low, high, 0.95), Budget(1.0)) is decision
    assert decision.exit_code == code


@pytest.mark.parametrize(
    ("lost", "gained", "decision"),
    [(10, 8, Decision.PASSES), (40, 2, Decision.REFUSES), (14, 5, Decision.CANNOT_TELL)],
)
def test_a_file_is_judged_by_its_lost_and_gained_pictures(lost, gained, decision):
    full, file = pair(lost=lost, gained=gained, still_wrong=5, alike=1_000 - lost - gained - 5)
    found = judge("x.tflite", full, file, Budget(1.5))
    assert found.decision is decision
    assert found.bounds == drop_bounds(lost, gained, 1_000, 0.95)
    assert (found.drop.lost, found.drop.gained, found.drop.n) == (lost, gained, 1_000)
    assert found.agreement == pytest.approx(1 - (lost + gained + 5) / 1_000)
    assert (found.full_top1, found.file_top1) == pytest.approx((1 - (gained + 5) / 1_000, 1 - (lost + 5) / 1_000))
    assert (found.needed is None) is (decision is not Decision.CANNOT_TELL)


def test_equal_files_pass_where_the_pictures_suffice_and_not_where_they_do_not():
    assert judge("x", *pair(alike=1_000), Budget(0.5)).decision is Decision.PASSES
    small = judge("x", *pair(alike=100), Budget(0.5))
    assert small.decision is Decision.CANNOT_TELL
    assert small.needed is not None
    assert judge("x", *pair(alike=small.needed.even), Budget(0.5)).decision is Decision.PASSES


def test_a_budget_of_nothing_is_never_proved_by_equal_answers():
    assert judge("x", *pair(alike=1_000), Budget(0.0)).decision is Decision.CANNOT_TELL


def test_more_confidence_asks_for_more():
    full, file = pair(lost=10, gained=8, alike=982)
    assert judge("x", full, file, Budget(1.0, 0.95)).decision is Decision.PASSES
    assert judge("x", full, file, Budget(1.0, 0.999)).decision is Decision.CANNOT_TELL


def test_the_full_model_may_know_more_pictures_in_any_order():
    full, file = pair(lost=3, alike=97)
    order = np.random.default_rng(0).permutation(100)[:60]
    part = Predictions(
        tuple(file.ids[i] for i in order), file.labels[order], file.probabilities[order], file.classes,
        file.dataset_fingerprint, file.split, file.model_sha256,
    )  # fmt: skip
    found = judge("x", full, part, Budget(1.0))
    assert (found.drop.n, found.drop.lost) == (60, int((order < 3).sum()))
    assert {one.id for one in found.flips} == {f"picture/{i}" for i in order if i < 3}


def test_other_pictures_are_no_ground_to_judge_on():
    full, _ = pair(alike=10)
    _, file = pair(alike=11)
    with pytest.raises(DifferentPictures):
        judge("x", full, file, Budget(1.0))


def test_top_five_has_an_interval_of_its_own_and_is_absent_with_five_classes():
    labels = np.zeros(50, dtype=np.int64)
    full, file = answers(labels, labels), answers(labels, labels)
    file.probabilities[:10] = [0.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.0]
    found = judge("x", full, file, Budget(1.0))
    assert found.top5 is not None
    assert (found.top5.lost, found.top5.drop_pp) == (10, 20.0)

    def narrowed(one: Predictions) -> Predictions:
        return Predictions(
            one.ids, one.labels, one.probabilities[:, :5], one.classes[:5], one.dataset_fingerprint, one.split, "ab"
        )

    assert judge("x", narrowed(full), narrowed(file), Budget(1.0)).top5 is None


@pytest.mark.parametrize(
    ("pp", "confidence"), [(-0.1, 0.95), (100.0, 0.95), (1.0, 0.5), (1.0, 1.0), (float("nan"), 0.95)]
)
def test_what_is_no_budget_is_refused(pp, confidence):
    with pytest.raises(InputError):
        Budget(pp, confidence)


def test_a_refusal_is_worse_than_a_doubt():
    assert worst([Decision.PASSES, Decision.CANNOT_TELL, Decision.REFUSES]) is Decision.REFUSES
    assert worst([Decision.CANNOT_TELL, Decision.PASSES]) is Decision.CANNOT_TELL
    assert worst([]) is Decision.PASSES


# At 5 %, 1,000 draws have a standard error of 0.7 points.
@pytest.mark.parametrize(("lost", "gained"), [(0.030, 0.020), (0.012, 0.002), (0.060, 0.050)])
def test_a_file_on_the_budget_passes_and_is_refused_in_five_of_a_hundred(lost, gained):
    n, budget = 2_000, Budget(100 * (lost - gained))
    counts = np.random.default_rng(11).multinomial(n, [lost, gained, 1 - lost - gained], size=1_000)
    found = [decide(drop_bounds(a, b, n, budget.confidence), budget) for a, b, _ in counts]
    assert 30 <= found.count(Decision.PASSES) <= 70
    assert 30 <= found.count(Decision.REFUSES) <= 70
