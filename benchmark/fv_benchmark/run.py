"""A benchmark from models to report: blocks in ABBA order, figures with intervals, doubts beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fv_benchmark.accuracy import Accuracy
from fv_benchmark.doubts import (
    OTHER_CORES,
    STOLEN_SHARE,
    ClockFree,
    Doubt,
    Drifted,
    NoAccuracy,
    OtherLoad,
    Stolen,
    Throttled,
    TooFewBlocks,
    TooFewSamples,
    Unsteady,
    WarmUpTooShort,
)
from fv_benchmark.errors import AccuracyNotThere
from fv_benchmark.machine import Activity, Machine, Snapshot, between
from fv_benchmark.models import Model
from fv_benchmark.plan import interleaved
from fv_benchmark.protocol import REPEATS_WITHIN, Protocol
from fv_benchmark.report import LatencyMs, Report, Result
from fv_benchmark.stats import MIN_BLOCKS, Ratio, Samples, quantiles, ratio_interval, samples_needed
from fv_benchmark.targets import Block, Target
from fv_core.progress import Progress

_MS = 1e-6
# A trend needs three points.
_MIN_ROUNDS_FOR_DRIFT = 3


@dataclass(frozen=True)
class Candidate:
    """One row of the table: a model file and how many threads it may use."""

    model: Model
    threads: int


@dataclass(frozen=True)
class Measured:
    """A candidate and its blocks, one for each round."""

    candidate: Candidate
    blocks: tuple[Block, ...]

    def samples(self) -> list[Samples]:
        """The timed calls of each block in nanoseconds."""
        return [np.array(block.samples_ns, dtype=np.int64) for block in self.blocks]


@dataclass(frozen=True)
class Session:
    """All candidates, measured side by side on one machine, and the machine's counters at either end."""

    measured: tuple[Measured, ...]
    before: Snapshot
    after: Snapshot


def measure_candidates(
    candidates: Sequence[Candidate], protocol: Protocol, target: Target, progress: Progress
) -> Session:
    """Run every block of every candidate. Raises what a worker raises for a file that cannot be run."""
    blocks: list[list[Block]] = [[] for _ in candidates]
    steps = interleaved(len(candidates), protocol.blocks)
    before = target.snapshot()
    for done, step in enumerate(steps):
        candidate = candidates[step.index]
        progress.advance("measuring", done, len(steps), candidate.model.name)
        blocks[step.index].append(target.measure(candidate.model.path, candidate.threads, protocol))
    progress.advance("measuring", len(steps), len(steps))
    measured = tuple(Measured(one, tuple(found)) for one, found in zip(candidates, blocks, strict=True))
    return Session(measured, before, target.snapshot())


def build_report(
    session: Session,
    protocol: Protocol,
    machine: Machine,
    accuracies: Mapping[Path, Accuracy | AccuracyNotThere] | None = None,
) -> Report:
    """Figures, intervals and doubts of a session; `accuracies` by the model's path: measured, or why not."""
    first = session.measured[0]
    found = accuracies or {}
    return Report(
        protocol=protocol,
        machines=(machine,),
        doubts=_session_doubts(session, machine),
        results=tuple(_result(one, first, found.get(one.candidate.model.path)) for one in session.measured),
    )


def _result(measured: Measured, first: Measured, accuracy: Accuracy | AccuracyNotThere | None) -> Result:
    model, blocks, samples = measured.candidate.model, measured.blocks, measured.samples()
    pooled = np.concatenate(samples)
    found = quantiles(pooled)
    peaks = [block.peak_memory_bytes for block in blocks if block.peak_memory_bytes is not None]
    ratio = ratio_interval(samples, first.samples(), paired=True) if measured is not first else Ratio(1.0, (1.0, 1.0))
    absent = (NoAccuracy(str(accuracy), accuracy.hint),) if isinstance(accuracy, AccuracyNotThere) else ()
    return Result(
        machine=0,
        model=model.name,
        model_sha256=model.sha256,
        format=model.format,
        scheme=model.scheme,
        runtime=blocks[0].runtime,
        threads=measured.candidate.threads,
        size_bytes=model.size_bytes,
        init_ms=float(np.median([block.init_ns for block in blocks])) * _MS,
        first_ms=float(np.median([block.first_ns for block in blocks])) * _MS,
        latency_ms=LatencyMs(_ms(found.p50_ns), _ms(found.p90_ns), _ms(found.p99_ns)),
        ratio_to_first=ratio,
        samples_ns=tuple(int(sample) for sample in pooled),
        block_lengths=tuple(len(block) for block in samples),
        peak_memory_bytes=max(peaks) if peaks else None,
        doubts=_result_doubts(measured) + absent,
        accuracy=accuracy if isinstance(accuracy, Accuracy) else None,
    )


def _result_doubts(measured: Measured) -> tuple[Doubt, ...]:
    doubts: list[Doubt] = []
    count = sum(len(block.samples_ns) for block in measured.blocks)
    missing = next((share for share in (0.5, 0.9, 0.99) if count < samples_needed(share)), None)
    if missing is not None:
        doubts.append(TooFewSamples(round(100 * missing), count, samples_needed(missing)))
    if len(measured.blocks) < MIN_BLOCKS:
        doubts.append(TooFewBlocks(len(measured.blocks), MIN_BLOCKS))
    medians = [float(np.median(block.samples_ns)) for block in measured.blocks]
    spread = (max(medians) - min(medians)) / float(np.median(medians))
    if spread > REPEATS_WITHIN:
        doubts.append(Unsteady(spread, REPEATS_WITHIN))
    unsteady = sum(not block.steady for block in measured.blocks)
    if unsteady:
        doubts.append(WarmUpTooShort(unsteady, len(measured.blocks)))
    return tuple(doubts)


def _session_doubts(session: Session, machine: Machine) -> tuple[Doubt, ...]:
    doubts = _activity_doubts(between(session.before, session.after, machine.cores))
    change = drift(session)
    if change is not None and abs(change) > REPEATS_WITHIN:
        doubts.append(Drifted(change, REPEATS_WITHIN))
    if machine.governor not in (None, "performance"):
        doubts.append(ClockFree(str(machine.governor)))
    return tuple(replace(doubt, machine=0) for doubt in doubts)


def _activity_doubts(activity: Activity) -> list[Doubt]:
    doubts: list[Doubt] = []
    if activity.throttle_events:
        doubts.append(Throttled(activity.throttle_events))
    if activity.other_cores is not None and activity.other_cores > OTHER_CORES:
        doubts.append(OtherLoad(activity.other_cores, OTHER_CORES))
    if activity.stolen_share is not None and activity.stolen_share > STOLEN_SHARE:
        doubts.append(Stolen(activity.stolen_share, STOLEN_SHARE))
    return doubts


def drift(session: Session) -> float | None:
    """How much slower (positive) the last round was than the first, as a share, by a line through all rounds.

    Each candidate counts alike: its blocks are taken relative to their own mean, on a logarithmic scale. None with
    fewer than three rounds.
    """
    levels = np.log([[np.median(block.samples_ns) for block in one.blocks] for one in session.measured])
    rounds = levels.shape[1]
    if rounds < _MIN_ROUNDS_FOR_DRIFT:
        return None
    by_round = (levels - levels.mean(axis=1, keepdims=True)).mean(axis=0)
    slope = float(np.polyfit(np.arange(rounds), by_round, 1)[0])
    return float(np.exp(slope * (rounds - 1)) - 1)


def _ms(latency_ns: float | None) -> float | None:
    return None if latency_ns is None else latency_ns * _MS
