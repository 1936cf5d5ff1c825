"""Axes of the plots in SVG user units: round ticks, and where values stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 560.0
# Tolerance for a limit that is a tick already, relative to the step.
_ON_A_TICK = 1e-9


@dataclass(frozen=True)
class Tick:
    """A position on an axis and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """Values `low`…`high` laid over positions `start`…`end` (an upward axis has `start` below `end`)."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The position of a value; what lies outside stands at the edge."""
        inside = min(max(value, self.low), self.high)
        return round(self.start + (self.end - self.start) * (inside - self.low) / (self.high - self.low), 1)

    def ticks(self, values: Sequence[float]) -> tuple[Tick, ...]:
        """Ticks at those of the values that lie on the axis."""
        return tuple(Tick(self.at(value), f"{value:g}") for value in values if self.low <= value <= self.high)


def nice_ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) that enclose low…high (Heckbert, Graphics Gems 1990)."""
    if not high > low:
        low, high = low - 0.5, low + 0.5
    raw = (high - low) / wanted
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    start, end = math.floor(low / step + _ON_A_TICK), math.ceil(high / step - _ON_A_TICK)
    return [round(index * step, 10) for index in range(start, end + 1)]
