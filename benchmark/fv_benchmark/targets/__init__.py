"""Where a benchmark runs: a target measures one block at a time and says what it is. One file each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol as Interface

from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.protocol import Protocol


@dataclass(frozen=True)
class Block:
    """What one fresh process measured; times in nanoseconds. `steady`: whether the warm-up ended by itself."""

    init_ns: int
    first_ns: int
    warm_up_calls: int
    steady: bool
    samples_ns: tuple[int, ...]
    peak_memory_bytes: int | None
    runtime: str


class Target(Interface):
    """A machine to measure on."""

    def measure(self, path: Path, threads: int, protocol: Protocol) -> Block:
        """One block of the model file at `path`, in a fresh process there."""

    def snapshot(self) -> Snapshot:
        """The machine's counters now."""

    def describe(self, before: Snapshot, after: Snapshot) -> Machine:
        """The machine in words."""
