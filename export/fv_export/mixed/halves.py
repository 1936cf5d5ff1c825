"""One half of the pictures chooses, the other reports.

A search that tries hundreds of files on the same pictures finds one that suits those pictures; its drop there is too
good (the winner's curse: +0.15 points on the half that chose, +0.64 on the other, docs/findings.md). So whatever is
tried is judged on the first half, and the drop of the one file that was chosen is told from the second, which nothing
has chosen by.

The split is seeded, and the halves are made alike: pictures that plain int8 treats alike (loses, gains, or neither) are
put in order of their margin under the full model, and of each two that stand next to each other one goes to either
half. Both halves then show the same drop of int8, and have as many pictures that a file can lose and that it can gain:
what is left to chance is which of them a file tips over (`assurance`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_export.mixed.assurance import Margins

Rows = NDArray[np.int64]
SEED = 0


@dataclass(frozen=True, eq=False)
class Halves:
    """Rows of the pictures that choose and of those that report, each sorted; no row is in both."""

    choosing: Rows
    reporting: Rows


def halves(margins: Margins, change: NDArray[np.int8], seed: int = SEED) -> Halves:
    """Split pictures by `assurance.margins` (n,) and `change` (n,): 1 where int8 loses one, -1 where it gains one, else
    0. An odd picture chooses."""
    order = np.lexsort((margins, change))
    first = np.random.default_rng(seed).integers(0, 2, len(order) // 2)
    pairs = np.arange(len(first))
    couples = order[: 2 * len(first)].reshape(-1, 2)
    rest = order[2 * len(first) :]
    return Halves(np.sort(np.concatenate([couples[pairs, first], rest])), np.sort(couples[pairs, 1 - first]))
