"""Where a benchmark runs: a target measures one block at a time and says what it is. One file or folder each.

A target is named as after `--on`: `local`, `ssh://USER@HOST`, `adb:SERIAL`, `browser`. What stands before the first
colon is the module of this folder that knows it; the module binds `TARGET` to a `TargetKind`.

    open(models) → for each round: cool_down, then measure once for each model → answers or sustain → close

Whatever a device sends back is a stranger's: bounded in size, checked field by field, and made printable before it
reaches an error or a report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol as Interface

from fv_benchmark.answer import Question
from fv_benchmark.condition import Condition
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.protocol import Protocol
from fv_benchmark.slices import Sustained
from fv_core.predictions import Predictions
from fv_core.progress import Progress
from fv_core.registry import Registry


@dataclass(frozen=True)
class Summary:
    """What a device's own tool says of its calls where it does not tell each of them; nanoseconds, None: not said."""

    calls: int
    mean_ns: int
    min_ns: int
    max_ns: int
    median_ns: int | None = None
    p95_ns: int | None = None


@dataclass(frozen=True)
class Block:
    """What one fresh process measured; times in nanoseconds. `steady`: whether the warm-up ended by itself.

    `before`, `after`: the machine's state at either end of warm-up and timed calls, None where it cannot be asked.
    `waited_share`: share of that time in which the process wanted a core and another program had it. `energy_uj`: what
    the whole machine used for one call, in microjoules, on average, where it counts that. `summary`: where the device's
    tool tells no single calls; `samples_ns` is then its median alone, or its mean where there is no median.
    """

    init_ns: int
    first_ns: int
    warm_up_calls: int
    steady: bool
    samples_ns: tuple[int, ...]
    peak_memory_bytes: int | None
    runtime: str
    before: Condition | None = None
    after: Condition | None = None
    waited_share: float | None = None
    energy_uj: float | None = None
    summary: Summary | None = None


@dataclass(frozen=True)
class Cooling:
    """A wait for a device to cool. `is_cool`: None where the device tells neither temperature nor throttling."""

    waited_s: float
    temperature_c: float | None
    is_cool: bool | None


@dataclass(frozen=True)
class TargetOptions:
    """What the command line says beside the target's name; each target uses what it understands.

    `question`: the pictures that `answers` will be asked about, None without `--data` (so that `open` can send them).
    ssh: `install` a private environment there, from the network or from `wheels`; `clean` removes it and what was
    sent; `decode_on_device`, the folder that the image set was prepared from, sends its photos. browser: `port` (None:
    any free one), `plain_http`, `adb_reverse`.
    adb: `benchmark_model`, the platform's own binary; `fixed_performance` switches that mode on and back.
    """

    question: Question | None = None
    install: bool = False
    wheels: Path | None = None
    clean: bool = False
    decode_on_device: Path | None = None
    port: int | None = None
    plain_http: bool = False
    adb_reverse: bool = False
    benchmark_model: Path | None = None
    fixed_performance: bool = False


class Target(Interface):
    """A machine to measure on."""

    @property
    def name(self) -> str:
        """As written after `--on`; it may name a user and a host, so it stands in no report."""

    def open(self, models: Sequence[Path], progress: Progress) -> None:
        """Connect, install what is needed, send the models; raises `FvError`s with the command that helps."""

    def close(self) -> None:
        """Leave nothing running on either side. Twice is as good as once, and without `open` it does nothing."""

    def cool_down(self, limit_s: float, progress: Progress) -> Cooling:
        """Wait until the device is as cool as when it was opened and nothing throttles, at most `limit_s`."""

    def measure(self, path: Path, threads: int, protocol: Protocol) -> Block:
        """One block of the model file at `path` (one of those given to `open`), in a fresh process or page there."""

    def answers(self, path: Path, question: Question, progress: Progress) -> Predictions:
        """The file's answers on the question's pictures, computed there.

        Raises `AccuracyNotThere` with the reason where the target cannot tell.
        """

    def sustain(self, path: Path, threads: int, seconds: float, progress: Progress) -> Sustained:
        """Run the file without a pause for so many seconds, in one process; `progress` shows how far it is.

        Raises `SustainedNotThere` where the target cannot do that.
        """

    def snapshot(self) -> Snapshot:
        """The machine's counters now; all None where they cannot be read."""

    def describe(self, before: Snapshot, after: Snapshot) -> Machine:
        """The machine in words."""


@dataclass(frozen=True)
class TargetKind:
    """An entry of the folder. `syntax`: how it is written. `make`: from that text, without connecting to anything.

    `make` raises `BadTarget` for text that is not in its syntax.
    """

    syntax: str
    make: Callable[[str, TargetOptions], Target]


TARGETS: Registry[TargetKind] = Registry("fv_benchmark.targets", "TARGET", "target")


def make_target(text: str, options: TargetOptions) -> Target:
    """The target that `text` names, not opened yet; raises `UnknownName` with the valid ones, or `BadTarget`."""
    return TARGETS.get(text.partition(":")[0]).make(text, options)
