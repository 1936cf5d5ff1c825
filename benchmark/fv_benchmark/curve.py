"""A long run judged: what the machine does at first, what it keeps up, and what it does when nobody disturbs it.

    burst       median of the first `BURST_SECONDS`, while it is still cool
    sustained   median of the last quarter, when heat has had its effect: throttled slices count, that is its point
    clean       median of all slices in which neither heat nor another program slowed it down

Slices in which another program held the core count in none of the three; they say nothing about the device. What was
left out stands in a doubt, with its time and its effect.

A slice is marked
    throttled   the machine says so (firmware bits, kernel events), or its clock is 5 % below that of the burst
    competed    the process waited for a core for more than 5 % of it: what the others take, its calls take longer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fv_benchmark.device_doubts import COMPETED, THROTTLED, Disturbed, Slowed
from fv_benchmark.doubt import Doubt
from fv_benchmark.protocol import PRESETS, REPEATS_WITHIN
from fv_benchmark.slices import Slice

CLEAN = ""
# As long as MLPerf Mobile's quick setting measures a phone that has just been taken out of a pocket.
BURST_SECONDS = PRESETS["quick"].seconds
# The last quarter of ten minutes are two and a half; a phone's speed has settled by then, and a hiccup is averaged out.
SUSTAINED_SHARE = 0.25
# A slow slice here and there is noise; when they make up more than this, there is something to explain.
UNEXPLAINED_SHARE = 0.05
_MS = 1e-6


@dataclass(frozen=True)
class LongRun:
    """A continuous run and what it says; latencies in milliseconds, None where every slice was left out.

    `seconds`, `calls`: of all slices; `clean_seconds`: of the clean ones. `energy_mj`: millijoules a call over all
    slices, None where nobody counts. `marks`: for each slice, empty, `throttled` or `competed`.
    """

    seconds: float
    calls: int
    burst_ms: float | None
    sustained_ms: float | None
    clean_ms: float | None
    clean_seconds: float
    energy_mj: float | None
    slices: tuple[Slice, ...]
    marks: tuple[str, ...]


def long_run(slices: Sequence[Slice]) -> LongRun:
    """The figures of a run of at least one slice."""
    marks = tuple(marked(slices))
    end_s = slices[-1].at_s + slices[-1].seconds
    own = [one for one, mark in zip(slices, marks, strict=True) if mark != COMPETED]
    clean = [one for one, mark in zip(slices, marks, strict=True) if mark == CLEAN]
    return LongRun(
        seconds=sum(one.seconds for one in slices),
        calls=sum(one.calls for one in slices),
        burst_ms=median_ms([one for one in own if one.at_s < BURST_SECONDS]),
        sustained_ms=median_ms([one for one in own if one.at_s >= (1 - SUSTAINED_SHARE) * end_s]),
        clean_ms=median_ms(clean),
        clean_seconds=sum(one.seconds for one in clean),
        energy_mj=_energy_mj(slices),
        slices=tuple(slices),
        marks=marks,
    )


def marked(slices: Sequence[Slice]) -> list[str]:
    """For each slice what slowed it down; empty: nothing."""
    clocks = [clock for one in slices if one.at_s < BURST_SECONDS and (clock := _clock_mhz(one)) is not None]
    slowest_mhz = (1 - REPEATS_WITHIN) * float(np.median(clocks)) if clocks else 0.0
    return [_mark(one, slowest_mhz) for one in slices]


def run_doubts(run: LongRun) -> tuple[Doubt, ...]:
    """What disturbed the run, and slowness that nothing explains."""
    doubts: list[Doubt] = [_disturbed(run, cause) for cause in (THROTTLED, COMPETED) if cause in run.marks]
    limit_ms = None if run.clean_ms is None else (1 + REPEATS_WITHIN) * run.clean_ms
    slow_s = sum(
        one.seconds
        for one, mark in zip(run.slices, run.marks, strict=True)
        if mark == CLEAN and limit_ms is not None and (median_ms([one]) or 0.0) > limit_ms
    )
    if slow_s > UNEXPLAINED_SHARE * run.seconds:
        doubts.append(Slowed(slow_s, REPEATS_WITHIN))
    return tuple(doubts)


def median_ms(slices: Sequence[Slice]) -> float | None:
    """Median of the slices' kept calls."""
    if not slices:
        return None
    return float(np.median(np.concatenate([one.samples_ns for one in slices]))) * _MS


def _mark(one: Slice, slowest_mhz: float) -> str:
    clock_mhz = _clock_mhz(one)
    says_so = bool(one.throttle_events) or (one.condition is not None and one.condition.is_throttled)
    if says_so or (clock_mhz is not None and clock_mhz < slowest_mhz):
        return THROTTLED
    return COMPETED if one.waited_share is not None and one.waited_share > REPEATS_WITHIN else CLEAN


def _clock_mhz(one: Slice) -> float | None:
    return None if one.condition is None else one.condition.clock_mhz


def _disturbed(run: LongRun, cause: str) -> Disturbed:
    those = [one for one, mark in zip(run.slices, run.marks, strict=True) if mark == cause]
    clean = [one for one, mark in zip(run.slices, run.marks, strict=True) if mark == CLEAN]
    lost = max(0.0, 1 - _calls_a_second(those) / _calls_a_second(clean)) if clean else None
    return Disturbed(
        cause=cause,
        seconds=sum(one.seconds for one in those),
        from_s=those[0].at_s,
        to_s=those[-1].at_s + those[-1].seconds,
        lost_share=lost,
    )


def _calls_a_second(slices: Sequence[Slice]) -> float:
    return sum(one.calls for one in slices) / sum(one.seconds for one in slices)


def _energy_mj(slices: Sequence[Slice]) -> float | None:
    known = [one.energy_uj for one in slices if one.energy_uj is not None]
    calls = sum(one.calls for one in slices)
    return sum(known) / 1000 / calls if len(known) == len(slices) else None
