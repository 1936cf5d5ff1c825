"""This machine: each block is a child process of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from fv_benchmark import machine
from fv_benchmark.answer import Question, answer
from fv_benchmark.condition import read_condition
from fv_benchmark.cooling import wait_until_cool
from fv_benchmark.errors import BadTarget
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.protocol import Protocol
from fv_benchmark.slices import Sustained
from fv_benchmark.targets import Block, Cooling, TargetKind, TargetOptions
from fv_benchmark.targets._block import block_from, sustained_from
from fv_benchmark.watched import watched
from fv_core.predictions import Predictions
from fv_core.progress import Progress
from fv_edge_runtime.sandbox import run_in_child

NAME = "local"


class LocalTarget:
    """A `Target`."""

    name = NAME

    def __init__(self) -> None:
        self._cool = read_condition()

    def open(self, models: Sequence[Path], progress: Progress) -> None:
        """Nothing to connect to and nothing to send; from now on it should stay as cool as this."""
        self._cool = read_condition()

    def close(self) -> None:
        """Nothing is left: every child process ended with its block."""

    def cool_down(self, limit_s: float, progress: Progress) -> Cooling:
        """See `Target`."""
        return wait_until_cool(read_condition, self._cool, limit_s, progress)

    def measure(self, path: Path, threads: int, protocol: Protocol) -> Block:
        """See `Target`. Raises what the worker raises, and the `Child…` errors for a file that takes it down."""
        said = run_in_child(
            "fv_benchmark.worker:measure_block",
            {"path": str(path.resolve()), "threads": threads, "protocol": asdict(protocol)},
            seconds=protocol.block_limit_seconds,
            memory_bytes=protocol.memory_bytes,
        )
        return block_from(said, protocol)

    def answers(self, path: Path, question: Question, progress: Progress) -> Predictions:
        """See `Target`; in a child process, too."""
        return answer(path, question, progress, f"answering, {path.name}")

    def sustain(self, path: Path, threads: int, seconds: float, progress: Progress) -> Sustained:
        """See `Target`."""
        with TemporaryDirectory(prefix="fv-sustain-") as folder:
            counter = Path(folder) / "done.txt"
            with watched(counter, progress, f"running, {path.name}"):
                said = run_in_child(
                    "fv_benchmark.sustain:sustain_here",
                    {"path": str(path.resolve()), "threads": threads, "seconds": seconds, "counter": str(counter)},
                    seconds=seconds + Protocol.block_limit_seconds,
                    memory_bytes=Protocol.memory_bytes,
                )
        return sustained_from(said, seconds)

    def snapshot(self) -> Snapshot:
        """See `Target`."""
        return machine.snapshot()

    def describe(self, before: Snapshot, after: Snapshot) -> Machine:
        """See `Target`."""
        return machine.describe(before, after)


def _make(text: str, options: TargetOptions) -> LocalTarget:
    if text != NAME:
        raise BadTarget(f"no target {text!r}", why="this machine is just called local", hint="--on local")
    return LocalTarget()


TARGET = TargetKind(NAME, _make)
