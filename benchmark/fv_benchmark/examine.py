"""Which doubts a session raises: about one row, and about all of it. The thresholds are in `doubts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.causes import cause_of_spread
from fv_benchmark.device_doubts import (
    CoolDownUnknown,
    Crowded,
    Emulated,
    NotCooled,
    OnlySummaries,
    PresetNotReached,
)
from fv_benchmark.doubt import Doubt
from fv_benchmark.doubts import (
    OTHER_CORES,
    STOLEN_SHARE,
    ClockFree,
    Drifted,
    OtherLoad,
    Stolen,
    Throttled,
    TooFewBlocks,
    TooFewSamples,
    Unsteady,
    WarmUpTooShort,
)
from fv_benchmark.machine import Activity, Machine, Snapshot, between
from fv_benchmark.protocol import PRESETS, REPEATS_WITHIN, Protocol
from fv_benchmark.stats import MIN_BLOCKS, samples_needed
from fv_benchmark.targets import Block, Cooling

# A trend needs three points.
_MIN_ROUNDS_FOR_DRIFT = 3


def row_doubts(blocks: Sequence[Block], protocol: Protocol) -> tuple[Doubt, ...]:
    """Doubts about one model's figures."""
    doubts: list[Doubt] = [*_few(blocks, protocol)]
    medians = [float(np.median(block.samples_ns)) for block in blocks]
    spread = (max(medians) - min(medians)) / float(np.median(medians))
    if spread > REPEATS_WITHIN:
        doubts.append(Unsteady(spread, REPEATS_WITHIN, cause_of_spread(blocks)))
    unsteady = sum(not block.steady for block in blocks)
    if unsteady:
        doubts.append(WarmUpTooShort(unsteady, len(blocks)))
    waited = [block.waited_share for block in blocks if block.waited_share is not None]
    if waited and float(np.mean(waited)) > REPEATS_WITHIN:
        doubts.append(Crowded(float(np.mean(waited)), REPEATS_WITHIN))
    return tuple(doubts)


def session_doubts(
    levels_ns: NDArray[np.float64],
    before: Snapshot,
    after: Snapshot,
    coolings: Sequence[Cooling],
    machine: Machine,
) -> tuple[Doubt, ...]:
    """Doubts about everything measured on a machine. `levels_ns`: (rows, rounds) median latencies."""
    doubts = _activity_doubts(between(before, after, machine.cores))
    change = drift(levels_ns)
    if change is not None and abs(change) > REPEATS_WITHIN:
        doubts.append(Drifted(change, REPEATS_WITHIN))
    if machine.governor not in (None, "performance"):
        doubts.append(ClockFree(str(machine.governor)))
    warm = [cooling for cooling in coolings if cooling.is_cool is False]
    if warm:
        doubts.append(NotCooled(len(warm), len(coolings), max(cooling.waited_s for cooling in warm)))
    if any(cooling.is_cool is None for cooling in coolings):
        doubts.append(CoolDownUnknown())
    if machine.emulated is not None:
        doubts.append(Emulated(machine.emulated))
    return tuple(replace(doubt, machine=0) for doubt in doubts)


def drift(levels_ns: NDArray[np.float64]) -> float | None:
    """How much slower (positive) the last round was than the first, as a share, by a line through all rounds.

    `levels_ns`: (rows, rounds). Each row counts alike: its rounds are taken relative to their own mean, on a
    logarithmic scale. None with fewer than three rounds.
    """
    levels = np.log(levels_ns)
    rounds = levels.shape[1]
    if rounds < _MIN_ROUNDS_FOR_DRIFT:
        return None
    by_round = (levels - levels.mean(axis=1, keepdims=True)).mean(axis=0)
    slope = float(np.polyfit(np.arange(rounds), by_round, 1)[0])
    return float(np.exp(slope * (rounds - 1)) - 1)


def _few(blocks: Sequence[Block], protocol: Protocol) -> list[Doubt]:
    doubts: list[Doubt] = []
    summaries = [block.summary for block in blocks if block.summary is not None]
    count = sum(one.calls for one in summaries) if summaries else sum(len(block.samples_ns) for block in blocks)
    missing = next((share for share in (0.5, 0.9, 0.99) if count < samples_needed(share)), None)
    if summaries:
        figure = "median" if all(one.median_ns is not None for one in summaries) else "mean"
        doubts.append(OnlySummaries(len(summaries), figure, count))
    elif missing is not None:
        doubts.append(TooFewSamples(round(100 * missing), count, samples_needed(missing)))
    if len(blocks) < MIN_BLOCKS:
        doubts.append(TooFewBlocks(len(blocks), MIN_BLOCKS))
    if protocol.preset in PRESETS and count < PRESETS[protocol.preset].calls:
        doubts.append(PresetNotReached(protocol.preset, count, PRESETS[protocol.preset].calls))
    return doubts


def _activity_doubts(activity: Activity) -> list[Doubt]:
    doubts: list[Doubt] = []
    if activity.throttle_events:
        doubts.append(Throttled(activity.throttle_events))
    if activity.other_cores is not None and activity.other_cores > OTHER_CORES:
        doubts.append(OtherLoad(activity.other_cores, OTHER_CORES))
    if activity.stolen_share is not None and activity.stolen_share > STOLEN_SHARE:
        doubts.append(Stolen(activity.stolen_share, STOLEN_SHARE))
    return doubts
