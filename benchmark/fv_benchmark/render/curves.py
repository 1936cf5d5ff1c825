"""The curve of a long run as a plot: the median over time with the middle 80 % of the calls, and below it what was
happening: calls a second, temperature and clock where the machine tells. Marked time is shaded through all of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fv_benchmark.curve import CLEAN, LongRun
from fv_benchmark.device_doubts import clock_text
from fv_benchmark.render.axis import Axis, Tick, nice_ticks
from fv_benchmark.render.labels import row_name
from fv_benchmark.report import Report
from fv_benchmark.slices import Slice

WIDTH = 1140.0
LEFT, RIGHT, TOP, BOTTOM, GAP = 58.0, 24.0, 22.0, 30.0, 30.0
TALL, SHORT = 190.0, 64.0
# A bin is then some four pixels wide: closer ones could not be told apart.
MAX_BINS = 240
_WANTED_X_TICKS = 10
_MINUTE_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


@dataclass(frozen=True)
class Bin:
    """Neighbouring slices: their time, and their calls' median, first and ninth tenth in milliseconds."""

    at_s: float
    to_s: float
    median_ms: float
    low_ms: float
    high_ms: float
    calls_a_second: float
    temperature_c: float | None
    clock_mhz: float | None


@dataclass(frozen=True)
class Panel:
    """One plot of the stack. `line`, `band`: SVG point lists, numbers only; `band` is empty where there is none."""

    title: str
    top: float
    bottom: float
    ticks: tuple[Tick, ...]
    line: str
    band: str


@dataclass(frozen=True)
class Shade:
    """Time that something disturbed: from `left` to `right`; `mark` is its name."""

    left: float
    right: float
    mark: str


@dataclass(frozen=True)
class Plot:
    """All panels of one long run."""

    name: str
    height: float
    x_ticks: tuple[Tick, ...]
    panels: tuple[Panel, ...]
    shades: tuple[Shade, ...]


def plots(report: Report) -> list[Plot]:
    """One for each long run of the report."""
    return [_plot(row_name(report, one), one.long_run) for one in report.results if one.long_run is not None]


def binned(run: LongRun, most: int = MAX_BINS) -> list[Bin]:
    """At most `most` bins of equally many slices each (the last one may have fewer)."""
    step = math.ceil(len(run.slices) / most)
    return [_bin(run.slices[start : start + step]) for start in range(0, len(run.slices), step)]


def _bin(slices: Sequence[Slice]) -> Bin:
    low, middle, high = np.quantile(np.concatenate([one.samples_ns for one in slices]), (0.1, 0.5, 0.9)) / 1e6
    seconds = sum(one.seconds for one in slices)
    conditions = [one.condition for one in slices if one.condition is not None]
    return Bin(
        at_s=slices[0].at_s,
        to_s=slices[-1].at_s + slices[-1].seconds,
        median_ms=float(middle),
        low_ms=float(low),
        high_ms=float(high),
        calls_a_second=sum(one.calls for one in slices) / seconds,
        temperature_c=_mean([one.temperature_c for one in conditions]),
        clock_mhz=_mean([one.clock_mhz for one in conditions]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _plot(name: str, run: LongRun) -> Plot:
    bins = binned(run)
    end_s = bins[-1].to_s
    x_axis = Axis(0.0, end_s, LEFT, WIDTH - RIGHT)
    shown: list[tuple[str, Callable[[Bin], float | None], float]] = [
        ("median latency, ms; shaded: from p10 to p90", lambda one: one.median_ms, TALL),
        ("calls a second", lambda one: one.calls_a_second, SHORT),
        ("temperature, °C", lambda one: one.temperature_c, SHORT),
        ("clock, MHz", lambda one: one.clock_mhz, SHORT),
    ]
    panels: list[Panel] = []
    top = TOP
    for title, value, height in shown:
        if all(value(one) is not None for one in bins):
            panels.append(_panel(title, [value(one) or 0.0 for one in bins], bins, x_axis, top, height))
            top += height + GAP
    return Plot(
        name=name,
        height=top - GAP + BOTTOM,
        x_ticks=tuple(Tick(x_axis.at(at_s), clock_text(at_s)) for at_s in _times(end_s)),
        panels=tuple(panels),
        shades=tuple(_shades(run, x_axis)),
    )


def _panel(title: str, values: Sequence[float], bins: Sequence[Bin], x_axis: Axis, top: float, height: float) -> Panel:
    has_band = height == TALL
    highest = max(one.high_ms for one in bins) if has_band else max(values)
    # From zero for what is a rate or a duration; a temperature or a clock is read by its changes.
    lowest = 0.0 if has_band or title.startswith("calls") else min(values)
    ticks = nice_ticks(lowest, highest, 4 if has_band else 2)
    axis = Axis(ticks[0], ticks[-1], top + height, top)
    middles = [x_axis.at((one.at_s + one.to_s) / 2) for one in bins]
    upper = [(x, axis.at(one.high_ms)) for x, one in zip(middles, bins, strict=True)]
    lower = [(x, axis.at(one.low_ms)) for x, one in zip(middles, bins, strict=True)]
    return Panel(
        title=title,
        top=top,
        bottom=top + height,
        ticks=axis.ticks(ticks),
        line=_points([(x, axis.at(value)) for x, value in zip(middles, values, strict=True)]),
        band=_points([*upper, *reversed(lower)]) if has_band else "",
    )


def _shades(run: LongRun, x_axis: Axis) -> list[Shade]:
    found = []
    pairs = zip(run.slices, run.marks, strict=True)
    for mark, group in itertools.groupby(pairs, key=lambda pair: pair[1]):
        slices = [one for one, _ in group]
        if mark != CLEAN:
            end_s = slices[-1].at_s + slices[-1].seconds
            found.append(Shade(x_axis.at(slices[0].at_s), x_axis.at(end_s), mark))
    return found


def _times(end_s: float) -> list[float]:
    step = next((one for one in _MINUTE_STEPS_S if end_s / one <= _WANTED_X_TICKS), _MINUTE_STEPS_S[-1])
    return [float(at_s) for at_s in range(0, math.floor(end_s) + 1, step)]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
