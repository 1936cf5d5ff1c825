from dataclasses import replace

import numpy as np
import pytest

from fv_benchmark import doubts
from fv_benchmark.causes import NOT_KNOWN
from fv_benchmark.protocol import Protocol
from fv_benchmark.run import Candidate, Measured, Session, build_report, measure_candidates
from fv_benchmark.targets import Cooling
from fv_core.progress import Silent
from tests.benchmark.builders import QUIET, QUIET_AFTER, accuracy, block, machine, measured, model, report


class FakeTarget:
    """Every block is half a per cent slower than the block before; remembers the order."""

    name = "fake"

    def __init__(self):
        self.order = []
        self.coolings = []

    def cool_down(self, limit_s, progress):
        self.coolings.append(len(self.order))
        return Cooling(1.0, 50.0, is_cool=True)

    def measure(self, path, threads, protocol):
        self.order.append((path.name, threads))
        base = 2_000_000 if "fp32" in path.name else 1_000_000
        return block((int(base * (1 + 0.005 * len(self.order))),) * 30)

    def snapshot(self):
        return QUIET

    def describe(self, before, after):
        return machine()


CANDIDATES = [Candidate(model("food_fp32.tflite"), 1), Candidate(model("food_int8.tflite"), 1)]


def test_models_are_interleaved_and_drift_leaves_the_ratio():
    target = FakeTarget()
    session = measure_candidates(CANDIDATES, Protocol(blocks=4), target, Silent())
    fp32, int8 = ("food_fp32.tflite", 1), ("food_int8.tflite", 1)
    assert target.order == [fp32, int8, int8, fp32, fp32, int8, int8, fp32]
    result = build_report(session, Protocol(blocks=4), machine()).results[1]
    assert result.ratio_to_first.value == pytest.approx(0.5, abs=0.002)


def test_the_machine_cools_before_each_round_where_the_protocol_asks_for_it():
    target = FakeTarget()
    session = measure_candidates(CANDIDATES, Protocol(blocks=3, cool_down_seconds=9.0), target, Silent())
    assert target.coolings == [0, 2, 4]
    assert len(session.coolings) == 3
    target = FakeTarget()
    measure_candidates(CANDIDATES, Protocol(blocks=3), target, Silent())
    assert target.coolings == []


def test_the_first_row_is_what_the_others_are_compared_with():
    made = report()
    assert (made.results[0].ratio_to_first.value, made.results[0].ratio_to_first.ci95) == (1.0, (1.0, 1.0))
    low, high = made.results[1].ratio_to_first.ci95
    # The builder's blocks differ by 1 %.
    assert 0.48 < low <= 0.5 <= high < 0.52


def test_figures_are_those_of_the_samples():
    row = measured("food_fp32.tflite", 2.0)
    result = report(row).results[0]
    pooled = np.concatenate(row.samples())
    assert result.latency_ms.p50 == pytest.approx(np.median(pooled) / 1e6)
    assert result.samples_ns == tuple(pooled)
    assert result.block_lengths == (40,) * 5
    assert (result.init_ms, result.first_ms, result.peak_memory_bytes) == (2.0, 1.5, 50_000_000)
    assert [list(found) for found in result.blocks()] == [list(found) for found in row.samples()]


def test_accuracy_stands_with_its_model():
    made = report(accuracies={"food_int8.tflite": accuracy(80, 100, lost=5)})
    assert made.results[0].accuracy is None
    assert made.results[1].accuracy.drop_pp == 5.0


def test_a_quiet_run_has_no_doubts():
    made = report(measured("food_fp32.tflite", 2.0, calls=300))
    assert made.doubts == ()
    assert made.results[0].doubts == ()


def test_too_few_calls_are_said_and_the_quantile_is_absent():
    result = report(measured("food_fp32.tflite", 2.0, calls=30)).results[0]
    assert result.latency_ms.p99 is None
    assert result.doubts == (doubts.TooFewSamples(99, 150, 1000),)


@pytest.mark.parametrize("rounds", [1, 4])
def test_few_processes_give_no_interval(rounds):
    rows = [measured("food_fp32.tflite", 2.0, rounds=rounds), measured("food_int8.tflite", 1.0, rounds=rounds)]
    result = report(*rows).results[1]
    assert result.ratio_to_first.value == pytest.approx(0.5, abs=0.02)
    assert result.ratio_to_first.ci95 is None
    assert doubts.TooFewBlocks(rounds, 5) in result.doubts


def test_processes_that_differ_are_said():
    blocks = tuple(block((level,) * 300) for level in (1_000_000, 1_000_000, 1_100_000, 1_000_000, 1_000_000))
    found = report(Measured(CANDIDATES[0], blocks)).results[0].doubts
    assert found == (doubts.Unsteady(pytest.approx(0.1), 0.05, NOT_KNOWN),)


def test_an_unsteady_warm_up_is_said():
    blocks = tuple(block((1_000_000,) * 300, steady=index != 3) for index in range(5))
    assert report(Measured(CANDIDATES[0], blocks)).results[0].doubts == (doubts.WarmUpTooShort(1, 5),)


def test_a_machine_that_slows_down_is_said():
    blocks = tuple(block((int(1_000_000 * (1 + 0.03 * index)),) * 300) for index in range(5))
    made = report(Measured(CANDIDATES[0], blocks))
    assert [doubt.kind for doubt in made.doubts] == ["drifted"]
    assert made.doubts[0].change == pytest.approx(0.12, abs=0.01)


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (replace(QUIET_AFTER, busy_s=14.0), "other-load"),
        (replace(QUIET_AFTER, stolen_s=0.5), "stolen"),
        (replace(QUIET_AFTER, throttle_events=2), "throttled"),
    ],
)
def test_what_went_on_meanwhile_is_said(after, kind):
    assert [doubt.kind for doubt in report(after=after).doubts] == [kind]


@pytest.mark.parametrize(("governor", "kinds"), [("performance", []), ("ondemand", ["clock-free"]), (None, [])])
def test_a_free_clock_is_said(governor, kinds):
    session = Session((measured("food_fp32.tflite", 2.0),), QUIET, QUIET_AFTER)
    made = build_report(session, Protocol(), machine(governor=governor))
    assert [doubt.kind for doubt in made.doubts] == kinds
