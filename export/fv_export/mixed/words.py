"""What a search found, in words and rows: for the terminal and the page."""

from __future__ import annotations

from fv_benchmark.render import words
from fv_benchmark.render.tables import Column, Table
from fv_benchmark.stats import PairedDrop
from fv_export.mixed.outcome import Answer, Outcome, Point, Timed
from fv_export.mixed.search import NEARLY

_CHOSEN = "→ "


def frontier_table(outcome: Outcome) -> Table:
    """A row a file, the chosen one marked."""
    titles = (
        "layers in float",
        "multiply-adds in 8 bits",
        "MB",
        "p50 ms",
        "× float [95 %]",
        "drop pp [95 %]",
        "agreement",
    )
    rows = tuple(
        (f"{_CHOSEN if index == outcome.chosen else ''}{point.name}", *_figures(point))
        for index, point in enumerate(outcome.points)
    )
    return Table(columns=(Column("file", is_figure=False), *(Column(title) for title in titles)), rows=rows, notes=())


def layers_table(outcome: Outcome) -> Table:
    """The restored layers, the most guilty first."""
    total = sum(layer.damage for layer in outcome.restored)
    rows = tuple(
        (layer.layer, f"{1000 * layer.damage:.2f}", f"{layer.damage / total:.0%}", f"{1000 * layer.extra_ms:+.0f}")
        for layer in outcome.restored
    )
    columns = (
        Column("restored to float", is_figure=False),
        Column("damage alone, millinats"),
        Column("of these"),
        Column("costs alone, µs"),
    )
    return Table(columns=columns, rows=rows, notes=())


def sentence(outcome: Outcome) -> str:
    """The answer: kept, broken or cannot tell, with the figures that say so."""
    point, plain = outcome.point, outcome.points[outcome.plain]
    _, reporting = outcome.pictures
    told = f"drop {drop(point.drop)} points on the {reporting:,} pictures that did not choose"
    verdict = {
        Answer.KEPT: f"within {outcome.target_pp:g} points: {told}",
        Answer.BROKEN: f"not within {outcome.target_pp:g} points: {told}",
        Answer.CANNOT_TELL: f"cannot tell whether within {outcome.target_pp:g} points: {told}",
    }[outcome.answer]
    if outcome.assurance is None:
        return f"{verdict}; plain int8 is within the target on both halves"
    return f"{verdict}; plain int8: {drop(plain.drop)}"


def promise(outcome: Outcome) -> str:
    """How surely the target was to be kept, before the pictures that report were asked."""
    choosing, reporting = outcome.pictures
    if outcome.assurance is None:
        return f"nothing had to be chosen on the {choosing:,} pictures that choose"
    said = (
        f"assurance {outcome.assurance:.0%}: so probably do {reporting:,} other pictures show a drop within "
        f"{outcome.target_pp:g} points, told from the {choosing:,} that chose"
    )
    if outcome.reached:
        return f"{said}; {outcome.wanted:.0%} was wanted"
    return (
        f"{said}; no mixture of layers has the {outcome.wanted:.0%} that was wanted, and of those within "
        f"{100 * NEARLY:.0f} points of the surest this one has the fewest in float"
    )


def composition(outcome: Outcome) -> str:
    """How much is left in integers, and what it costs."""
    point = outcome.point
    speed = "" if point.latency_ms is None else f", {words.ms(point.latency_ms)} ms"
    speed += "" if point.ratio is None else f" ({words.ratio(point.ratio)} × float)"
    layers = point.layers or 0
    return (
        f"{layers} layer{'' if layers == 1 else 's'} restored to float, {point.integer_share:.1%} of the multiply-adds "
        f"in 8 bits, {words.megabytes(point.size_bytes)} MB{speed} on {outcome.machine}"
    )


def effort(outcome: Outcome) -> str:
    """How much was tried, and how much of it was there already."""
    return f"{outcome.tried} mixtures tried; {outcome.computed} results computed, {outcome.remembered} remembered"


def timing(timed: Timed) -> str:
    """A file beside the float file of its format."""
    said = {
        Answer.KEPT: "faster than float",
        Answer.BROKEN: "slower than float",
        Answer.CANNOT_TELL: "as fast as float",
    }
    sure = "" if timed.answer is not Answer.CANNOT_TELL else ", as far as these calls can tell"
    return (
        f"{said[timed.answer]}{sure}: {words.ms(timed.latency_ms)} ms, {words.ratio(timed.ratio)} × the "
        f"{words.ms(timed.float_ms)} ms of fp32 on {timed.machine}"
    )


def drop(found: PairedDrop) -> str:
    """`+0.31 [-0.12, +0.74]`."""
    return f"{words.signed(found.drop_pp)} [{words.signed(found.ci_pp[0])}, {words.signed(found.ci_pp[1])}]"


def _figures(point: Point) -> tuple[str, ...]:
    return (
        words.ABSENT if point.layers is None else str(point.layers),
        f"{point.integer_share:.1%}",
        words.megabytes(point.size_bytes),
        words.ms(point.latency_ms),
        words.ABSENT if point.ratio is None else words.ratio(point.ratio),
        drop(point.drop),
        f"{point.agreement:.1%}",
    )
