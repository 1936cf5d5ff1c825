"""What the benchmark itself costs: its timing around a call against the bare call, and its intervals."""

from __future__ import annotations

import time

import numpy as np
from harness import Contender, side_by_side

from fv_benchmark.measure import measure
from fv_benchmark.protocol import Protocol
from fv_benchmark.stats import paired_drop

CALLS = 2_000
# Product of two 64 x 64 matrices: a few microseconds, a hundredth of the smallest network's inference.
MATRIX = np.ones((64, 64), dtype=np.float32)


def call() -> None:
    MATRIX @ MATRIX


def bare() -> None:
    for _ in range(CALLS):
        call()


def timed() -> None:
    protocol = Protocol(block_seconds=1e-9, warm_up_seconds=0.0, min_calls=CALLS, max_calls=CALLS)
    measure(call, time.perf_counter_ns, protocol)


def main() -> None:
    side_by_side(
        f"{CALLS} calls of a few microseconds",
        [Contender("bare loop", bare, CALLS, "calls"), Contender("fv_benchmark.measure", timed, CALLS, "calls")],
    )
    random = np.random.default_rng(0)
    full = random.random(25_250) < 0.8
    flipped = full ^ (random.random(25_250) < 0.05)
    side_by_side(
        "paired interval of a drop",
        [
            Contender("4,040 pictures", lambda: paired_drop(full[:4040], flipped[:4040])),
            Contender("25,250 pictures (Food-101)", lambda: paired_drop(full, flipped)),
        ],
    )


if __name__ == "__main__":
    main()
