"""The latency plot: one row a model, its single calls as dots, the middle half as a box, median and p90 as lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.render import words
from fv_benchmark.render.axis import Axis, Tick, latency_axis, ticks_of
from fv_benchmark.render.labels import row_name
from fv_benchmark.report import Report, Result

WIDTH = 1140.0
# Names stand to the left, figures to the right.
LEFT, RIGHT, TOP, BOTTOM, ROW_HEIGHT = 230.0, 150.0, 4.0, 44.0, 34.0
# 7 px a character of 12.5 px semi-bold type with its share of wide ones.
MAX_NAME = 29
# A call beyond this share of all is not drawn: one hiccup of 50 ms would press all boxes against the axis.
DRAWN_SHARE = 0.995
# More dots than this melt into one line.
MAX_DOTS = 240
_DOT_SPREAD = 8.0


@dataclass(frozen=True)
class Box:
    """One row: the middle half of the calls, median, p90 (None: too few calls), single calls. `kind`: the scheme."""

    name: str
    short_name: str
    kind: str
    y: float
    left: float
    right: float
    median: float
    p90: float | None
    dots: tuple[tuple[float, float], ...]
    text: str


@dataclass(frozen=True)
class Boxes:
    """The plot. `hidden`: calls beyond the right edge."""

    x_title: str
    x_ticks: tuple[Tick, ...]
    rows: tuple[Box, ...]
    height: float
    hidden: int


def latency_boxes(report: Report) -> Boxes:
    """Single calls of every row, in milliseconds."""
    samples = [np.array(result.samples_ns, dtype=np.float64) / 1e6 for result in report.results]
    edge = 1.05 * max(float(np.quantile(one, DRAWN_SHARE)) for one in samples)
    medians = [float(np.median(one)) for one in samples]
    axis = latency_axis(medians, 0.95 * min(float(one.min()) for one in samples), edge, LEFT, WIDTH - RIGHT)
    threads_differ = len({result.threads for result in report.results}) > 1
    rows = [
        _box(result, row_name(report, result), one, axis, TOP + ROW_HEIGHT * (index + 0.5), threads_differ)
        for index, (result, one) in enumerate(zip(report.results, samples, strict=True))
    ]
    return Boxes(
        x_title="milliseconds (logarithmic)" if axis.logarithmic else "milliseconds",
        x_ticks=ticks_of(axis, wanted=8),
        rows=tuple(rows),
        height=TOP + ROW_HEIGHT * len(rows) + BOTTOM,
        hidden=sum(int((one > edge).sum()) for one in samples),
    )


def _box(
    result: Result, label: str, samples_ms: NDArray[np.float64], axis: Axis, y: float, threads_differ: bool
) -> Box:
    quarter, middle, rest = (float(np.quantile(samples_ms, share)) for share in (0.25, 0.5, 0.75))
    p90 = result.latency_ms.p90
    name = f"{label} × {result.threads}" if threads_differ else label
    return Box(
        name=name,
        short_name=name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…",
        kind=result.scheme,
        y=y,
        left=axis.at(quarter),
        right=axis.at(rest),
        median=axis.at(middle),
        p90=None if p90 is None else axis.at(p90),
        dots=_dots(samples_ms[samples_ms <= axis.high], axis, y),
        text=f"p50 {words.ms(middle)}  p90 {words.ms(p90)}",
    )


def _dots(samples_ms: NDArray[np.float64], axis: Axis, y: float) -> tuple[tuple[float, float], ...]:
    """At most `MAX_DOTS` calls, evenly taken from the sorted ones (so that the tails stay), scattered up and down."""
    ordered = np.sort(samples_ms)
    chosen = ordered[np.linspace(0, len(ordered) - 1, min(len(ordered), MAX_DOTS)).round().astype(int)]
    # The golden ratio's multiples fill the interval evenly, and the same report is always the same picture.
    heights = (np.arange(len(chosen)) * 0.618034) % 1.0 - 0.5
    return tuple(
        (axis.at(float(value)), round(y + 2 * _DOT_SPREAD * float(height), 1))
        for value, height in zip(chosen, heights, strict=True)
    )
