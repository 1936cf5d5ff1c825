"""What a file's answers lose against the full model's, on the same labelled pictures.

drop         (lost - gained) / n: what counts, and a lottery on few pictures: forty changed answers of 2,000 are
             known to 0.3 points
expected     what other pictures will show, with its error (`assurance`): six tenths as much of a lottery
divergence   mean Kullback-Leibler divergence of the file's probabilities from the full model's, in nats: it sees
             every change, adds up over independent errors, and so ranks layers

A search tries dozens of files, and one of them is lucky: its expected drop, too, is known from a few hundred pictures
near the edge. What luck cannot do is to bring the drop down and not the divergence, for the two go together
(docs/findings.md). So no file is taken to lose less than in proportion to its divergence:

    drop' = max(expected drop, divergence * drop of plain int8 / divergence of plain int8)

With the drop that plain int8 has, which is the same on both halves (`halves`), this also holds a file of few restored
layers to what plain int8 is known to do to the pictures that report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_export.mixed.assurance import Expected, expected, margins

Probabilities = NDArray[np.float32]
# float32 probabilities below this are rounding of a softmax.
_SMALLEST = 1e-7


@dataclass(frozen=True)
class Damage:
    """See the module. `n` pictures; `lost`, `gained`: whose correctness changed; `agreement`: share of same answers.

    `expected_pp`, `error_pp`: the drop that as many other pictures will show, and its standard error."""

    n: int
    lost: int
    gained: int
    agreement: float
    divergence: float
    expected_pp: float
    error_pp: float

    @property
    def drop_pp(self) -> float:
        """The drop of top-1 in percentage points."""
        return 100 * (self.lost - self.gained) / self.n


@dataclass(frozen=True)
class Goal:
    """Other pictures are to show a drop within `target_pp` with probability `assurance`.

    `pp_per_nat`: points that a nat of divergence is taken to cost at least.
    """

    target_pp: float
    assurance: float
    pp_per_nat: float

    def assurance_of(self, found: Damage) -> float:
        """The probability, told from a file's damage on the pictures that choose."""
        drop_pp = max(found.expected_pp, self.pp_per_nat * found.divergence)
        return Expected(found.n, drop_pp, found.error_pp).assurance(self.target_pp)

    def is_kept(self, found: Damage) -> bool:
        """Whether it is enough."""
        return self.assurance_of(found) >= self.assurance


def goal_for(target_pp: float, assurance: float, plain: Damage) -> Goal:
    """The goal for a file whose damage is `plain` with nothing restored."""
    drop_pp = max(plain.drop_pp, plain.expected_pp, 0.0)
    return Goal(target_pp, assurance, drop_pp / plain.divergence if plain.divergence > 0 else 0.0)


def damage(full: Probabilities, file: Probabilities, labels: NDArray[np.int32]) -> Damage:
    """Compare answers (n, C) about pictures with `labels` (n,); raises `ValueError` for other shapes."""
    if full.shape != file.shape or labels.shape != full.shape[:1] or not len(full):
        raise ValueError(f"answers {full.shape} and {file.shape} about {labels.shape} pictures")
    before, after = full.argmax(axis=1), file.argmax(axis=1)
    right_before, right_after = before == labels, after == labels
    other = expected(margins(full, labels), margins(file, labels))
    return Damage(
        n=len(full),
        lost=int((right_before & ~right_after).sum()),
        gained=int((~right_before & right_after).sum()),
        agreement=float((before == after).mean()),
        divergence=_divergence(full, file),
        expected_pp=other.drop_pp,
        error_pp=other.error_pp,
    )


def _divergence(full: Probabilities, file: Probabilities) -> float:
    p, q = (np.maximum(one.astype(np.float64), _SMALLEST) for one in (full, file))
    return float((p * np.log(p / q)).sum(axis=1).mean())
