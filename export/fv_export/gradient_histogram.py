"""What many ways of storing a tensor do to the answer, from one look at its values.

A way of storing x gives every value an error e(x). To first order the answer then moves by the sum of g e(x) over the
tensor, g being the gradient. Since e depends on the value alone, values that lie together need to be counted only once:

    sum_i g_i e(x_i)  =  sum_b G_b e(x_b)          G_b: sum of the gradients of the values in bin b

so one histogram of gradients serves every candidate, at a tenth of the price of rounding the tensor for each of eight.
Within a bin e is read at the middle: a rounding boundary in the bin sends some values to the wrong side. With k bins a
step that is a share 1/k of values, a quarter of them on the wrong side by one step, which adds a variance of
s^2 / (4 k) to the s^2 / 12 of rounding itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Floats, Quantized

Doubles = NDArray[np.float64]

# Bins a step of the finest candidate: for it alone a boundary in every eighth bin adds three eighths to the variance of
# rounding, for one that is three times as wide an eighth.
_BINS_PER_STEP = 8
# On a trained MobileNetV3Small the widest candidate is 13 times the finest at most, three times as a rule; 16 bits
# would ask for millions of bins, and only their ends differ.
_MOST_BINS = 1 << 16
# Values, bins and weights of a block stay in a core's second-level cache.
_BLOCK = 1 << 15


class Contest:
    """Candidates for one tensor, among which its values and gradients decide.

    `candidates`: two or more grids, 8 or 16 bits. What lies beyond the widest of them counts as lying at its end: a
    candidate that keeps every value is among those of `disturbance`, except where no reader can tell.
    """

    def __init__(self, candidates: list[Quantized]) -> None:
        grids = [_Grid(candidate) for candidate in candidates]
        self._low, high = min(grid.low for grid in grids), max(grid.high for grid in grids)
        span, finest = high - self._low, min(grid.scale for grid in grids)
        bins = int(min(np.ceil(span / finest) * _BINS_PER_STEP, _MOST_BINS))
        self._per_unit = bins / span
        middles = np.asarray(self._low + (np.arange(bins) + 0.5) / self._per_unit, np.float64)
        # (bins, candidates)
        self._errors = np.stack([grid.error(middles) for grid in grids], axis=1)

    def disturbances(self, values: Floats, gradients: Floats) -> Doubles:
        """(n, candidates) sums of gradient times error for each of n pictures; both arguments (n, ...)."""
        bins = len(self._errors)
        sums = [self._gradients_by_bin(x.ravel(), g.ravel(), bins) for x, g in zip(values, gradients, strict=True)]
        return np.stack(sums) @ self._errors

    def _gradients_by_bin(self, values: Floats, gradients: Floats, bins: int) -> Doubles:
        sums = np.zeros(bins)
        per_unit, shift = np.float32(self._per_unit), np.float32(-self._low * self._per_unit)
        for start in range(0, len(values), _BLOCK):
            at = values[start : start + _BLOCK] * per_unit
            at += shift
            np.clip(at, 0, bins - 1, out=at)
            sums += np.bincount(at.astype(np.int64), weights=gradients[start : start + _BLOCK], minlength=bins)
        return sums


class _Grid:
    """real = scale * (q - zero)."""

    def __init__(self, quantized: Quantized) -> None:
        self.scale, zero = float(quantized.scale[0]), int(quantized.zero_point[0])
        lowest, highest = quantized.limits
        self.low, self.high = (lowest - zero) * self.scale, (highest - zero) * self.scale

    def error(self, x: Doubles) -> Doubles:
        return np.asarray(np.clip(np.rint(x / self.scale) * self.scale, self.low, self.high) - x)
