"""The layer report as one self-contained HTML page: no script, no network, light and dark, escaped by Jinja2."""

from __future__ import annotations

import math
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from fv_core.text import printable
from fv_export.layer_picture import LEVELS, NODE_X, level, picture
from fv_export.layer_stats import Ends, Figures
from fv_export.layers import LayerReport, TensorReport

# The worst of them are shown one by one, as on the terminal.
SHOWN = 10
WIDTH, HEIGHT = 460, 96
# A bin of the distribution with one value in a million is still a pixel high.
_SMALLEST_SHARE = 1e-6


@dataclass(frozen=True)
class Bar:
    """One bin of a distribution: where it stands, how high it is; `is_lost`: beyond what can be stored."""

    x: float
    width: float
    height: float
    is_lost: bool


@dataclass(frozen=True)
class Card:
    """One of the worst tensors with its distribution. `low_x`, `high_x`: the ends of what can be stored."""

    report: TensorReport
    level: int
    bars: tuple[Bar, ...]
    low_x: float | None
    high_x: float | None


def html(report: LayerReport) -> str:
    """The whole page."""
    environment = Environment(
        loader=PackageLoader("fv_export", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    drawn = picture(report)
    return environment.get_template("layers.html.j2").render(
        report=report,
        picture=drawn,
        cards=[_card(one) for one in report.tensors[:SHOWN]],
        levels=[f"from {100 * limit:g} %" for limit in LEVELS],
        node_x=NODE_X,
        width=WIDTH,
        height=HEIGHT,
        worst=report.tensors[0].damage or 1.0,
    )


def _card(one: TensorReport) -> Card:
    figures = one.figures
    scale = WIDTH / ((figures.span.high - figures.span.low) or 1.0)
    width = WIDTH / len(figures.shares)
    stored = figures.stored
    bars = tuple(
        Bar(round(place * width, 1), round(width - 1, 1), _height(share), _is_lost(figures, place))
        for place, share in enumerate(figures.shares)
    )
    ends = (None, None) if stored is None else _places(stored, figures.span, scale)
    return Card(one, level(one.damage), bars, *ends)


def _places(stored: Ends, span: Ends, scale: float) -> tuple[float, float]:
    return round((stored.low - span.low) * scale, 1), round((stored.high - span.low) * scale, 1)


def _height(share: float) -> float:
    """Logarithmic: tails are what matters here."""
    if share < _SMALLEST_SHARE:
        return 0.0
    return round(HEIGHT * (1 - math.log(share) / math.log(_SMALLEST_SHARE) * 0.98), 1)


def _is_lost(figures: Figures, place: int) -> bool:
    if figures.stored is None:
        return False
    width = (figures.span.high - figures.span.low) / len(figures.shares)
    centre = figures.span.low + (place + 0.5) * width
    return not figures.stored.low <= centre <= figures.stored.high
