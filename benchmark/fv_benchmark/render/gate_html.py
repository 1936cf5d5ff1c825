"""The gate's report on one file as a self-contained page: the answer, the interval against the budget, the pictures.

Without script or network; everything is escaped by Jinja2. The pictures come out of the image set that was judged on.
"""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from fv_benchmark.changes import BEYOND_CHANCE, GAINED, LOST, STILL_WRONG, Flip
from fv_benchmark.gate import Gated
from fv_benchmark.render import gate_words
from fv_benchmark.render.axis import Axis, Tick, nice_ticks
from fv_benchmark.render.thumbnails import thumbnail
from fv_core.imageset import ImageSet, Split
from fv_core.text import printable

# Pictures shown of each kind: 180 make a page of about a megabyte. The record beside the page has all of them.
SHOWN = 60
CLASSES_SHOWN = 10
_WIDTH = 760.0
_HEADINGS = {
    LOST: "Lost: only the full model is right",
    GAINED: "Gained: only this file is right",
    STILL_WRONG: "Wrong either way, with another answer",
}


@dataclass(frozen=True)
class Card:
    """One picture of the grid: `source` of its `img`, and what the two say of it."""

    flip: Flip
    source: str


@dataclass(frozen=True)
class Grid:
    """The pictures of one kind: the first of `count`, the surest first."""

    kind: str
    heading: str
    count: int
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Plot:
    """Positions of the bounds, the estimate, the budget and zero on a line from left to right."""

    width: float
    ticks: tuple[Tick, ...]
    low: float
    high: float
    estimate: float
    budget: float
    zero: float


def html(gated: Gated, imageset: ImageSet) -> str:
    """The whole page; `imageset` is the one that was judged on."""
    environment = Environment(
        loader=PackageLoader("fv_benchmark", "render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str and not value.startswith("data:") else value,
    )
    return environment.get_template("gate.html.j2").render(
        gated=gated,
        words=gate_words,
        table=gate_words.figures((gated,)),
        plot=plot(gated),
        grids=grids(gated, imageset.split(gated.split)),
        classes_shown=CLASSES_SHOWN,
        beyond_chance=BEYOND_CHANCE,
    )


def plot(gated: Gated) -> Plot:
    """The line of the drop, wide enough for the bounds, the budget and zero."""
    budget, bounds = gated.budget.max_drop_pp, gated.bounds
    ticks = nice_ticks(min(bounds.low_pp, 0.0), max(bounds.high_pp, budget), wanted=8)
    axis = Axis(ticks[0], ticks[-1], 12.0, _WIDTH - 12.0)
    return Plot(
        width=_WIDTH,
        ticks=axis.ticks(ticks),
        low=axis.at(bounds.low_pp),
        high=axis.at(bounds.high_pp),
        estimate=axis.at(gated.drop.drop_pp),
        budget=axis.at(budget),
        zero=axis.at(0.0),
    )


def grids(gated: Gated, split: Split) -> tuple[Grid, ...]:
    """The flipped pictures by kind, those without any left out; rows are found by sample id."""
    row = {name: index for index, name in enumerate(split.ids)}
    found = []
    for kind, heading in _HEADINGS.items():
        flips = [one for one in gated.flips if one.kind == kind]
        cards = tuple(Card(one, thumbnail(split.images[row[one.id]])) for one in flips[:SHOWN])
        if flips:
            found.append(Grid(kind, heading, len(flips), cards))
    return tuple(found)
