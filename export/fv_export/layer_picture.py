"""The network as an arc diagram: one row a tensor in the order of execution, arcs for what is read from further up.

Whatever jumps over rows (residual sums, the gates of squeeze-and-excite blocks) is an arc on the left; what reads the
row above it is a short line. Colour is the share of the damage, by `level`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fv_export.layers import LayerReport, TensorReport

ROW = 21
# Room for the headings.
TOP = 36
NODE_X = 132
# The furthest that an arc bends out, a little less than the room beside the nodes.
_DEEPEST = 122.0
# Shares of the damage at which the next colour begins: each three times the one before, up to a quarter.
LEVELS = (0.003, 0.01, 0.03, 0.09, 0.25)


@dataclass(frozen=True)
class Row:
    """One tensor at height `y`; `level`: 0 harmless to 5, None where the file does not show it."""

    name: str
    y: int
    level: int | None
    report: TensorReport | None


@dataclass(frozen=True)
class Arc:
    """From row to row as an SVG path; `is_short`: between neighbours."""

    path: str
    is_short: bool


@dataclass(frozen=True)
class Picture:
    """`height` in pixels; rows from the input to the answer."""

    height: int
    rows: tuple[Row, ...]
    arcs: tuple[Arc, ...]


def level(damage: float) -> int:
    """0 to 5 by `LEVELS`."""
    return sum(damage >= limit for limit in LEVELS)


def picture(report: LayerReport) -> Picture:
    """The rows and arcs of a report."""
    found = {one.name: one for one in report.tensors}
    rows = tuple(
        Row(name, TOP + place * ROW, level(found[name].damage) if name in found else None, found.get(name))
        for place, name in enumerate(report.order)
    )
    places = {row.name: place for place, row in enumerate(rows)}
    arcs = tuple(
        _arc(places[source], place)
        for place, row in enumerate(rows)
        for source in report.reads.get(row.name, ())
        if source in places
    )
    return Picture(TOP + len(rows) * ROW, rows, arcs)


def _arc(start: int, end: int) -> Arc:
    y0, y1 = TOP + start * ROW, TOP + end * ROW
    if end == start + 1:
        return Arc(f"M{NODE_X} {y0}V{y1}", is_short=True)
    bend = NODE_X - min(_DEEPEST, 16 + 17 * math.sqrt(end - start))
    return Arc(f"M{NODE_X} {y0}C{bend:.0f} {y0} {bend:.0f} {y1} {NODE_X} {y1}", is_short=False)
