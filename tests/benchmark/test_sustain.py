from pathlib import Path

import pytest

from fv_benchmark.condition import Condition
from fv_benchmark.look import Look
from fv_benchmark.slices import MAX_SLICE_SAMPLES
from fv_benchmark.sustain import run_slices, sustain_here
from tests.edge_runtime import tiny_models


class Machine:
    """A clock that only calls turn; one call takes `call_ns`. Waiting grows by a tenth of the time."""

    def __init__(self, call_ns):
        self.now_ns, self.call_ns, self.events = 0, call_ns, 0

    def call(self):
        self.now_ns += self.call_ns

    def clock(self):
        return self.now_ns

    def look(self):
        self.events += 1
        return Look(Condition(temperature_c=50.0), self.now_ns // 10, self.events, None)


def sliced(machine, seconds):
    told = []
    slices = run_slices(machine.call, machine.clock, machine.look, seconds, 1, told.append)
    return slices, told


def test_time_is_cut_into_seconds():
    slices, told = sliced(Machine(10_000_000), 5.0)
    assert [(one.at_s, one.seconds, one.calls) for one in slices] == [
        pytest.approx((index, 1.0, 100)) for index in range(5)
    ]
    assert {sample for one in slices for sample in one.samples_ns} == {10_000_000}
    assert told == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0])


def test_the_machine_is_looked_at_once_a_slice():
    slices, _ = sliced(Machine(10_000_000), 3.0)
    for one in slices:
        assert one.waited_share == pytest.approx(0.1)
        assert one.throttle_events == 1
        assert one.condition.temperature_c == 50.0
        assert one.energy_uj is None


def test_of_many_calls_an_even_part_is_kept():
    slices, _ = sliced(Machine(100_000), 2.0)
    assert [(one.calls, len(one.samples_ns)) for one in slices] == [(10_000, MAX_SLICE_SAMPLES)] * 2


def test_a_call_longer_than_a_slice_is_a_slice_of_its_own():
    slices, _ = sliced(Machine(1_500_000_000), 4.0)
    assert [one.calls for one in slices] == [1, 1, 1]


def test_a_real_model_runs_and_tells_how_far_it_is(tmp_path):
    path = tiny_models.onnx_with_manifest(tmp_path / "tiny_fp32.onnx")
    counter = tmp_path / "done.txt"
    said = sustain_here({"path": str(path), "threads": 1, "seconds": 1.2, "counter": str(counter)})
    assert said["runtime"].startswith("onnxruntime")
    assert len(said["slices"]) == 2
    assert counter.read_text() == "1 1"
    assert Path("/proc/self").exists() == (said["slices"][0]["waited_share"] is not None)
