"""A histogram of one tensor over many batches, in bounded memory.

The bins are of equal width; when a value falls outside, the covered span doubles towards it and neighbouring bins are
added in pairs, so no count is ever moved to a wrong bin. The smallest and largest value are kept exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Floats

# A bin is then at most 1/2048 of the span from the smallest to the largest value (the span may be twice too wide), an
# eighth of a step of 8 bits.
BINS = 4096
# Where the first batch holds one value only, the span starts at this share of it.
_NARROWEST = 1e-6


class Histogram:
    """Counts of the values of a tensor. `low`, `high`: smallest and largest value seen; both 0 before the first."""

    def __init__(self) -> None:
        self.low = 0.0
        self.high = 0.0
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self.start = 0.0
        self.span = 0.0

    def add(self, values: Floats, low: float, high: float) -> None:
        """Count `values`, of any shape; `low` and `high` bound them and what they were sampled from."""
        if self.span == 0.0:
            self.low, self.high, self.start = low, high, low
            self.span = max(high - low, _NARROWEST * max(abs(low), abs(high)), float(np.finfo(np.float32).tiny))
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._cover(low, high)
        bins = ((values.ravel().astype(np.float64) - self.start) * (BINS / self.span)).astype(np.int64)
        self.counts += np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)

    def tails(self, share: float) -> tuple[float, float]:
        """The values below and above which at most `share` of the counts lie, at the outer edge of their bins."""
        total = int(self.counts.sum())
        below = np.cumsum(self.counts)
        first = int(np.searchsorted(below, share * total, side="right"))
        last = int(np.searchsorted(below, (1 - share) * total, side="left"))
        width = self.span / BINS
        low, high = self.start + first * width, self.start + (last + 1) * width
        return max(low, self.low), min(high, self.high)

    def _cover(self, low: float, high: float) -> None:
        while low < self.start:
            self.counts = np.concatenate([np.zeros(BINS // 2, np.int64), self._pairs()])
            self.start -= self.span
            self.span *= 2
        while high > self.start + self.span:
            self.counts = np.concatenate([self._pairs(), np.zeros(BINS // 2, np.int64)])
            self.span *= 2

    def _pairs(self) -> NDArray[np.int64]:
        return np.asarray(self.counts.reshape(-1, 2).sum(axis=1))
