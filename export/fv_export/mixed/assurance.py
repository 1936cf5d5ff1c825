"""How surely the pictures that report will show a drop within the target: told from those that choose.

Whoever chooses a file on n pictures and reports its drop on n others has to allow for the chance of both. The
probability that the report comes out as promised, over all that is not known yet, is what clinical statistics calls
the assurance of a trial (O'Hagan, Stevens & Campbell, Pharmaceutical Statistics 4, 2005).

    m_i    margin of picture i under the full model: log probability of its label less that of the strongest other;
           the answer is right where m_i > 0
    d_i    what the file adds to it; it loses a picture where m_i > 0 >= m_i + d_i, and gains one the other way round

The drop that was seen counts a few dozen pictures that happened to tip over. But a disturbance d_j could as well have
hit any picture whose margin is like that of j. So each picture is given the disturbances of all its neighbours J(i) in
order of m, and q_i is the share of them that tips it over:

    q_i = |{j in J(i): picture i is right with exactly one of m_i and m_i + d_j}| / |J(i)|
    s_i = 1 where m_i > 0, else -1

    expected drop                            mu    = sum s_i q_i / n
    variance of the drop of n other pictures  v     = sum q_i (1 - q_i) / n^2
    variance of mu                            v_mu  = sum (h_j - h)^2 / n^2

h_j is what d_j does on average to the pictures it was given to, and h the mean of all h_j. The variance v is that of
pictures whose margins are alike in both halves (`halves` sees to it); for pictures drawn at random it would be
sum q_i / n^2, by about two fifths more. A drop of n pictures is a whole number of them, hence half a picture:

    assurance = Phi((target + 1 / 2n - mu) / sqrt(v + v_mu))

Tried against the drops that other halves then showed: docs/findings.md, *Precision mixed to a target*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

Margins = NDArray[np.float64]
# Enough that a share of them is known to 3 %, few enough that their margins are alike: of 2,020 pictures, those within
# about half a nat. For files that come near a target of a few tenths 50 or 400 tell the same (docs/findings.md).
NEIGHBOURS = 200


@dataclass(frozen=True)
class Expected:
    """The drop that `n` other pictures are expected to show. `error_pp`: its standard error, of both halves."""

    n: int
    drop_pp: float
    error_pp: float

    def assurance(self, target_pp: float) -> float:
        """Probability that it is within the target."""
        spare = target_pp + 50.0 / self.n - self.drop_pp
        if self.error_pp == 0.0:
            return float(spare > 0)
        return float(scipy.stats.norm.cdf(spare / self.error_pp))


def margins(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> Margins:
    """(n,) from (n, C): log probability of the label less that of the strongest other."""
    rows = np.arange(len(labels))
    logs = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    own = logs[rows, labels]
    logs[rows, labels] = -np.inf
    return np.asarray(own - logs.max(axis=1))


def expected(before: Margins, after: Margins) -> Expected:
    """What as many other pictures will show, from margins of the full model and of the file, (n,) each."""
    order = np.argsort(before, kind="stable")
    margin, disturbance = before[order], (after - before)[order]
    n = len(margin)
    width = min(NEIGHBOURS, n)
    starts = np.clip(np.arange(n) - width // 2, 0, n - width)
    # Most pictures stand where no disturbance reaches: they tip over nowhere, and need no neighbours.
    near = np.flatnonzero(np.abs(margin) <= np.abs(disturbance).max())
    neighbours = starts[near, None] + np.arange(width)
    right = margin[near] > 0
    tips = (margin[near, None] + disturbance[neighbours] > 0) != right[:, None]
    share, sign = tips.mean(axis=1), np.where(right, 1.0, -1.0)
    single = np.bincount(neighbours.ravel(), (tips * sign[:, None]).ravel() / width, minlength=n)
    variance = float((share * (1 - share)).sum() + ((single - single.mean()) ** 2).sum())
    return Expected(n, 100 * float((share * sign).sum()) / n, 100 * math.sqrt(variance) / n)
