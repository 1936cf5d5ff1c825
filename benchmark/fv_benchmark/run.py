"""A benchmark from models to report: blocks in ABBA order, figures with intervals, doubts beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.accuracy import Accuracy
from fv_benchmark.curve import LongRun, run_doubts
from fv_benchmark.device_doubts import NoAccuracy
from fv_benchmark.energy import board_power_w
from fv_benchmark.errors import AccuracyNotThere
from fv_benchmark.examine import row_doubts, session_doubts
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.models import Model
from fv_benchmark.plan import interleaved
from fv_benchmark.protocol import Protocol
from fv_benchmark.report import LatencyMs, Report, Result
from fv_benchmark.stats import Ratio, Samples, quantiles, ratio_interval
from fv_benchmark.targets import Block, Cooling, Target
from fv_core.progress import Progress

_MS = 1e-6


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
    """All candidates, measured side by side on one machine, and the machine's counters at either end.

    `coolings`: the waits before the rounds, where the protocol asks for them.
    """

    measured: tuple[Measured, ...]
    before: Snapshot
    after: Snapshot
    coolings: tuple[Cooling, ...] = ()

    def levels_ns(self) -> NDArray[np.float64]:
        """(candidates, rounds) the median latency of each block."""
        return np.array([[np.median(block.samples_ns) for block in one.blocks] for one in self.measured])


def measure_candidates(
    candidates: Sequence[Candidate], protocol: Protocol, target: Target, progress: Progress
) -> Session:
    """Run every block of every candidate. Raises what a worker raises for a file that cannot be run."""
    blocks: list[list[Block]] = [[] for _ in candidates]
    coolings: list[Cooling] = []
    steps = interleaved(len(candidates), protocol.blocks)
    before = target.snapshot()
    for done, step in enumerate(steps):
        candidate = candidates[step.index]
        if protocol.cool_down_seconds and step.round_index == len(coolings):
            coolings.append(target.cool_down(protocol.cool_down_seconds, progress))
        progress.advance("measuring", done, len(steps), candidate.model.name)
        blocks[step.index].append(target.measure(candidate.model.path, candidate.threads, protocol))
    progress.advance("measuring", len(steps), len(steps))
    measured = tuple(Measured(one, tuple(found)) for one, found in zip(candidates, blocks, strict=True))
    return Session(measured, before, target.snapshot(), tuple(coolings))


@dataclass(frozen=True)
class Findings:
    """What was learnt beside the blocks: `accuracies` by the model's path, or why there is none; `long_runs`."""

    accuracies: Mapping[Path, Accuracy | AccuracyNotThere] = field(default_factory=dict)
    long_runs: Mapping[Candidate, LongRun] = field(default_factory=dict)


def build_report(session: Session, protocol: Protocol, machine: Machine, findings: Findings | None = None) -> Report:
    """Figures, intervals and doubts of a session."""
    found = findings or Findings()
    return Report(
        protocol=protocol,
        machines=(machine,),
        doubts=session_doubts(session.levels_ns(), session.before, session.after, session.coolings, machine),
        results=tuple(_result(one, session.measured[0], protocol, machine, found) for one in session.measured),
    )


def _result(measured: Measured, first: Measured, protocol: Protocol, machine: Machine, findings: Findings) -> Result:
    model, blocks, samples = measured.candidate.model, measured.blocks, measured.samples()
    accuracy = findings.accuracies.get(model.path)
    run = findings.long_runs.get(measured.candidate)
    peaks = [block.peak_memory_bytes for block in blocks if block.peak_memory_bytes is not None]
    latency = _latency(blocks)
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
        latency_ms=latency,
        ratio_to_first=ratio,
        samples_ns=tuple(int(sample) for block in samples for sample in block),
        block_lengths=tuple(len(block) for block in samples),
        peak_memory_bytes=max(peaks) if peaks else None,
        doubts=row_doubts(blocks, protocol) + absent + (run_doubts(run) if run else ()),
        accuracy=accuracy if isinstance(accuracy, Accuracy) else None,
        conditions=tuple(end for block in blocks for end in (block.before, block.after)),
        waited_shares=tuple(block.waited_share for block in blocks),
        summaries=tuple(block.summary for block in blocks if block.summary is not None),
        energy_mj=_energy_mj(blocks, latency, machine),
        long_run=run,
    )


def _energy_mj(blocks: Sequence[Block], latency: LatencyMs, machine: Machine) -> float | None:
    """Millijoules a call: counted, else by the board's typical power, else none; `machine.energy` says which."""
    counted = [block.energy_uj for block in blocks if block.energy_uj is not None]
    if len(counted) == len(blocks):
        return float(np.median(counted)) / 1000
    power_w = board_power_w(machine.board) if machine.emulated is None else None
    return None if power_w is None or latency.p50 is None else power_w * latency.p50


def _latency(blocks: Sequence[Block]) -> LatencyMs:
    """Quantiles of all calls; where a device's tool tells only summaries, the median of those and no more."""
    levels = np.concatenate([block.samples_ns for block in blocks])
    if any(block.summary is not None for block in blocks):
        return LatencyMs(_ms(float(np.median(levels))), None, None)
    found = quantiles(levels)
    return LatencyMs(_ms(found.p50_ns), _ms(found.p90_ns), _ms(found.p99_ns))


def _ms(latency_ns: float | None) -> float | None:
    return None if latency_ns is None else latency_ns * _MS
