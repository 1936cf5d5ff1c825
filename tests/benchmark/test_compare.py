from dataclasses import replace

import pytest

from fv_benchmark.compare import Verdict, compare, judge_accuracy, judge_latency
from fv_benchmark.stats import Ratio
from tests.benchmark.builders import QUIET_AFTER, accuracy, measured, report

NAME = "food_int8.tflite"


@pytest.mark.parametrize(
    ("ci95", "verdict"),
    [
        ((0.80, 0.90), Verdict.BETTER),
        ((0.80, 0.96), Verdict.CANNOT_TELL),
        ((0.97, 0.99), Verdict.CANNOT_TELL),
        ((0.90, 1.20), Verdict.CANNOT_TELL),
        ((1.01, 1.04), Verdict.CANNOT_TELL),
        ((1.06, 1.20), Verdict.WORSE),
    ],
)
def test_latency_is_told_only_beyond_what_a_session_repeats(ci95, verdict):
    assert judge_latency(Ratio(sum(ci95) / 2, ci95)).verdict is verdict


def test_without_an_interval_nothing_is_told():
    assert judge_latency(Ratio(0.2, None)).verdict is Verdict.CANNOT_TELL


def test_a_report_against_itself_is_never_better_or_worse():
    made = report(accuracies={NAME: accuracy()})
    pairs = compare(made, made).pairs
    assert [pair.latency.verdict for pair in pairs] == [Verdict.CANNOT_TELL] * 2
    assert [pair.accuracy and pair.accuracy.verdict for pair in pairs] == [None, Verdict.CANNOT_TELL]
    assert pairs[0].notes == ("the same file",)


def test_twice_as_fast_is_better_and_the_other_way_round_worse():
    slow, fast = report(measured(NAME, 2.0)), report(measured(NAME, 1.0))
    assert compare(slow, fast).pairs[0].latency.verdict is Verdict.BETTER
    assert compare(fast, slow).pairs[0].latency.verdict is Verdict.WORSE


@pytest.mark.parametrize(
    ("lost", "verdict"),
    [(0, Verdict.CANNOT_TELL), (3, Verdict.CANNOT_TELL), (60, Verdict.WORSE), (-60, Verdict.BETTER)],
)
def test_accuracy_is_judged_in_pairs(lost, verdict):
    a, b = accuracy(600, 1000), accuracy(600, 1000, lost=lost)
    assert judge_accuracy(a, b).verdict is verdict


def test_a_gain_is_written_as_a_gain():
    assert judge_accuracy(accuracy(600, 1000), accuracy(660, 1000)).why.startswith("+6.00 pp [+")


@pytest.mark.parametrize("change", [{"dataset_fingerprint": "00" * 32}, {"split": "test"}])
def test_other_pictures_cannot_be_told(change):
    a = accuracy(600, 1000)
    found = judge_accuracy(a, replace(accuracy(100, 1000), **change))
    assert (found.verdict, found.why) == (Verdict.CANNOT_TELL, "measured on other pictures")


def test_accuracy_in_one_report_only_cannot_be_told():
    assert judge_accuracy(accuracy(), None).why == "not measured in B"
    assert judge_accuracy(None, accuracy()).why == "not measured in A"


def test_models_are_matched_by_name_scheme_format_and_threads():
    a = report(measured(NAME, 1.0), measured("food_fp32.tflite", 2.0))
    b = report(measured("food_int8.onnx", 1.0), measured(NAME, 1.0, threads=2))
    found = compare(a, b)
    assert found.pairs == ()
    assert found.only_a == ("food_int8.tflite (1 thread)", "food_fp32.tflite (1 thread)")
    assert found.only_b == ("food_int8.onnx (1 thread)", "food_int8.tflite (2 threads)")


def test_different_machines_and_doubts_are_said():
    a, b = report(measured(NAME, 2.0)), report(measured(NAME, 1.0), cpu="Pi", after=replace(QUIET_AFTER, busy_s=14.0))
    found = compare(a, b)
    assert "the reports come from different machines" in found.notes
    assert any(note.startswith("B: other programs used") for note in found.notes)
    assert any("on Test CPU before, on Pi now" in note for note in found.pairs[0].notes)
