"""What a search found: the chosen file, what it is worth, and the files on the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.protocol import REPEATS_WITHIN
from fv_benchmark.stats import PairedDrop, Ratio
from fv_core.manifest import Drop


class Answer(Enum):
    """Is the promise kept? `cannot tell`: the point estimate breaks it, its interval does not."""

    KEPT = "kept"
    BROKEN = "broken"
    CANNOT_TELL = "cannot tell"

    @property
    def exit_code(self) -> int:
        """0, 3 and 4, as of every gate."""
        return {Answer.KEPT: 0, Answer.BROKEN: 3, Answer.CANNOT_TELL: 4}[self]


@dataclass(frozen=True)
class Restored:
    """A layer whose result the search gave back to float. `tensor`: that result. `damage`: nats of divergence that it
    did alone. `extra_ms`: what it costs alone, by the fitted model."""

    layer: str
    tensor: str
    damage: float
    extra_ms: float


@dataclass(frozen=True)
class Point:
    """One file of the frontier. `layers`: how many are in float by the search, None for another scheme.

    `integer_share`: of the multiply-adds. `latency_ms`, `ratio`: median, and over the float file's; None where not
    measured. `drop`, `agreement`: on the pictures that report. `chosen_drop_pp`: on those that choose, None
    where it was not asked.
    """

    name: str
    layers: int | None
    integer_share: float
    size_bytes: int
    latency_ms: float | None
    ratio: Ratio | None
    drop: PairedDrop
    agreement: float
    chosen_drop_pp: float | None


@dataclass(frozen=True)
class Timed:
    """A file's latency beside that of the float file of its format, measured in one session.

    `machine`: in words; `doubts`: about the session and the two rows, in sentences.
    """

    latency_ms: float
    float_ms: float
    ratio: Ratio
    machine: str
    doubts: tuple[str, ...]

    @property
    def answer(self) -> Answer:
        """Whether the file is faster than float, by the interval of the ratio of the medians."""
        if self.ratio.ci95 is None:
            return Answer.CANNOT_TELL
        if self.ratio.ci95[1] < 1:
            return Answer.KEPT
        return Answer.BROKEN if self.ratio.ci95[0] > 1 else Answer.CANNOT_TELL


@dataclass(frozen=True, eq=False)
class Outcome:
    """The end of a search for `target_pp`. `chosen`: index into `points`; `plain`: of the file with nothing restored.

    `assurance`: probability, told from the pictures that choose, that those that report show a drop within the target;
    None where plain int8 is within it on both. `wanted`: what it was to be; `reached`: whether a file had it.
    `pictures`: how many choose, how many report; `reporting`: rows of those in the split. `drop`: what the manifest
    says. `tried`: sets of layers that were tried; `computed`, `remembered`: results of this search that were computed
    now, and that were found on disk. `doubts`: about the latencies.
    """

    target_pp: float
    format: str
    chosen: int
    plain: int
    points: tuple[Point, ...]
    restored: tuple[Restored, ...]
    drop: Drop
    wanted: float
    assurance: float | None
    reached: bool
    pictures: tuple[int, int]
    reporting: NDArray[np.int64]
    machine: str
    doubts: tuple[str, ...]
    tried: int
    computed: int
    remembered: int

    @property
    def point(self) -> Point:
        """The chosen file."""
        return self.points[self.chosen]

    @property
    def answer(self) -> Answer:
        """Whether the promise is kept, by the pictures that report."""
        return kept(self.point.drop, self.target_pp)


def kept(drop: PairedDrop, target_pp: float) -> Answer:
    """Whether the point estimate is within the target; where it is not, whether chance may have done that."""
    if drop.drop_pp <= target_pp:
        return Answer.KEPT
    return Answer.BROKEN if drop.ci_pp[0] > target_pp else Answer.CANNOT_TELL


def is_clearly_faster(one_ms: float, other_ms: float) -> bool:
    """Whether two medians of one session differ by more than what a result must repeat within."""
    return one_ms < other_ms * (1 - REPEATS_WITHIN)
