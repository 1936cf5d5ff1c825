"""Side by side in one run: what `make bench` prints is a ratio with its interval, never a figure from another day.

    from harness import Contender, side_by_side
    side_by_side("resize", [Contender("plain loop", plain), Contender("fv", ours)])

Each contender is called once a round, in the order A B B A; the first one is what the others are compared with. What a
contender returns is thrown away, so it must do its work for real (no lazy arrays left unread).
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fv_benchmark.doubts import OTHER_CORES, OtherLoad
from fv_benchmark.machine import between, describe, snapshot
from fv_benchmark.models import find_models
from fv_benchmark.plan import interleaved
from fv_benchmark.protocol import Protocol
from fv_benchmark.render.table import main_table, run_notes
from fv_benchmark.run import Candidate, build_report, measure_candidates
from fv_benchmark.stats import Ratio, ratio_interval
from fv_benchmark.targets.local import LocalTarget
from fv_core.progress import Silent

# Seven rounds: the interval's ends are then not simply the smallest and the largest ratio.
ROUNDS = 7


@dataclass(frozen=True)
class Contender:
    """A name and the work to time; `units`: how many things one call does, for a rate (`unit`: what they are).

    `apart`: `work` is called in a process of its own and timed there, imports not included. A second call in the same
    process begins with the memory of the first, which a user's program never does.
    """

    name: str
    work: Callable[[], object]
    units: int = 1
    unit: str = ""
    apart: bool = False


def side_by_side(title: str, contenders: Sequence[Contender], rounds: int = ROUNDS) -> list[Ratio]:
    """Time the contenders, print a line for each, and return each one's ratio of time to the first."""
    samples = np.zeros((len(contenders), rounds), dtype=np.int64)
    for contender in contenders:
        contender.work()  # imports, caches, compilation
    before = snapshot()
    for step in interleaved(len(contenders), rounds):
        contender = contenders[step.index]
        samples[step.index, step.round_index] = _apart(contender.work) if contender.apart else _timed(contender.work)
    after = snapshot()
    sys.stdout.write(f"{title}\n")
    ratios = []
    for contender, row in zip(contenders, samples, strict=True):
        blocks, first = [row[i : i + 1] for i in range(rounds)], [samples[0, i : i + 1] for i in range(rounds)]
        ratio = ratio_interval(blocks, first, paired=True)
        ratios.append(ratio)
        sys.stdout.write(f"  {_line(contender, float(np.median(row)), ratio)}\n")
    other = between(before, after, describe(before, after).cores).other_cores
    if other is not None and other > OTHER_CORES:
        sys.stdout.write(f"  ! {OtherLoad(other, OTHER_CORES).sentence}\n")
    return ratios


def _timed(work: Callable[[], object]) -> int:
    start_ns = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start_ns


def _apart(work: Callable[[], object]) -> int:
    """What `_timed` says of `work`, which can be pickled, in a process that has imported its module."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_timed, work).result()


def models_side_by_side(title: str, paths: Sequence[Path], protocol: Protocol | None = None) -> list[Ratio]:
    """Benchmark model files as `fv benchmark` does and print its table; each one's ratio to the first."""
    used, target = protocol or Protocol(), LocalTarget()
    session = measure_candidates([Candidate(model, 1) for model in find_models(paths)], used, target, Silent())
    report = build_report(session, used, target.describe(session.before, session.after))
    table = main_table(report)
    sys.stdout.write(f"{title}\n")
    rows = [tuple(column.title for column in table.columns), *table.rows]
    widths = [max(len(row[index]) for row in rows) for index in range(len(table.columns))]
    for row in rows:
        sys.stdout.write("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "\n")
    for note in [f"{mark} {text}" for mark, text in table.notes] + run_notes(report):
        sys.stdout.write(f"  ! {note}\n")
    return [result.ratio_to_first for result in report.results]


def _line(contender: Contender, median_ns: float, ratio: Ratio) -> str:
    rate = f"  {contender.units / median_ns * 1e9:,.0f} {contender.unit}/s" if contender.unit else ""
    interval = f"[{ratio.ci95[0]:.3f}, {ratio.ci95[1]:.3f}]" if ratio.ci95 else "[fewer than five rounds]"
    figures = f"{ratio.value:.3f} × {interval}"
    return f"{contender.name:<32} {median_ns / 1e6:>10.2f} ms  {figures}{rate}"
