"""How a latency is measured: the one set of numbers behind every figure, recorded in every report.

Each model is timed in several *blocks*. A block is a fresh process: memory layout, address randomization and the state
of the allocator differ from process to process and move a latency by more than the noise within one (Kalibera & Jones
2013, "Rigorous benchmarking in reasonable time"; pyperf uses fresh processes for the same reason).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fv_core.registry import unknown_name

# MLPerf Mobile's rules: a result must repeat within 5 %. What is closer than that is called the same here, too.
REPEATS_WITHIN = 0.05


@dataclass(frozen=True)
class Preset:
    """`calls`, `seconds`: at least, over all blocks of a row; `most_seconds`: and no longer than this.

    `cool_down_seconds`: the longest wait for the machine to cool before each round, 0: none.
    """

    calls: int
    seconds: float
    most_seconds: float
    cool_down_seconds: float


# MLPerf Mobile's two settings (mlcommons/mobile_app_open, flutter/assets/tasks.pbtxt, image_classification_v2): so many
# calls and so many seconds at least, and no more seconds than the third number even where the calls are not reached.
PRESETS: Mapping[str, Preset] = {
    "quick": Preset(calls=128, seconds=10.0, most_seconds=60.0, cool_down_seconds=0.0),
    # The app's own pause is five minutes at most; here it ends when the machine says that it is cool.
    "normal": Preset(calls=1024, seconds=60.0, most_seconds=600.0, cool_down_seconds=300.0),
}
DEFAULT = "default"
# Python, NumPy and a runtime start within seconds; on an emulated or a very small machine within a minute.
_START_SECONDS = 60.0
# A preset's report holds at most this many calls a block, so that ten models in five blocks stay at a few megabytes.
_PRESET_MAX_CALLS = 20_000


@dataclass(frozen=True)
class Protocol:
    """How long and how often.

    `preset`: whose numbers these are: `quick`, `normal`, or `default`. The default takes a quarter of the
    time of MLPerf's quick setting, for work at a desk, and its table says how sure each figure is.
    `blocks`: fresh processes for each model and number of threads. Five are the fewest whose smallest and largest
    enclose the median in 94 % of cases (1 − 2·½⁵). `block_seconds`: timed part of a block. `warm_up_seconds`: the
    longest warm-up before it; steady is usually reached earlier. `min_calls`: of a block, made even where that takes
    longer, up to `max_block_seconds`; four calls make five blocks reach the twenty samples that a median wants.
    `max_calls`: of a block that are kept, evenly in time; 10,000 bound the report's size. `block_limit_seconds`,
    `memory_bytes`: a worker that needs more is stopped. `cool_down_seconds`: the longest wait before each round.
    """

    blocks: int = 5
    block_seconds: float = 0.5
    warm_up_seconds: float = 1.0
    min_calls: int = 4
    max_calls: int = 10_000
    block_limit_seconds: float = 120.0
    memory_bytes: int = 16 << 30
    order: str = "ABBA"
    preset: str = DEFAULT
    max_block_seconds: float = 60.0
    cool_down_seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.blocks < 1 or self.min_calls < 1 or self.max_calls < self.min_calls:
            raise ValueError(f"no protocol: {self}")
        if self.block_seconds <= 0 or self.warm_up_seconds < 0 or self.max_block_seconds <= 0:
            raise ValueError(f"no protocol: {self}")
        if self.order != "ABBA":
            raise ValueError(f"the only order is ABBA, not {self.order}")


def protocol_for(preset: str = DEFAULT, blocks: int | None = None) -> Protocol:
    """The protocol of a preset, its calls and seconds shared among `blocks` fresh processes (None: five).

    Raises `UnknownName`.
    """
    count = blocks or Protocol.blocks
    if preset == DEFAULT:
        return Protocol(blocks=count)
    if preset not in PRESETS:
        raise unknown_name("preset", preset, [DEFAULT, *PRESETS])
    wanted = PRESETS[preset]
    return Protocol(
        preset=preset,
        blocks=count,
        block_seconds=wanted.seconds / count,
        min_calls=math.ceil(wanted.calls / count),
        max_calls=max(_PRESET_MAX_CALLS, math.ceil(wanted.calls / count)),
        max_block_seconds=wanted.most_seconds / count,
        block_limit_seconds=wanted.most_seconds / count + _START_SECONDS,
        cool_down_seconds=wanted.cool_down_seconds,
    )
