"""Run a model without a pause and cut the time into slices: the measuring side of `--sustained`.

It runs in a fresh child process on this machine, and on a device, and so imports NumPy and the runtime only. Between
two slices it reads the machine's state, in well under a millisecond of each second. The clock and the look at the
machine are arguments, so that a test can turn them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fv_benchmark.look import Look, grown, look, waited_share
from fv_benchmark.measure import Clock, thinned
from fv_benchmark.slices import MAX_SLICE_SAMPLES, SLICE_SECONDS, Slice
from fv_benchmark.worker import network_input
from fv_edge_runtime.backends import open_session

_NS = 1_000_000_000


def sustain_here(job: dict[str, Any]) -> dict[str, Any]:
    """`job`: `path`, `threads`, `seconds`, `counter` (a file to write whole seconds into, or None).

    Answers with `runtime` and `slices` (fields of `Slice`). Raises what `open_session` raises.
    """
    session = open_session(Path(job["path"]), job["threads"])
    picture = network_input(session.input_shape, session.input_dtype)
    total_s, counter = job["seconds"], job["counter"]

    def tell(done_s: float) -> None:
        if counter is not None:
            Path(counter).write_text(f"{min(round(done_s), round(total_s))} {round(total_s)}", encoding="ascii")

    slices = run_slices(lambda: session.run(picture), time.perf_counter_ns, look, total_s, job["threads"], tell)
    return {"runtime": session.runtime, "slices": [asdict(one) for one in slices]}


def run_slices(
    call: Callable[[], object],
    clock: Clock,
    looks: Callable[[], Look],
    seconds: float,
    threads: int,
    tell: Callable[[float], None],
) -> list[Slice]:
    """Call without a pause for `seconds`; the first call, which pays for lazy initialization, is not timed."""
    call()
    slices: list[Slice] = []
    start_ns = clock()
    before = looks()
    while (begun_ns := clock()) - start_ns < seconds * _NS:
        samples = _one_slice(call, clock, begun_ns)
        ended_ns = clock()
        after = looks()
        slices.append(_slice(samples, begun_ns - start_ns, ended_ns - begun_ns, before, after, threads))
        before = after
        tell((ended_ns - start_ns) / _NS)
    return slices


def _one_slice(call: Callable[[], object], clock: Clock, begun_ns: int) -> list[int]:
    samples: list[int] = []
    now_ns = begun_ns
    while now_ns - begun_ns < SLICE_SECONDS * _NS:
        call()
        before_ns, now_ns = now_ns, clock()
        samples.append(now_ns - before_ns)
    return samples


def _slice(samples: list[int], at_ns: int, length_ns: int, before: Look, after: Look, threads: int) -> Slice:
    return Slice(
        at_s=at_ns / _NS,
        seconds=length_ns / _NS,
        calls=len(samples),
        samples_ns=tuple(thinned(samples, MAX_SLICE_SAMPLES)),
        condition=after.condition,
        waited_share=waited_share(before, after, length_ns / _NS, threads),
        throttle_events=grown(before.throttle_events, after.throttle_events),
        energy_uj=grown(before.energy_uj, after.energy_uj),
    )
