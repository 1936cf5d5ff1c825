"""An Android phone: the platform's own `benchmark_model` measures; this target tells it what, and reads what it says.

It measures what runs on phones, its own kernels on its own cores, without an app around them. It says no single calls:
a block is one run of the tool with its summary (`Block.summary`), so that the median over blocks and its interval are
there and p90 and p99 are not.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from fv_benchmark.answer import Question
from fv_benchmark.condition import Condition
from fv_benchmark.cooling import wait_until_cool
from fv_benchmark.errors import SustainedNotThere
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.protocol import REPEATS_WITHIN, Protocol
from fv_benchmark.slices import SLICE_SECONDS, Slice, Sustained
from fv_benchmark.targets import Block, Cooling, Summary, TargetOptions
from fv_benchmark.targets.adb import state
from fv_benchmark.targets.adb.answering import answers_of
from fv_benchmark.targets.adb.binary import find_binary
from fv_benchmark.targets.adb.errors import BenchmarkModelFailed, NotForBenchmarkModel, PhoneGone, PhoneTimedOut
from fv_benchmark.targets.adb.output import Output, parse, reason
from fv_benchmark.targets.adb.phone import Phone
from fv_core.files import sha256_of_file
from fv_core.predictions import Predictions
from fv_core.progress import Progress

_NS_A_US = 1000
# Opening a model and loading the tool; on an emulated phone a minute.
_START_SECONDS = 60.0
# A run of the tool starts a process and opens the file; with ten seconds of calls that is a few per cent of the time.
_LONG_RUN_SECONDS = 10 * SLICE_SECONDS
_BINARY = "benchmark_model"


class AdbTarget:
    """A `Target`."""

    def __init__(self, name: str, serial: str | None, options: TargetOptions) -> None:
        self.name = name
        self._options = options
        self._phone = Phone(serial)
        self._is_open = False
        self._fixed: str | bool | None = None
        self._about: state.About | None = None
        self._cool = Condition()
        self._graphs: dict[Path, str] = {}
        self._tool = ""
        self._runtime = ""

    def open(self, models: Sequence[Path], progress: Progress) -> None:
        """See `Target`. Raises `NotForBenchmarkModel`, `BenchmarkModelMissing`, and what `Phone` raises."""
        for path in models:
            if path.suffix.lower() != ".tflite":
                raise NotForBenchmarkModel(
                    f"{path.name} cannot run there", why="benchmark_model runs .tflite files alone"
                )
        self._phone.connect()
        self._about = state.about(self._phone)
        binary = find_binary(self._options.benchmark_model, self._about.abi)
        self._is_open = True
        self._phone.shell(["mkdir", "-p", self._phone.folder])
        self._tool = self._phone.push(binary, _BINARY)
        self._phone.shell(["chmod", "755", self._tool])
        self._runtime = f"{_BINARY} {sha256_of_file(binary)[:12]}"
        for number, path in enumerate(dict.fromkeys(models)):
            progress.advance("sending", number, len(models), path.name)
            self._graphs[path] = self._phone.push(path, f"model{number}.tflite")
        if self._options.fixed_performance:
            refusal = state.set_fixed_performance(self._phone, enabled=True)
            self._fixed = True if refusal is None else f"refused: {refusal}"
        self._cool = state.condition(self._phone)

    def close(self) -> None:
        """See `Target`: our folder is removed, fixed-performance mode is as before."""
        if not self._is_open:
            return
        self._is_open = False
        if self._fixed is True:
            with contextlib.suppress(PhoneGone, PhoneTimedOut):  # a phone that is gone forgets it with its next start
                state.set_fixed_performance(self._phone, enabled=False)
        self._phone.clean_up()

    def cool_down(self, limit_s: float, progress: Progress) -> Cooling:
        """See `Target`."""
        return wait_until_cool(lambda: state.condition(self._phone), self._cool, limit_s, progress)

    def measure(self, path: Path, threads: int, protocol: Protocol) -> Block:
        """See `Target`; raises `BenchmarkModelFailed` with the tool's own word, and what `Phone` raises."""
        before = state.condition(self._phone)
        said = self._run(path, threads, protocol)
        return _block(said, self._runtime_with(said), before, state.condition(self._phone))

    def answers(self, path: Path, question: Question, progress: Progress) -> Predictions:
        """See `Target`."""
        return answers_of(self._phone, self._tool, path, self._graphs[path], question, progress)

    def sustain(self, path: Path, threads: int, seconds: float, progress: Progress) -> Sustained:
        """See `Target`: runs of ten seconds, one behind the other; each is a slice with the tool's one figure."""
        one_run = Protocol(blocks=1, block_seconds=min(_LONG_RUN_SECONDS, seconds), warm_up_seconds=0.0)
        slices: list[Slice] = []
        start_s = time.monotonic()
        said: Output | None = None
        while (at_s := time.monotonic() - start_s) < seconds:
            said = self._run(path, threads, one_run)
            slices.append(_slice(said, at_s, time.monotonic() - start_s - at_s, state.condition(self._phone)))
            progress.advance(
                f"running, {path.name}", min(round(time.monotonic() - start_s), round(seconds)), round(seconds)
            )
        if said is None:
            raise SustainedNotThere("nothing to run", why=f"{seconds} s", hint="--sustained 10m")
        return Sustained(tuple(slices), self._runtime_with(said))

    def snapshot(self) -> Snapshot:
        """See `Target`: Android shows other programs' time to nobody who came by adb."""
        return Snapshot(time.monotonic(), None, None, 0.0, None, None)

    def describe(self, before: Snapshot, after: Snapshot) -> Machine:
        """See `Target`."""
        about = self._about or state.About("unknown", "unknown", "unknown", "unknown")
        _, said = self._phone.run(["dumpsys", "thermalservice"])
        status, _ = state.thermal(said)
        _, cores = self._phone.run(["nproc"])
        _, kernel = self._phone.run(["uname", "-r"])
        _, memory = self._phone.run(["cat", "/proc/meminfo"])
        return Machine(
            cpu=about.soc,
            architecture=about.abi,
            cores=state.cores(cores),
            memory_bytes=state.memory_bytes(memory),
            os=about.android,
            kernel=f"Linux {state.one_word(kernel)}",
            python=None,
            governor=None,
            frequency_mhz=None,
            load_before=None,
            load_after=None,
            target="adb",
            board=about.model,
            emulated=about.emulated,
            facts={
                "thermal_status": "unknown" if status is None else state.THERMAL_WORDS[status],
                # Android tells nobody whether it was on before.
                "fixed_performance": "not asked for" if self._fixed is None else self._fixed,
            },
        )

    def _run(self, path: Path, threads: int, protocol: Protocol) -> Output:
        words = [
            self._tool,
            f"--graph={self._graphs[path]}",
            f"--num_threads={threads}",
            f"--num_runs={protocol.min_calls}",
            f"--min_secs={protocol.block_seconds:g}",
            f"--max_secs={protocol.max_block_seconds:g}",
            "--warmup_runs=1",
            f"--warmup_min_secs={protocol.warm_up_seconds:g}",
        ]
        limit_s = _START_SECONDS + protocol.warm_up_seconds + protocol.max_block_seconds
        status, said = self._phone.run(words, limit_s)
        if status != 0:
            raise BenchmarkModelFailed(f"benchmark_model ended with status {status} on the phone", why=reason(said))
        return parse(said)

    def _runtime_with(self, said: Output) -> str:
        return self._runtime if said.delegate is None else f"{self._runtime} ({said.delegate})"


