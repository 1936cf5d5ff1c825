"""A slice: about a second of continuous running. A model that runs for minutes is a sequence of these.

One figure for ten minutes would hide what happened in them. A slice keeps the calls of one second beside the machine's
state in that second, so that what was slow can be laid beside what made it slow.
"""

from __future__ import annotations

from dataclasses import dataclass

from fv_benchmark.condition import Condition

# One second: long against the scheduler's ticks and the milliseconds of a call, short against the heat of a processor.
SLICE_SECONDS = 1.0
# Calls kept of a slice, taken evenly: the standard error of their median is 1.25/√250 = 8 % of their spread, and ten
# minutes stay below 150,000 numbers.
MAX_SLICE_SAMPLES = 250


@dataclass(frozen=True)
class Slice:
    """`at_s`: when it began, from the first timed call on; `seconds`: how long it was; `calls`: all of them.

    `samples_ns`: of `calls`, at most `MAX_SLICE_SAMPLES`, evenly in time. `condition`: at its end.
    `waited_share`: share of the time in which the process wanted a core and another program had it.
    `throttle_events`: those that the kernel counted during it. `energy_uj`: the whole machine's, in microjoules.
    """

    at_s: float
    seconds: float
    calls: int
    samples_ns: tuple[int, ...]
    condition: Condition | None = None
    waited_share: float | None = None
    throttle_events: int | None = None
    energy_uj: int | None = None


@dataclass(frozen=True)
class Sustained:
    """A continuous run: at least one slice, in order of time, and the runtime that ran it."""

    slices: tuple[Slice, ...]
    runtime: str
