"""The statistics of the accuracy gate: one-sided bounds of a drop, and how many pictures would decide.

N pictures, l lost (right before, wrong after), g gained; drop δ = (l − g) / N. A gate asks two one-sided questions, "is
δ surely within the budget?" and "is it surely beyond?", so what counts is how often each end of the interval errs by
itself. The ends here are those of Tango's (1998) score interval for paired proportions: the δ at which

    (l − g − Nδ) / √(N (2 q̃(δ) + δ(1 − δ)))  =  ± z,      z = Φ⁻¹(confidence),
    q̃(δ) = (√(B² − 4AC) − B) / 2A,   A = 2N,   B = −l − g + (2N − l + g) δ,   C = −g δ (1 − δ),

q̃ being the most likely share of gained pictures were δ the truth. At δ = 0 this is McNemar's test, so an interval
without 0 and a small p say the same. In seeded simulation (`tests/benchmark/test_gate_stats.py`) each end errs in 5 %
of draws, whatever the sizes and shares; the bootstrap, which the two-sided intervals of `stats` rest on, lets a file
pass too often when most changes are losses (40 expected among 4,040 pictures, all losses: in 7.4 % of 4,000 draws).
With no change at all the score bound would be 2.7 / N at 95 %, and err in 6.7 % of draws at worst; the exact one of
Clopper and Pearson stands in for it, 1 − (1 − confidence)^(1/N), about 3 / N.

How many pictures would decide: the N at which the very same bound, with shares of lost and gained pictures as they
were measured, meets the budget. Other pictures give other shares, so N decides with an even chance; for a chance p the
distance from estimate to budget must hold z + Φ⁻¹(p) standard errors in place of z: N · ((z + Φ⁻¹(p)) / z)². From few
pictures the measured drop is itself uncertain, and with it N and even the answer that N would give. So the number that
a plan for a non-inferiority trial starts from stands beside it: the same share of changed pictures, and no drop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import scipy

# The second number of pictures that is named: nine chances in ten, the usual upper choice for a study's power
# (ICH E9, section 3.5: "5 % to 20 %" chance of missing what is there).
LIKELY = 0.90
# δ is found to so much: far finer than any picture counts, and than `_ON_THE_BUDGET`.
_DELTA_TOLERANCE = 1e-12
# Next to the estimate, for where every picture was gained: both sides of the equation are 0 there as well.
_BESIDE = 1e-12
# An estimate this near to the budget (a share) is on it: to tell them apart would take 10¹⁰ pictures.
_ON_THE_BUDGET = 1e-7


@dataclass(frozen=True)
class Bounds:
    """One-sided bounds of a drop in percentage points, each by itself at `confidence`; positive is worse."""

    low_pp: float
    high_pp: float
    confidence: float


@dataclass(frozen=True)
class Needed:
    """How many pictures (in all, not in addition) would decide: with an even chance, and with `LIKELY`.

    `without_drop`: how many would prove the budget, with an even chance, if as many were gained as lost; None where
    that is no more than there were.
    """

    even: int
    likely: int
    without_drop: int | None


def drop_bounds(lost: float, gained: float, n: float, confidence: float) -> Bounds:
    """The bounds for `lost` and `gained` of `n` pictures, expected counts as well as counted ones."""
    if not 0.5 < confidence < 1:
        raise ValueError(f"a one-sided confidence lies between 0.5 and 1, not at {confidence}")
    if n <= 0 or lost < 0 or gained < 0 or lost + gained > n * (1 + _DELTA_TOLERANCE):
        raise ValueError(f"{lost} lost and {gained} gained of {n} pictures")
    if lost + gained == 0:
        unseen = 100 * (1 - (1 - confidence) ** (1 / n))
        return Bounds(-unseen, unseen, confidence)
    z = float(scipy.stats.norm.ppf(confidence))
    return Bounds(-100 * _upper(gained, lost, n, z), 100 * _upper(lost, gained, n, z), confidence)


def pictures_needed(lost: int, gained: int, n: int, budget_pp: float, confidence: float) -> Needed | None:
    """The pictures that would decide about `budget_pp`; None where the estimate sits on it, and no number does."""
    if abs(budget_pp / 100 - (lost - gained) / n) < _ON_THE_BUDGET:
        return None
    even = _first_that_decides(lost / n, gained / n, n, budget_pp, confidence)
    z = float(scipy.stats.norm.ppf(confidence))
    half = (lost + gained) / n / 2
    without_drop = _first_that_decides(half, half, n, budget_pp, confidence) if budget_pp > 0 else 0
    return Needed(
        even=even,
        likely=math.ceil(even * ((z + float(scipy.stats.norm.ppf(LIKELY))) / z) ** 2),
        without_drop=without_drop if without_drop > n else None,
    )


def _first_that_decides(share_lost: float, share_gained: float, n: int, budget_pp: float, confidence: float) -> int:
    """The smallest number of pictures with these shares that decides; it is looked for from `n` on upwards first."""
    undecided, decided = 0, n
    while not _decides(share_lost, share_gained, decided, budget_pp, confidence):
        undecided, decided = decided, 2 * decided
    while decided - undecided > 1:
        middle = (undecided + decided) // 2
        if _decides(share_lost, share_gained, middle, budget_pp, confidence):
            decided = middle
        else:
            undecided = middle
    return decided


def _decides(share_lost: float, share_gained: float, n: int, budget_pp: float, confidence: float) -> bool:
    bounds = drop_bounds(share_lost * n, share_gained * n, n, confidence)
    return bounds.high_pp <= budget_pp or bounds.low_pp > budget_pp


def _upper(lost: float, gained: float, n: float, z: float) -> float:
    """The largest δ that (lost, gained) do not contradict; the lower bound is this with the two exchanged, negated."""
    estimate = (lost - gained) / n
    if estimate >= 1 - _DELTA_TOLERANCE:
        return 1.0

    def excess(delta: float) -> float:
        a = 2 * n
        b = -lost - gained + (2 * n - lost + gained) * delta
        c = -gained * delta * (1 - delta)
        q = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        return lost - gained - n * delta + z * math.sqrt(max(n * (2 * q + delta * (1 - delta)), 0.0))

    return float(scipy.optimize.brentq(excess, estimate + _BESIDE, 1.0, xtol=_DELTA_TOLERANCE))