def _block(said: Output, runtime: str, before: Condition, after: Condition) -> Block:
    summary = _summary(said)
    usual_ns = summary.mean_ns if summary.median_ns is None else summary.median_ns
    warm_up = said.warm_up
    return Block(
        init_ns=round(said.init * _NS_A_US),
        first_ns=round(said.first_inference * _NS_A_US),
        warm_up_calls=0 if warm_up is None else warm_up.count,
        # The tool's warm-up has a fixed length; it was long enough if its last call was no slower than those after it.
        steady=warm_up is not None and warm_up.last * _NS_A_US <= (1 + REPEATS_WITHIN) * usual_ns,
        samples_ns=(max(1, usual_ns),),
        peak_memory_bytes=said.peak_memory_bytes,
        runtime=runtime,
        before=before,
        after=after,
        summary=summary,
    )


def _summary(said: Output) -> Summary:
    one = said.measured
    return Summary(
        calls=one.count,
        mean_ns=round(one.mean * _NS_A_US),
        min_ns=round(one.least * _NS_A_US),
        max_ns=round(one.most * _NS_A_US),
        median_ns=None if one.median is None else round(one.median * _NS_A_US),
        p95_ns=None if one.p95 is None else round(one.p95 * _NS_A_US),
    )


def _slice(said: Output, at_s: float, seconds: float, condition: Condition) -> Slice:
    summary = _summary(said)
    usual_ns = summary.mean_ns if summary.median_ns is None else summary.median_ns
    return Slice(at_s, seconds, summary.calls, (max(1, usual_ns),), condition)
