from dataclasses import replace

import pytest

from fv_benchmark.condition import Condition
from fv_benchmark.curve import CLEAN, long_run, marked, run_doubts
from fv_benchmark.device_doubts import COMPETED, THROTTLED
from fv_benchmark.slices import Slice

WARM = Condition(temperature_c=60.0, clock_mhz=2400.0, throttled_bits=0)


def run(count=100, ms=2.0, **other):
    """Quiet slices of a second, 500 calls of 2 ms each."""
    calls = round(1000 / ms)
    return [Slice(float(at), 1.0, calls, (round(ms * 1e6),) * 100, WARM, 0.0, 0, **other) for at in range(count)]


def slower(one, factor, **changes):
    samples = tuple(round(sample * factor) for sample in one.samples_ns)
    return replace(one, samples_ns=samples, calls=round(one.calls / factor), **changes)


def test_a_quiet_run_is_clean_and_its_three_figures_are_one():
    found = long_run(run())
    assert (found.burst_ms, found.sustained_ms, found.clean_ms) == (2.0, 2.0, 2.0)
    assert (found.seconds, found.clean_seconds, found.calls, found.energy_mj) == (100.0, 100.0, 50_000, None)
    assert set(found.marks) == {CLEAN}
    assert run_doubts(found) == ()


def test_what_another_program_took_is_marked_named_and_left_out():
    slices = [slower(one, 2, waited_share=0.5) if 40 <= one.at_s < 70 else one for one in run()]
    found = long_run(slices)
    assert [index for index, mark in enumerate(found.marks) if mark == COMPETED] == list(range(40, 70))
    assert (found.clean_ms, found.clean_seconds) == (2.0, 70.0)
    (doubt,) = run_doubts(found)
    assert (doubt.cause, doubt.from_s, doubt.to_s, doubt.seconds) == (COMPETED, 40.0, 70.0, 30.0)
    assert doubt.lost_share == pytest.approx(0.5)


def test_heat_counts_in_the_sustained_figure_but_not_in_the_clean_one():
    hot = replace(WARM, throttled_bits=0b100)
    slices = [slower(one, 1.5, condition=hot) if one.at_s >= 60 else one for one in run()]
    found = long_run(slices)
    assert (found.burst_ms, found.sustained_ms, found.clean_ms) == (2.0, 3.0, 2.0)
    assert [doubt.cause for doubt in run_doubts(found)] == [THROTTLED]


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({"condition": replace(WARM, clock_mhz=1800.0)}, THROTTLED),
        ({"condition": replace(WARM, clock_mhz=2350.0)}, CLEAN),
        ({"throttle_events": 1}, THROTTLED),
        ({"condition": None, "waited_share": None, "throttle_events": None}, CLEAN),
        ({"waited_share": 0.04}, CLEAN),
        ({"waited_share": 0.06}, COMPETED),
    ],
)
def test_what_marks_a_slice(change, mark):
    slices = run(30)
    slices[20] = replace(slices[20], **change)
    assert marked(slices)[20] == mark
    assert marked(slices).count(CLEAN) >= 29


def test_when_no_second_was_quiet_there_is_no_figure_and_that_is_said():
    found = long_run([replace(one, waited_share=0.5) for one in run()])
    assert (found.burst_ms, found.sustained_ms, found.clean_ms, found.clean_seconds) == (None, None, None, 0)
    assert "no second was undisturbed" in run_doubts(found)[0].sentence


def test_slowness_that_nothing_explains_is_said_and_stays_in():
    slices = [slower(one, 1.2) if one.at_s >= 80 else one for one in run()]
    found = long_run(slices)
    assert found.clean_seconds == 100.0
    assert [(doubt.kind, doubt.seconds) for doubt in run_doubts(found)] == [("slowed", 20.0)]


def test_a_hiccup_is_no_doubt():
    slices = run()
    slices[50] = slower(slices[50], 3)
    assert run_doubts(long_run(slices)) == ()


def test_energy_is_a_call_and_absent_where_a_slice_lacks_it():
    slices = run(energy_uj=1_000_000)
    assert long_run(slices).energy_mj == pytest.approx(1000.0 / 500)
    slices[3] = replace(slices[3], energy_uj=None)
    assert long_run(slices).energy_mj is None
