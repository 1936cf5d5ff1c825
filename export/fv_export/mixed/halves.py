"""One half of the pictures chooses, the other reports.

A search that tries hundreds of files on the same pictures finds one that suits those pictures; its drop there is too
good (the winner's curse: +0.15 points on the half that chose, +0.64 on the other, docs/findings.md). So whatever is
tried is judged on the first half, and the drop of the one file that was chosen is told from the second, which nothing
has chosen by.

The split is seeded, and stratified by class and by what plain int8 does to a picture: loses it, gains it, or neither.
Both halves then show the same drop of int8, and differ less by luck about the files that come of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
SEED = 0


@dataclass(frozen=True, eq=False)
class Halves:
    """Rows of the pictures that choose and of those that report, each sorted; no row is in both."""

    choosing: Rows
    reporting: Rows


def halves(labels: NDArray[np.int32], change: NDArray[np.int8], seed: int = SEED) -> Halves:
    """Split pictures: `labels` (n,); `change` (n,): 1 where int8 loses one, -1 where it gains one, else 0."""
    order = np.lexsort((np.random.default_rng(seed).permutation(len(labels)), labels, change))
    return Halves(np.sort(order[::2]), np.sort(order[1::2]))
