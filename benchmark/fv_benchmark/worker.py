"""The measuring process: opens one model file, warms up, times calls, and answers with numbers.

It runs in a fresh child process (`fv_edge_runtime.sandbox`) on this machine, and on a device. So it imports NumPy and
the runtime, and nothing else: what else were loaded would stand in the peak memory. A file that crashes the runtime
takes down this process only.
"""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.look import grown, look, waited_share
from fv_benchmark.measure import measure
from fv_benchmark.protocol import Protocol
from fv_edge_runtime.backends import open_session

_INPUT_SEED = 0
_NS = 1_000_000_000


def measure_block(job: dict[str, Any]) -> dict[str, Any]:
    """One block. `job`: `path`, `threads`, `protocol` (fields of `Protocol`). Answers with the fields of `Block`.

    `init_ns` is from the file's name to a session that is ready to run, with the import of the runtime before it left
    out. Raises what `open_session` raises.
    """
    protocol = Protocol(**job["protocol"])
    path = Path(job["path"])
    open_session(path, job["threads"])  # imports the runtime and reads the file into the page cache
    start_ns = time.perf_counter_ns()
    session = open_session(path, job["threads"])
    init_ns = time.perf_counter_ns() - start_ns
    picture = network_input(session.input_shape, session.input_dtype)
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        session.run(picture)

    before, start_ns = look(), time.perf_counter_ns()
    timing = measure(call, time.perf_counter_ns, protocol)
    after, seconds = look(), (time.perf_counter_ns() - start_ns) / _NS
    energy_uj = grown(before.energy_uj, after.energy_uj)
    return {
        **asdict(timing),
        "init_ns": init_ns,
        "runtime": session.runtime,
        "peak_memory_bytes": peak_memory_bytes(),
        "before": asdict(before.condition),
        "after": asdict(after.condition),
        "waited_share": waited_share(before, after, seconds, job["threads"]),
        "energy_uj": None if energy_uj is None else energy_uj / calls,
    }


def network_input(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """A seeded input with values 0…255 (an int8 input: −128…127); these kernels' speed does not depend on the values,
    but all zeros would let a sparse one skip work."""
    values = np.random.default_rng(_INPUT_SEED).integers(0, 256, size=shape)
    return (values - 128 if dtype == np.int8 else values).astype(dtype)


def peak_memory_bytes(status: Path = Path("/proc/self/status")) -> int | None:
    """The largest resident memory of this process so far (proc(5), VmHWM), Python and NumPy included; None if unknown.

    Not `getrusage`'s ru_maxrss: that one survives execve, and so begins at the parent's size.
    """
    try:
        text = status.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    match = re.search(r"^VmHWM:\s*(\d+) kB", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else None
