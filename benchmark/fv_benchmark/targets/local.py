"""This machine: each block is a child process of ours."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from fv_benchmark import machine
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.protocol import Protocol
from fv_benchmark.targets import Block
from fv_edge_runtime.sandbox import run_in_child


class LocalTarget:
    """A `Target`."""

    def measure(self, path: Path, threads: int, protocol: Protocol) -> Block:
        """See `Target`. Raises what the worker raises, and the `Child…` errors for a file that takes it down."""
        answer = run_in_child(
            "fv_benchmark.worker:measure_block",
            {"path": str(path.resolve()), "threads": threads, "protocol": asdict(protocol)},
            seconds=protocol.block_limit_seconds,
            memory_bytes=protocol.memory_bytes,
        )
        return Block(**{**answer, "samples_ns": tuple(answer["samples_ns"])})

    def snapshot(self) -> Snapshot:
        """See `Target`."""
        return machine.snapshot()

    def describe(self, before: Snapshot, after: Snapshot) -> Machine:
        """See `Target`."""
        return machine.describe(before, after)
