"""Axes of the plots in SVG user units: round ticks, and where values stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 560.0
# Slowest over fastest median from which latencies are drawn on a logarithmic axis.
LOGARITHMIC_FROM = 8.0
# Tolerance for a limit that is a tick already, relative to the step.
_ON_A_TICK = 1e-9


@dataclass(frozen=True)
class Tick:
    """A position on an axis and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """Values `low`…`high` laid over positions `start`…`end` (an upward axis has `start` below `end`).

    `logarithmic`: equal ratios are equally far apart; `low` is then above 0.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The position of a value; what lies outside stands at the edge."""
        inside = min(max(value, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low)
        if self.logarithmic:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        return round(self.start + (self.end - self.start) * share, 1)

    def ticks(self, values: Sequence[float]) -> tuple[Tick, ...]:
        """Ticks at those of the values that lie on the axis."""
        return tuple(Tick(self.at(value), f"{value:g}") for value in values if self.low <= value <= self.high)


def latency_axis(medians: Sequence[float], low: float, high: float, start: float, end: float) -> Axis:
    """An axis for latencies: from zero, or logarithmic from `low` where one model is far slower than another.

    A row of 25 ms would press the differences between rows of 0.8 and 0.9 ms into a few pixels.
    """
    if max(medians) > LOGARITHMIC_FROM * min(medians):
        return Axis(low, high, start, end, logarithmic=True)
    return Axis(0.0, high, start, end)


def ticks_of(axis: Axis, wanted: int = 6) -> tuple[Tick, ...]:
    """Round ticks on the axis; on a logarithmic one 1, 2 and 5 times the powers of ten."""
    if not axis.logarithmic:
        return axis.ticks(nice_ticks(axis.low, axis.high, wanted))
    powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
    return axis.ticks([round(factor * 10.0**power, 10) for power in powers for factor in (1, 2, 5)])


def nice_ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) that enclose low…high (Heckbert, Graphics Gems 1990)."""
    if not high > low:
        low, high = low - 0.5, low + 0.5
    raw = (high - low) / wanted
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    start, end = math.floor(low / step + _ON_A_TICK), math.ceil(high / step - _ON_A_TICK)
    return [round(index * step, 10) for index in range(start, end + 1)]
