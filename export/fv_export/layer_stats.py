"""The figures of one tensor, summed up picture by picture.

With y the float network's value, f what the float layer makes of the file's own inputs and ŷ what the file stored:

    SQNR        10 lg(Σ y² / Σ (ŷ - y)²)        with all that came in from before
    own SQNR    10 lg(Σ w f² / Σ w (ŷ - f)²)    of this layer alone
    cosine      Σ ŷ y / √(Σ ŷ² Σ y²)
    gain        Σ w ŷ f / Σ w f²                1 where the layer is the full model's
    cut off     share of f that lies more than half a step beyond what can be stored, and that the answer reads (w > 0)
    at the end  share of ŷ that stands at the smallest or largest number

w is how much the answer reads of each value (`layer_errors`): what lies below -3 in front of a hard-swish may be cut
off without harm. Of the own error Σ w (ŷ - f)² these parts are told apart: values cut off at the low and the high end,
the shift of each channel's mean, and rounding inside the range (a step s leaves s²/12 for each value).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Floats
from fv_export.histogram import BINS, Histogram

# "Nearly all values": one in a thousand lies beyond at either end.
TAIL = 1e-3
# A tensor without error has no SQNR; this stands for one that no float32 can show.
MAX_DB = 150.0
# Enough to show a tail, few enough to draw.
SHOWN_BINS = 60


@dataclass(frozen=True)
class Ends:
    """A pair of figures for the low and the high end."""

    low: float
    high: float


@dataclass(frozen=True)
class Figures:
    """See the module. `stored`: the smallest and largest number that the tensor can hold, None for floating point.

    `values`: the smallest and largest of y; `core`: all but one in a thousand at either end. `channels`, and of them
    `dead` (constant in the full model on these pictures), `died` (constant in the file alone) and `wide` (reaching
    beyond half of the largest magnitude); `typical`: the median channel's largest magnitude as a share of the largest.
    `shares`: of y in equal bins over `span`, which holds `values` and `stored`.
    """

    sqnr_db: float
    own_sqnr_db: float
    cosine: float
    gain: float
    stored: Ends | None
    step: float | None
    values: Ends
    core: Ends
    cut_off: Ends
    at_end: Ends
    expected_at_end: Ends
    clipped_parts: Ends
    shifted_part: float
    rounding_part: float
    channels: int
    dead: int
    died: int
    wide: int
    typical: float
    span: Ends
    shares: tuple[float, ...]


class _Spread(TypedDict):
    span: Ends
    shares: tuple[float, ...]


class Tally:
    """Collects what `Figures` is made of; `limits` of the stored numbers, and the `step` between two of them."""

    def __init__(self, limits: tuple[float, float] | None, step: float | None) -> None:
        self._limits, self._step = limits, step
        self._sums = np.zeros(7)
        self._ends = np.zeros(6)
        self._count = 0
        self._cut = np.zeros(2)
        self._weight = 0.0
        self._shift: NDArray[np.float64] = np.zeros((2, 0))
        self._histogram = Histogram()
        self._lows: dict[str, NDArray[np.float32]] = {}
        self._highs: dict[str, NDArray[np.float32]] = {}

    def add(self, y: Floats, f: Floats, file: Floats, weight: Floats) -> None:
        """Some pictures: (n, ..., C) each."""
        y, f, file, w = (value.reshape(-1, value.shape[-1]) for value in (y, f, file, weight))
        own, whole = file - f, file - y
        pairs = ((y, y), (whole, whole), (w * f, f), (w * own, own), (file, file), (file, y), (w * file, f))
        self._sums += [float(np.vdot(a, b)) for a, b in pairs]
        self._count += y.size
        self._weight += float(w.sum(dtype=np.float64))
        if self._limits is not None and self._step is not None:
            self._add_ends(f, file, w, w * own * own)
        self._histogram.add(y, float(y.min()), float(y.max()))
        shift = np.stack([(w * own).sum(axis=0, dtype=np.float64), w.sum(axis=0, dtype=np.float64)])
        self._shift = shift if self._shift.size == 0 else self._shift + shift
        for name, value in (("full", y), ("file", file)):
            low, high = value.min(axis=0), value.max(axis=0)
            self._lows[name] = np.minimum(self._lows.get(name, low), low)
            self._highs[name] = np.maximum(self._highs.get(name, high), high)

    def _add_ends(self, f: Floats, file: Floats, w: Floats, error: Floats) -> None:
        """Count what stands at the ends, and what is lost there."""
        (low, high), half = self._limits or (0.0, 0.0), (self._step or 0.0) / 2
        below, above = (f < low - half) & (w > 0), (f > high + half) & (w > 0)
        counted = (below, above, file <= low + half, file >= high - half, f <= low + half, f >= high - half)
        self._ends += [int(np.count_nonzero(one)) for one in counted]
        self._cut += [float(error[below].sum(dtype=np.float64)), float(error[above].sum(dtype=np.float64))]

    def figures(self) -> Figures:
        """What was collected; raises `ValueError` before anything was added."""
        if self._shift.size == 0:
            raise ValueError("no pictures were added")
        yy, whole, ff, own, hh, hy, hf = self._sums
        ends = self._ends / self._count
        rounding = 0.0 if self._step is None else self._weight * self._step**2 / 12
        shifted, weights = self._shift
        shift = np.square(shifted) / np.maximum(weights, np.finfo(np.float64).tiny)
        reach = np.maximum(np.abs(self._lows["full"]), np.abs(self._highs["full"]))
        largest = float(reach.max())
        flat = {name: self._lows[name] == self._highs[name] for name in ("full", "file")}
        limits = self._limits
        return Figures(
            sqnr_db=_db(yy, whole),
            own_sqnr_db=_db(ff, own),
            cosine=hy / math.sqrt(hh * yy) if hh * yy > 0 else 1.0 if hh == yy else 0.0,
            gain=hf / ff if ff > 0 else 1.0,
            stored=None if limits is None else Ends(*limits),
            step=self._step,
            values=Ends(self._histogram.low, self._histogram.high),
            core=Ends(*self._histogram.tails(TAIL)),
            cut_off=Ends(ends[0], ends[1]),
            at_end=Ends(ends[2], ends[3]),
            expected_at_end=Ends(ends[4], ends[5]),
            clipped_parts=Ends(_part(self._cut[0], own), _part(self._cut[1], own)),
            shifted_part=_part(float(shift.sum()), own),
            rounding_part=_part(rounding, own),
            channels=len(reach),
            dead=int(flat["full"].sum()),
            died=int((flat["file"] & ~flat["full"]).sum()),
            wide=int((reach > largest / 2).sum()),
            typical=float(np.median(reach)) / largest if largest > 0 else 1.0,
            **self._spread(),
        )

    def _spread(self) -> _Spread:
        """The histogram in few bins, over what there is and what can be stored."""
        low, high = self._limits or (self._histogram.low, self._histogram.high)
        low, high = min(low, self._histogram.low), max(high, self._histogram.high)
        centres = self._histogram.start + (np.arange(BINS) + 0.5) * (self._histogram.span / BINS)
        width = (high - low) / SHOWN_BINS or 1.0
        places = np.clip(((centres - low) / width).astype(np.int64), 0, SHOWN_BINS - 1)
        counts = np.bincount(places, weights=self._histogram.counts, minlength=SHOWN_BINS)
        return _Spread(span=Ends(low, high), shares=tuple(float(one) for one in counts / max(counts.sum(), 1.0)))


def _db(signal: float, noise: float) -> float:
    if noise <= 0:
        return MAX_DB
    return float(np.clip(10 * math.log10(signal / noise), -MAX_DB, MAX_DB)) if signal > 0 else -MAX_DB


def _part(energy: float, whole: float) -> float:
    return min(energy / whole, 1.0) if whole > 0 else 0.0
