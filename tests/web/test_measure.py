"""The page measures by the protocol of `fv_benchmark.measure`: the same calls, the same samples, on the same clock."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from fv_benchmark.measure import measure, thinned
from fv_benchmark.protocol import Protocol
from tests.web.in_node import in_node

MS = 1_000_000
# Steady at once; slow first call; ever faster; never steady; slower than the block.
CLOCKS = {
    "steady": [10 * MS],
    "slow first call": [900 * MS, 10 * MS],
    "getting faster": [max(10 * MS, 40 * MS - n * MS) for n in range(40)],
    "never steady": [(5 + 7 * (n % 11)) * MS for n in range(500)],
    "longer than the block": [800 * MS],
}


def here(durations: list[int], protocol: Protocol) -> dict[str, object]:
    now_ns = calls = 0

    def call() -> None:
        nonlocal now_ns, calls
        now_ns += durations[min(calls, len(durations) - 1)]
        calls += 1

    return asdict(measure(call, lambda: now_ns, protocol))


@pytest.mark.parametrize("name", CLOCKS)
def test_the_page_times_what_python_times(name: str) -> None:
    protocol = Protocol()
    mine = here(CLOCKS[name], protocol)
    assert in_node("measure", durations=CLOCKS[name], protocol=asdict(protocol)) == mine | {
        "samples_ns": list(mine["samples_ns"])  # type: ignore[call-overload]  # a tuple of int
    }


def test_without_a_warm_up_nothing_is_steady() -> None:
    protocol = Protocol(warm_up_seconds=0.0)
    assert in_node("measure", durations=[10 * MS], protocol=asdict(protocol))["steady"] is False


@pytest.mark.parametrize(("count", "most"), [(3, 5), (5, 5), (1000, 7), (8, 3)])
def test_of_too_many_samples_the_same_are_kept(count: int, most: int) -> None:
    samples = list(range(count))
    assert in_node("thinned", samples=samples, most=most) == thinned(samples, most)
