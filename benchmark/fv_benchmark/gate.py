"""The accuracy gate: does a file lose at most so much against the full model, on the same pictures? Three answers.

    the drop's upper bound ≤ budget   passes        0    the file keeps the promise, surely
    the drop's lower bound > budget   refuses       3    it breaks it, surely
    else                              cannot tell   4    these pictures do not decide; so many would

Both bounds are one-sided at the budget's confidence (`gate_stats`): a file that breaks the promise passes in at most
5 of 100 sets of pictures, one that keeps it is refused in at most 5 of 100. Top-1 decides. The rest is told beside it:
its two-sided 95 % interval and McNemar's p (`stats.paired_drop`), the drop of top-5, agreement, the classes that lost
most, the change of the calibration error, and every picture with two answers.

`judge` is the one function that decides, for files that `fv export` writes and for anybody else's (`fv gate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fv_benchmark.accuracy import align
from fv_benchmark.changes import ClassLoss, Flip, class_losses, flips
from fv_benchmark.gate_stats import Bounds, Needed, drop_bounds, pictures_needed
from fv_benchmark.reliability import ErrorChange, calibration_error, error_change, reliability
from fv_benchmark.stats import PairedDrop, agreement, paired_drop
from fv_core.errors import InputError
from fv_core.predictions import Predictions

# With so many classes or fewer every answer is among the first five.
TOP = 5


class Decision(Enum):
    """The three answers."""

    PASSES = "passes"
    REFUSES = "refuses"
    CANNOT_TELL = "cannot tell"

    @property
    def exit_code(self) -> int:
        """0, 3 and 4."""
        return {Decision.PASSES: 0, Decision.REFUSES: 3, Decision.CANNOT_TELL: 4}[self]


@dataclass(frozen=True)
class Budget:
    """At most `max_drop_pp` percentage points of top-1, one-sided at `confidence`. Raises `InputError`."""

    max_drop_pp: float
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0 <= self.max_drop_pp < 100:
            raise InputError(
                f"{self.max_drop_pp:g} points are no budget", why="0 or more, below 100", hint="--max-drop 0.5"
            )
        if not 0.5 < self.confidence < 1:
            raise InputError(
                f"{self.confidence:g} is no confidence of a bound",
                why="more than 0.5, below 1",
                hint="--confidence 0.95",
            )


@dataclass(frozen=True)
class Gated:
    """What the gate found of one file. Shares, not percent; `_pp` are percentage points, positive is worse.

    `drop`, `top5`: with two-sided 95 % intervals; `top5` is None where there are no more than five classes. `bounds`:
    what decided. `needed`: the pictures that would decide, None where no number does or none is needed.
    `full_top1`, `file_top1`, `full_error`, `file_error`: accuracy and expected calibration error of either;
    `error_change` with its interval. `doubts`: sentences that a reader has to know.
    """

    name: str
    decision: Decision
    budget: Budget
    drop: PairedDrop
    bounds: Bounds
    needed: Needed | None
    top5: PairedDrop | None
    agreement: float
    full_top1: float
    file_top1: float
    full_error: float
    file_error: float
    error_change: ErrorChange
    classes: int
    losses: tuple[ClassLoss, ...]
    flips: tuple[Flip, ...]
    split: str
    dataset_fingerprint: str
    full_sha256: str
    file_sha256: str
    doubts: tuple[str, ...] = ()


def judge(name: str, full: Predictions, file: Predictions, budget: Budget, doubts: tuple[str, ...] = ()) -> Gated:
    """Judge a file called `name` by its answers; `full` may know more pictures, in any order.

    Raises `ClassesDiffer` or `DifferentPictures` when the two were not asked about the same.
    """
    mate = align(file, full)
    drop = paired_drop(mate.correct(), file.correct())
    bounds = drop_bounds(drop.lost, drop.gained, drop.n, budget.confidence)
    decision = decide(bounds, budget)
    undecided = decision is Decision.CANNOT_TELL
    return Gated(
        name=name,
        decision=decision,
        budget=budget,
        drop=drop,
        bounds=bounds,
        needed=pictures_needed(drop.lost, drop.gained, drop.n, budget.max_drop_pp, budget.confidence)
        if undecided
        else None,
        top5=paired_drop(mate.correct_in_top(TOP), file.correct_in_top(TOP)) if len(file.classes) > TOP else None,
        agreement=agreement(mate.answers(), file.answers()),
        full_top1=float(mate.correct().mean()),
        file_top1=float(file.correct().mean()),
        full_error=calibration_error(reliability(mate)),
        file_error=calibration_error(reliability(file)),
        error_change=error_change(mate, file),
        classes=len(file.classes),
        losses=class_losses(mate, file),
        flips=flips(mate, file),
        split=file.split,
        dataset_fingerprint=file.dataset_fingerprint,
        full_sha256=full.model_sha256,
        file_sha256=file.model_sha256,
        doubts=doubts,
    )


def decide(bounds: Bounds, budget: Budget) -> Decision:
    """The answer that the bounds give to the budget."""
    if bounds.high_pp <= budget.max_drop_pp:
        return Decision.PASSES
    return Decision.REFUSES if bounds.low_pp > budget.max_drop_pp else Decision.CANNOT_TELL


def worst(decisions: list[Decision]) -> Decision:
    """Of several files: a refusal before a doubt, a doubt before a pass."""
    order = [Decision.REFUSES, Decision.CANNOT_TELL, Decision.PASSES]
    return min(decisions, key=order.index, default=Decision.PASSES)
