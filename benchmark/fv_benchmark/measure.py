"""Warm up until steady, then time single calls.

The first call is reported alone: it pays for lazy initialization. Then calls are made in windows of at least
`WINDOW_NS` and `WINDOW_CALLS`; the process is steady when the medians of two successive windows differ by no more than
`REPEATS_WITHIN`. Then every single call is timed until the block's time is over. Of more calls than a report should
hold, an even selection is kept. The clock is an argument, so that a test can turn it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from fv_benchmark.protocol import REPEATS_WITHIN, Protocol

Clock = Callable[[], int]

# 25 ms are several scheduler ticks (at most 10 ms on Linux), so that one interruption does not decide a median.
WINDOW_NS = 25_000_000
# With five calls, two interrupted ones do not move the median.
WINDOW_CALLS = 5
_NS = 1_000_000_000


@dataclass(frozen=True)
class Timing:
    """What one process measured. `first_ns`: the first call. `steady`: whether warm-up ended by itself.

    `warm_up_calls`: calls before the timed ones, without the first. `samples_ns`: each timed call.
    """

    first_ns: int
    warm_up_calls: int
    steady: bool
    samples_ns: tuple[int, ...]


def measure(call: Callable[[], object], clock: Clock, protocol: Protocol) -> Timing:
    """Time `call` as `protocol` says; `clock` returns nanoseconds and never goes back."""
    first_ns = _time(call, clock)
    warm_up_calls, steady = _warm_up(call, clock, round(protocol.warm_up_seconds * _NS))
    samples: list[int] = []
    start_ns = clock()
    end_ns = start_ns + round(protocol.block_seconds * _NS)
    last_ns = start_ns + round(protocol.max_block_seconds * _NS)
    while not samples or clock() < end_ns or (len(samples) < protocol.min_calls and clock() < last_ns):
        samples.append(_time(call, clock))
    return Timing(first_ns, warm_up_calls, steady, tuple(thinned(samples, protocol.max_calls)))


def thinned(samples: list[int], most: int) -> list[int]:
    """At most `most` of the samples, evenly in time; all of them where they are few enough."""
    if len(samples) <= most:
        return samples
    return [samples[index * len(samples) // most] for index in range(most)]


def _warm_up(call: Callable[[], object], clock: Clock, limit_ns: int) -> tuple[int, bool]:
    """Number of calls, and whether they became steady before `limit_ns`."""
    end_ns = clock() + limit_ns
    before: float | None = None
    calls = 0
    while clock() < end_ns:
        window = _window(call, clock, end_ns)
        calls += len(window)
        now = median(window)
        if before is not None and len(window) >= WINDOW_CALLS and abs(now - before) <= REPEATS_WITHIN * before:
            return calls, True
        before = now
    return calls, False


def _window(call: Callable[[], object], clock: Clock, end_ns: int) -> list[int]:
    window: list[int] = []
    start_ns = clock()
    while len(window) < WINDOW_CALLS or clock() - start_ns < WINDOW_NS:
        window.append(_time(call, clock))
        if clock() >= end_ns:
            break
    return window


def _time(call: Callable[[], object], clock: Clock) -> int:
    start_ns = clock()
    call()
    return clock() - start_ns
