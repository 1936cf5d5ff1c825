from dataclasses import replace

import numpy as np
import pytest

from fv_benchmark import device_doubts, doubts
from fv_benchmark.examine import drift, row_doubts, session_doubts
from fv_benchmark.protocol import Protocol, protocol_for
from fv_benchmark.targets import Cooling, Summary
from tests.benchmark.builders import QUIET, QUIET_AFTER, block, machine

STEADY = np.ones((1, 5))


def kinds(found):
    return [doubt.kind for doubt in found]


def judged(**changes):
    about = {"coolings": (), "machine": machine(), **changes}
    return session_doubts(STEADY, QUIET, QUIET_AFTER, about["coolings"], about["machine"])


def test_a_quiet_session_raises_no_doubt():
    assert judged() == ()
    assert row_doubts([block((1_000_000,) * 300)] * 5, Protocol()) == ()


def test_a_machine_that_did_not_cool_is_said():
    warm, cool = Cooling(300.0, 70.0, is_cool=False), Cooling(12.0, 45.0, is_cool=True)
    (doubt,) = judged(coolings=(cool, warm, warm))
    assert (doubt.rounds, doubt.of, doubt.waited_s) == (2, 3, 300.0)
    assert judged(coolings=(cool, cool)) == ()


def test_a_pause_that_could_not_be_measured_is_said():
    assert kinds(judged(coolings=(Cooling(0.0, None, is_cool=None),) * 5)) == ["cool-down-unknown"]


def test_an_emulated_machine_is_said_and_names_its_machine():
    (doubt,) = judged(machine=replace(machine(), emulated="qemu-user"))
    assert (doubt.by, doubt.machine) == ("qemu-user", 0)


def test_a_preset_that_was_not_reached_is_said():
    few = [block((1_000_000,) * 20)] * 5
    assert "preset-not-reached" in kinds(row_doubts(few, protocol_for("quick")))
    assert "preset-not-reached" not in kinds(row_doubts(few, Protocol()))
    assert "preset-not-reached" not in kinds(row_doubts([block((1_000_000,) * 26)] * 5, protocol_for("quick")))


@pytest.mark.parametrize(("share", "said"), [(0.04, []), (0.3, ["crowded"]), (None, [])])
def test_a_core_that_was_shared_is_said(share, said):
    blocks = [replace(block((1_000_000,) * 300), waited_share=share)] * 5
    assert kinds(row_doubts(blocks, Protocol())) == said


@pytest.mark.parametrize(("median_ns", "figure"), [(1_000_000, "median"), (None, "mean")])
def test_summaries_are_said_to_be_summaries(median_ns, figure):
    one = replace(block((1_000_000,)), summary=Summary(50, 1_000_000, 900_000, 1_100_000, median_ns))
    assert row_doubts([one] * 5, Protocol()) == (device_doubts.OnlySummaries(5, figure, 250),)


def test_drift_needs_three_rounds():
    assert drift(np.array([[1.0, 2.0]])) is None
    assert drift(np.array([[1.0, 1.1, 1.21]])) == pytest.approx(0.21, abs=1e-9)


def test_the_kinds_are_those_of_the_schema():
    assert {"crowded", "emulated", "only-summaries"} <= set(doubts.KINDS)
