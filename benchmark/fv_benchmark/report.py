"""The report: what was measured, on what, with which doubts. Every table, plot and page is derived from it.

    schema_version · protocol · machines[] · doubts[] (of the whole run) · results[] (each with its machine and doubts)

Times are milliseconds for people and nanoseconds in the raw samples. Absent is null, never zero. Reading one back, with
all checks, is `fv_benchmark.report_file`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from fv_benchmark.accuracy import Accuracy
from fv_benchmark.condition import Condition
from fv_benchmark.curve import LongRun
from fv_benchmark.doubt import Doubt
from fv_benchmark.machine import Machine
from fv_benchmark.protocol import Protocol
from fv_benchmark.stats import Ratio, Samples
from fv_benchmark.targets import Summary

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class LatencyMs:
    """Quantiles of single calls in milliseconds; None where there are too few calls."""

    p50: float | None
    p90: float | None
    p99: float | None


@dataclass(frozen=True)
class Result:
    """One model file with one number of threads on one machine.

    `machine`: index into the report's machines. `model`: file name, no path. `scheme`: what the file's manifest says,
    `unknown` without one. `init_ms` (the runtime's import left out), `first_ms`: medians over the fresh processes.
    `ratio_to_first`: median latency over that of the first result on the same machine. `samples_ns`: every timed call,
    block after block; `block_lengths`: how many belong to each. `peak_memory_bytes`: the largest over the processes.
    `conditions`: the machine's state before and after each block, two for each. `waited_shares`: of each block.
    `summaries`: of each block, where the device's tool tells no single calls. `energy_mj`: millijoules a call; where
    they come from is the machine's `energy`. `long_run`: with `--sustained`.
    """

    machine: int
    model: str
    model_sha256: str
    format: str
    scheme: str
    runtime: str
    threads: int
    size_bytes: int
    init_ms: float
    first_ms: float
    latency_ms: LatencyMs
    ratio_to_first: Ratio
    samples_ns: tuple[int, ...]
    block_lengths: tuple[int, ...]
    peak_memory_bytes: int | None
    doubts: tuple[Doubt, ...]
    accuracy: Accuracy | None = None
    conditions: tuple[Condition | None, ...] = ()
    waited_shares: tuple[float | None, ...] = ()
    summaries: tuple[Summary, ...] = ()
    energy_mj: float | None = None
    long_run: LongRun | None = None

    def blocks(self) -> list[Samples]:
        """The samples of each fresh process, in nanoseconds."""
        samples = np.array(self.samples_ns, dtype=np.int64)
        return np.split(samples, np.cumsum(self.block_lengths)[:-1])

    def to_json(self) -> dict[str, Any]:
        """As stored: `accuracy` and `long_run` are there only when they were measured."""
        data = asdict(self)
        data["doubts"] = [doubt.to_json() for doubt in self.doubts]
        for name in ("accuracy", "long_run"):
            if data[name] is None:
                del data[name]
        return data


@dataclass(frozen=True)
class Report:
    """One call of `fv benchmark`."""

    protocol: Protocol
    machines: tuple[Machine, ...]
    doubts: tuple[Doubt, ...]
    results: tuple[Result, ...]
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {
            "schema_version": self.schema_version,
            "protocol": asdict(self.protocol),
            "machines": [asdict(machine) for machine in self.machines],
            "doubts": [doubt.to_json() for doubt in self.doubts],
            "results": [result.to_json() for result in self.results],
        }


def together(reports: Sequence[Report]) -> Report:
    """One report of several that were measured by the same protocol, at least one: machine after machine.

    Raises `ValueError` where the protocols differ.
    """
    if len({report.protocol for report in reports}) != 1:
        raise ValueError("reports of different protocols do not belong in one")
    machines: list[Machine] = []
    doubts: list[Doubt] = []
    results: list[Result] = []
    for report in reports:
        before = len(machines)
        machines += report.machines
        doubts += [replace(doubt, machine=before + (doubt.machine or 0)) for doubt in report.doubts]
        results += [replace(result, machine=before + result.machine) for result in report.results]
    return Report(reports[0].protocol, tuple(machines), tuple(doubts), tuple(results))
