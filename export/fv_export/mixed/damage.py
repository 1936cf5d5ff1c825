"""What a file's answers lose against the full model's, on the same labelled pictures.

drop         (lost - gained) / n: what counts, and a lottery on few pictures: forty changed answers of 2,000 are
             known to 0.3 points
smoothed     with the label's probability y and the strongest other r, each picture counts y / (y + r) in place of
             0 or 1. Where margins are spread evenly about 0 its expectation is that of the drop, and a picture
             that goes from barely right to barely wrong counts for as little as it says: its standard error is a
             fifth (docs/findings.md)
divergence   mean Kullback-Leibler divergence of the file's probabilities from the full model's, in nats: it sees
             every change, adds up over independent errors, and so ranks layers
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float32]
# float32 probabilities below this are rounding of a softmax.
_SMALLEST = 1e-7
# The divergence is brought to that of so much of the target: aimed at the target itself, the other half of the pictures
# would show more than it in every second search.
_AIM = 0.5


@dataclass(frozen=True)
class Damage:
    """See the module. `n` pictures; `lost`, `gained`: whose correctness changed; `agreement`: share of same answers."""

    n: int
    lost: int
    gained: int
    agreement: float
    smoothed_drop_pp: float
    divergence: float

    @property
    def drop_pp(self) -> float:
        """The drop of top-1 in percentage points."""
        return 100 * (self.lost - self.gained) / self.n


@dataclass(frozen=True)
class Goal:
    """What a file must do on the pictures that choose. `divergence`: the most that is allowed.

    The drop alone would be reached by luck: among a hundred files one has it on any two thousand pictures.
    """

    target_pp: float
    divergence: float

    def is_kept(self, found: Damage) -> bool:
        """Whether the drop is within the target, and the smoothed drop, and the divergence within its limit."""
        return found.drop_pp <= self.target_pp and self.is_likely(found)

    def is_likely(self, found: Damage) -> bool:
        """The same without the drop itself, which would choose the luckiest of many."""
        return found.smoothed_drop_pp <= self.target_pp and found.divergence <= self.divergence


def goal_for(target_pp: float, plain: Damage) -> Goal:
    """The goal for a file whose damage is `plain` with nothing restored.

    Where it misses the target the divergence must fall in proportion to the drop; where it keeps it, not at all.
    """
    drop_pp = max(plain.drop_pp, plain.smoothed_drop_pp)
    factor = _AIM * target_pp / drop_pp if drop_pp > target_pp else 1.0
    return Goal(target_pp, plain.divergence * factor)


def damage(full: Probabilities, file: Probabilities, labels: NDArray[np.int32]) -> Damage:
    """Compare answers (n, C) about pictures with `labels` (n,); raises `ValueError` for other shapes."""
    if full.shape != file.shape or labels.shape != full.shape[:1] or not len(full):
        raise ValueError(f"answers {full.shape} and {file.shape} about {labels.shape} pictures")
    before, after = full.argmax(axis=1), file.argmax(axis=1)
    right_before, right_after = before == labels, after == labels
    return Damage(
        n=len(full),
        lost=int((right_before & ~right_after).sum()),
        gained=int((~right_before & right_after).sum()),
        agreement=float((before == after).mean()),
        smoothed_drop_pp=100 * float((_smoothed(full, labels) - _smoothed(file, labels)).mean()),
        divergence=_divergence(full, file),
    )


def _smoothed(probabilities: Probabilities, labels: NDArray[np.int32]) -> NDArray[np.float64]:
    rows = np.arange(len(labels))
    others = probabilities.astype(np.float64) ** 2
    own = others[rows, labels].copy()
    others[rows, labels] = 0.0
    return np.asarray(own / np.maximum(own + others.max(axis=1), np.finfo(np.float64).tiny))


def _divergence(full: Probabilities, file: Probabilities) -> float:
    p, q = (np.maximum(one.astype(np.float64), _SMALLEST) for one in (full, file))
    return float((p * np.log(p / q)).sum(axis=1).mean())
