"""Plots of one point a model with its interval: size against accuracy, latency against the drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fv_benchmark.accuracy import Accuracy
from fv_benchmark.render.axis import WIDTH, Axis, Tick, latency_axis, nice_ticks, ticks_of
from fv_benchmark.render.labels import row_name
from fv_benchmark.report import Report

HEIGHT = 340.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 18.0, 16.0, 46.0
# Names are drawn in 11 px type; these are its line height and its mean advance in common sans-serif fonts.
_LABEL_HEIGHT = 13.0
_CHARACTER_WIDTH = 6.0
_LABEL_GAP = 9.0
_MARK = 6.0
# Room around the outermost marks, as a share of the span; at least so much in the figure's own unit.
_SPARE = 0.08
_LEAST_SPARE = 0.05
# Where a name may stand, in lines below its point: beside it, then a little above or below, then further.
_LINES = (0.0, -1.0, 1.0, -2.0, 2.0, -3.0, 3.0, -4.0, 4.0)


@dataclass(frozen=True)
class Datum:
    """One model's figures: `x`, and `y` with its interval. `kind`: scheme."""

    name: str
    kind: str
    format: str
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Point:
    """One model: centre, vertical interval, and where its name stands.

    `label_anchor`: `start` or `end`. `is_moved`: the name stands off its point and wants a line to it.
    """

    datum: Datum
    x: float
    y: float
    low_y: float
    high_y: float
    label_x: float
    label_y: float
    label_anchor: str
    is_moved: bool


@dataclass(frozen=True)
class Scatter:
    """A plot of points. `zero_y`: height of the line "no drop", where there is one."""

    title: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[Point, ...]
    zero_y: float | None


def size_against_accuracy(report: Report) -> Scatter | None:
    """Megabytes to the right, top-1 with its interval upwards; None without accuracy."""
    seen: dict[str, Datum] = {}
    for result in report.results:
        if result.accuracy is not None:
            figures = (result.size_bytes / 1e6, *_top1(result.accuracy))
            seen.setdefault(result.model, Datum(result.model, result.scheme, result.format, *figures))
    data = list(seen.values())
    return scatter_of("Size and accuracy", "size, MB", "top-1, %", data, _from_zero(data)) if data else None


def latency_against_drop(report: Report) -> Scatter | None:
    """Median milliseconds to the right, percentage points of drop upwards; top-1 where there is no full model.

    None without accuracy.
    """
    shown = [
        (result, result.latency_ms.p50, result.accuracy)
        for result in report.results
        if result.latency_ms.p50 is not None and result.accuracy is not None
    ]
    is_paired = all(accuracy.drop_pp is not None for _, _, accuracy in shown)
    data = [
        Datum(
            row_name(report, result),
            result.scheme,
            result.format,
            p50,
            *(_drop(accuracy) if is_paired else _top1(accuracy)),
        )
        for result, p50, accuracy in shown
    ]
    if not data:
        return None
    values = [datum.x for datum in data]
    x_axis = latency_axis(values, 0.7 * min(values), 1.4 * max(values), LEFT, WIDTH - RIGHT)
    x_title = "median latency, ms (logarithmic)" if x_axis.logarithmic else "median latency, ms"
    if is_paired:
        return scatter_of("Latency and drop", x_title, "drop, points (lower is better)", data, x_axis, zero=True)
    return scatter_of("Latency and accuracy", x_title, "top-1, %", data, x_axis)


def _from_zero(data: Sequence[Datum]) -> Axis:
    return Axis(0.0, (1 + _SPARE) * max(datum.x for datum in data), LEFT, WIDTH - RIGHT)


def scatter_of(
    title: str, x_title: str, y_title: str, data: Sequence[Datum], x_axis: Axis, *, zero: bool = False
) -> Scatter:
    """The data over `x_axis`, names placed; `zero`: with a line at 0, which is on the plot then."""
    lowest, highest = min(datum.low for datum in data), max(datum.high for datum in data)
    lowest, highest = (min(lowest, 0.0), max(highest, 0.0)) if zero else (lowest, highest)
    spare = max(_SPARE * (highest - lowest), _LEAST_SPARE)
    y_axis = Axis(lowest - spare, highest + spare, HEIGHT - BOTTOM, TOP)
    points = [
        Point(
            datum=datum,
            x=x_axis.at(datum.x),
            y=y_axis.at(datum.y),
            low_y=y_axis.at(datum.low),
            high_y=y_axis.at(datum.high),
            label_x=0.0,
            label_y=0.0,
            label_anchor="start",
            is_moved=False,
        )
        for datum in data
    ]
    return Scatter(
        title=title,
        x_title=x_title,
        y_title=y_title,
        x_ticks=ticks_of(x_axis),
        y_ticks=y_axis.ticks(nice_ticks(y_axis.low, y_axis.high)),
        points=tuple(_labelled(points)),
        zero_y=y_axis.at(0.0) if zero else None,
    )


def _labelled(points: Sequence[Point]) -> list[Point]:
    """Names beside their points: the nearest place that lies on no mark and on no other name."""
    taken = [(point.x - _MARK, point.y - _MARK, point.x + _MARK, point.y + _MARK) for point in points]
    placed: dict[int, Point] = {}
    for index in sorted(range(len(points)), key=lambda one: points[one].y):
        point = points[index]
        places = [_place(point, side, lines) for lines in _LINES for side in (1, -1)]
        free = [place for place in places if _is_free(place, taken)]
        chosen = (free or places)[0]
        taken.append(_box(chosen))
        placed[index] = chosen
    return [placed[index] for index in range(len(points))]


def _place(point: Point, side: int, lines: float) -> Point:
    """The name right (1) or left (-1) of the point, so many lines lower."""
    return replace(
        point,
        label_x=point.x + side * (_LABEL_GAP + (2 if lines else 0)),
        label_y=point.y + 4 + lines * _LABEL_HEIGHT,
        label_anchor="start" if side > 0 else "end",
        is_moved=lines != 0,
    )


def _box(point: Point) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the name."""
    width = _CHARACTER_WIDTH * len(point.datum.name)
    left = point.label_x if point.label_anchor == "start" else point.label_x - width
    return left, point.label_y - 10, left + width, point.label_y + 2


def _is_free(place: Point, taken: Sequence[tuple[float, float, float, float]]) -> bool:
    left, top, right, bottom = _box(place)
    inside = left > LEFT and right < WIDTH - 2 and top > 0 and bottom < HEIGHT - BOTTOM
    return inside and not any(
        left < end and start < right and top < under and over < bottom for start, over, end, under in taken
    )


def _top1(accuracy: Accuracy) -> tuple[float, float, float]:
    low, high = accuracy.top1_ci95
    return 100 * accuracy.top1, 100 * low, 100 * high


def _drop(accuracy: Accuracy) -> tuple[float, float, float]:
    if accuracy.drop_pp is None or accuracy.drop_ci95_pp is None:
        raise ValueError("no drop without a full model")
    return accuracy.drop_pp, *accuracy.drop_ci95_pp
