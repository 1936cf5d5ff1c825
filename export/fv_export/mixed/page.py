"""The frontier as a self-contained page: the answer, two plots with the chosen point, the restored layers.

Without script or network; everything is escaped by Jinja2. Plots are SVG in the page (`fv_benchmark.render.scatter`).
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from fv_benchmark.render import scatter
from fv_benchmark.render.axis import WIDTH, Axis
from fv_benchmark.render.scatter import Datum, Scatter, scatter_of
from fv_core.text import printable
from fv_export.mixed import words
from fv_export.mixed.frontier import FLOAT, PLAIN, WEIGHTS_ONLY
from fv_export.mixed.outcome import Answer, Outcome, Point

CHOSEN = "chosen"
_MIXED = "mixed"
_KINDS = {FLOAT: "fp32", PLAIN: "int8", WEIGHTS_ONLY: "dynamic"}
_CLASSES = {Answer.KEPT: "passes", Answer.BROKEN: "refuses", Answer.CANNOT_TELL: "cannot"}
_SPARE = 0.12


def html(outcome: Outcome, name: str) -> str:
    """The whole page; `name`: of the file."""
    environment = Environment(
        loader=PackageLoader("fv_export", "mixed"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    return environment.get_template("frontier.html.j2").render(
        name=name,
        outcome=outcome,
        words=words,
        answer=_CLASSES[outcome.answer],
        plots=plots(outcome),
        frontier=words.frontier_table(outcome),
        layers=words.layers_table(outcome),
        size=scatter,
        target_y=lambda plot: _height(plot, outcome.target_pp),
        width=WIDTH,
        kinds=(
            (CHOSEN, "chosen"),
            ("int8", "plain int8"),
            (_MIXED, "on the way"),
            ("dynamic", WEIGHTS_ONLY),
            ("fp32", "float"),
        ),
    )


def plots(outcome: Outcome) -> list[Scatter]:
    """Latency against drop where latencies are known, and size against drop."""
    found = []
    timed = [(index, point, point.latency_ms) for index, point in enumerate(outcome.points)]
    if all(latency_ms is not None for _, _, latency_ms in timed):
        data = [_datum(outcome, index, point, x) for index, point, x in timed if x is not None]
        found.append(_plot("Latency and drop", "median latency, ms", data))
    data = [_datum(outcome, index, point, point.size_bytes / 1e6) for index, point in enumerate(outcome.points)]
    found.append(_plot("Size and drop", "size, MB", data))
    return found


def _datum(outcome: Outcome, index: int, point: Point, x: float) -> Datum:
    kind = CHOSEN if index == outcome.chosen else _KINDS.get(point.name, _MIXED)
    return Datum(point.name, kind, outcome.format, x, point.drop.drop_pp, *point.drop.ci_pp)


def _plot(title: str, x_title: str, data: list[Datum]) -> Scatter:
    lowest, highest = min(datum.x for datum in data), max(datum.x for datum in data)
    spare = _SPARE * (highest - lowest) or _SPARE * highest
    axis = Axis(max(lowest - spare, 0.0), highest + spare, scatter.LEFT, WIDTH - scatter.RIGHT)
    return scatter_of(title, x_title, "drop, points (lower is better)", data, axis, zero=True)


def _height(plot: Scatter, value: float) -> float:
    """Where a drop stands on the plot: its upward axis is linear, so two ticks tell."""
    first, last = plot.y_ticks[0], plot.y_ticks[-1]
    low, high = float(first.text), float(last.text)
    return round(first.at + (last.at - first.at) * (value - low) / (high - low), 1)
