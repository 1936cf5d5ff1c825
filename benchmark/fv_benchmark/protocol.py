"""How a latency is measured: the one set of numbers behind every figure, recorded in every report.

Each model is timed in several *blocks*. A block is a fresh process: memory layout, address randomization and the state
of the allocator differ from process to process and move a latency by more than the noise within one (Kalibera & Jones
2013, "Rigorous benchmarking in reasonable time"; pyperf uses fresh processes for the same reason).
"""

from __future__ import annotations

from dataclasses import dataclass

# MLPerf Mobile's rules: a result must repeat within 5 %. What is closer than that is called the same here, too.
REPEATS_WITHIN = 0.05


@dataclass(frozen=True)
class Protocol:
    """How long and how often.

    `blocks`: fresh processes for each model and number of threads. Five are the fewest whose smallest and largest
    enclose the median in 94 % of cases (1 − 2·½⁵). `block_seconds`: timed part of a block. `warm_up_seconds`: the
    longest warm-up before it; steady is usually reached earlier. `min_calls`, `max_calls`: of a block; four calls make
    five blocks reach the twenty samples that a median wants, 10,000 bound the report's size.
    `block_limit_seconds`, `memory_bytes`: a worker that needs more is stopped.
    """

    blocks: int = 5
    block_seconds: float = 0.5
    warm_up_seconds: float = 1.0
    min_calls: int = 4
    max_calls: int = 10_000
    block_limit_seconds: float = 120.0
    memory_bytes: int = 16 << 30
    order: str = "ABBA"

    def __post_init__(self) -> None:
        if self.blocks < 1 or self.min_calls < 1 or self.max_calls < self.min_calls:
            raise ValueError(f"no protocol: {self}")
        if self.block_seconds <= 0 or self.warm_up_seconds < 0:
            raise ValueError(f"no protocol: {self}")
        if self.order != "ABBA":
            raise ValueError(f"the only order is ABBA, not {self.order}")
