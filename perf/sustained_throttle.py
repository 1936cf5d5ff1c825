"""A throttle that is known: does `fv benchmark --sustained` show it, name it, and see past it?

    python perf/sustained_throttle.py MODEL [--minutes 10] [--core 0] [--out DIR] [--first]

One core, and everything on it: first the model alone for a fifth of the time, then the model for all of it, with a
second program that computes on the same core from the middle to three quarters of it. To the model that is what a
processor at half its clock is. Judged (exit status 1 if one fails):

    curve     the calls a second fall while the other program runs, and come back
    doubt     names it: all of the throttle's seconds but three are marked, and 90 % of the marked ones are the
              throttle's, within three seconds on either side
    clean     the median of the clean part is within 5 % of the one measured alone

Three seconds: progress is told once a second, and the other program takes part of one to start.

On a machine that is not quiet, `--first` (as root) puts the model and the competing program ahead of all others on the
core: each process session is a group to the scheduler (sched(7), "The autogroup feature"), and these get its highest
weight, so that the others' share of the core is about a hundredth. Between the two of them nothing changes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil

from fv_benchmark.benchmark import BenchmarkOptions, benchmark
from fv_benchmark.curve import CLEAN, LongRun
from fv_benchmark.device_doubts import COMPETED, Disturbed
from fv_benchmark.protocol import REPEATS_WITHIN, Protocol
from fv_benchmark.render.html import html
from fv_benchmark.render.table import main_table, run_notes
from fv_benchmark.report import Report
from fv_benchmark.report_file import write_report
from fv_core.files import write_text

FROM_SHARE, TO_SHARE = 0.5, 0.75
ALONE_SHARE = 0.2
TIME_WITHIN_S = 3.0
# Two programs share a core by halves; a scheduler's quanta and the other's start blur that a little.
FALLS_BY = 0.3
# A machine has other programs than ours.
RIGHT = 0.9
LEAST_MINUTES = 1.0
HIGHEST_WEIGHT = "-20"
_RUNNING = "running"


class Throttle:
    """A `Progress` that starts a competing program at one second of the long run and ends it at another."""

    def __init__(self, from_s: float, to_s: float, *, first: bool) -> None:
        self._from_s, self._to_s, self._first = from_s, to_s, first
        self._other: subprocess.Popen[bytes] | None = None

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """See `fv_core.progress.Progress`; `done` are the seconds of the long run."""
        if self._first:
            put_first()
        if not task.startswith(_RUNNING):
            return
        if self._other is None and self._from_s <= done < self._to_s:
            # It inherits our affinity: the same core.
            self._other = subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
        elif done >= self._to_s:
            self.end()

    def say(self, message: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Stop the other program."""
        if self._other is not None and self._other.poll() is None:
            self._other.kill()
            self._other.wait()


def put_first() -> None:
    """Give this process' children, and this process, the highest weight among the sessions of the machine."""
    us = psutil.Process()
    for process in (us, *us.children(recursive=True)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            Path(f"/proc/{process.pid}/autogroup").write_text(HIGHEST_WEIGHT, encoding="ascii")


def long_run_of(model: Path, seconds: float, throttle: Throttle) -> tuple[Report, LongRun]:
    options = BenchmarkOptions((model,), protocol=Protocol(blocks=1), sustained_seconds=seconds)
    try:
        report = benchmark(options, throttle)
    finally:
        throttle.end()
    run = report.results[0].long_run
    assert run is not None
    return report, run


def calls_a_second(run: LongRun, from_s: float, to_s: float) -> float:
    inside = [one for one in run.slices if from_s <= one.at_s and one.at_s + one.seconds <= to_s]
    return sum(one.calls for one in inside) / sum(one.seconds for one in inside)


def judge(alone: LongRun, run: LongRun, doubts: list[Disturbed], from_s: float, to_s: float) -> list[tuple[str, bool]]:
    before = calls_a_second(run, 0.0, from_s - TIME_WITHIN_S)
    during = calls_a_second(run, from_s + TIME_WITHIN_S, to_s - TIME_WITHIN_S)
    after = calls_a_second(run, to_s + TIME_WITHIN_S, run.seconds)
    marked = [one for one, mark in zip(run.slices, run.marks, strict=True) if mark != CLEAN]
    marked_s = sum(one.seconds for one in marked)
    inside_s = sum(one.seconds for one in marked if from_s - TIME_WITHIN_S <= one.at_s <= to_s + TIME_WITHIN_S)
    ratio = (run.clean_ms or np.nan) / (alone.clean_ms or np.nan)
    named = [doubt for doubt in doubts if doubt.cause == COMPETED]
    return [
        (
            f"curve: {before:.1f} calls a second before, {during:.1f} during, {after:.1f} after",
            during < (1 - FALLS_BY) * min(before, after),
        ),
        (
            f"doubt: {named[0].sentence if named else 'none'}; {inside_s:.0f} of {marked_s:.0f} marked seconds"
            f" lie in the throttle, {from_s:.0f} to {to_s:.0f} s",
            bool(named) and inside_s >= to_s - from_s - TIME_WITHIN_S and inside_s >= RIGHT * marked_s,
        ),
        (
            f"clean: {run.clean_ms or np.nan:.3f} ms, alone {alone.clean_ms or np.nan:.3f} ms: {ratio:.3f} ×",
            abs(ratio - 1) <= REPEATS_WITHIN,
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="write throttled.json and throttled.html here")
    parser.add_argument("--first", action="store_true", help="as root: ahead of all other programs")
    given = parser.parse_args()
    if given.minutes < LEAST_MINUTES:
        parser.error(f"at least {LEAST_MINUTES} minutes: the throttle has to be longer than its edges")
    seconds = 60.0 * given.minutes
    from_s, to_s = FROM_SHARE * seconds, TO_SHARE * seconds
    os.sched_setaffinity(0, {given.core})
    _, alone = long_run_of(given.model, ALONE_SHARE * seconds, Throttle(np.inf, np.inf, first=given.first))
    report, run = long_run_of(given.model, seconds, Throttle(from_s, to_s, first=given.first))
    if given.out is not None:
        write_report(given.out / "throttled.json", report)
        write_text(given.out / "throttled.html", html(report, "A known throttle"))
    doubts = [doubt for doubt in report.results[0].doubts if isinstance(doubt, Disturbed)]
    print(
        f"{report.results[0].model}: burst {run.burst_ms} ms, sustained {run.sustained_ms} ms, clean {run.clean_ms} ms"
    )
    for line in [text for _, text in main_table(report).notes] + run_notes(report):
        print(f"  {line}")
    verdicts = judge(alone, run, doubts, from_s, to_s)
    for text, holds in verdicts:
        print(f"{'ok    ' if holds else 'FAILED'} {text}")
    return 0 if all(holds for _, holds in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
