"""The accuracy gate in words: one sentence that answers, a table of figures, and what a reader asks next."""

from __future__ import annotations

from fv_benchmark.changes import BEYOND_CHANCE, GAINED, LOST, STILL_WRONG
from fv_benchmark.gate import Decision, Gated
from fv_benchmark.gate_record import provable_pp
from fv_benchmark.gate_stats import LIKELY
from fv_benchmark.render.table import Column, Table
from fv_benchmark.render.words import ABSENT, signed
from fv_benchmark.stats import PairedDrop

# Classes that are named in a line; the page and the record have them all.
SHOWN = 5


def question(gated: Gated) -> str:
    """What was asked, of which pictures."""
    budget = gated.budget
    return (
        f"at most {points(budget.max_drop_pp)} of top-1 lost, sure to {percent(budget.confidence)}, on "
        f"{gated.drop.n:,} pictures of the {gated.split} split of image set {gated.dataset_fingerprint[:12]}"
    )


def answer(gated: Gated) -> str:
    """The decision, what it rests on, and what would change it."""
    bounds, budget = gated.bounds, f"the budget of {gated.budget.max_drop_pp:g}"
    proved = f"{gated.drop.n:,} pictures prove no smaller budget than {provable_pp(gated):.2f}"
    match gated.decision:
        case Decision.PASSES:
            return f"passes: {_at_most(bounds.high_pp)}, within {budget}; {proved}"
        case Decision.REFUSES:
            return f"refused: it loses at least {bounds.low_pp:.2f} points, more than {budget}"
        case Decision.CANNOT_TELL:
            between = f"{bounds.low_pp:.2f} and {bounds.high_pp:.2f} points"
            return f"cannot tell: it loses between {between}, and {budget} lies between; {needed(gated)}; {proved}"


def needed(gated: Gated) -> str:
    """How many pictures would decide, and on what that rests."""
    if gated.needed is None:
        return f"no number of pictures decides while the measured drop of {gated.drop.drop_pp:.2f} sits on the budget"
    would = "pass" if gated.drop.drop_pp < gated.budget.max_drop_pp else "refuse"
    numbers = f"with an even chance, {rounded(gated.needed.likely)} with {percent(LIKELY)}"
    said = (
        f"if the measured drop of {gated.drop.drop_pp:.2f} is the true one, "
        f"about {rounded(gated.needed.even)} pictures would {would} it {numbers}"
    )
    if gated.needed.without_drop is None or not gated.drop.drop_pp > 0:
        return said
    return f"{said}; if in truth it loses nothing, about {rounded(gated.needed.without_drop)} would pass it"


def figures(found: tuple[Gated, ...]) -> Table:
    """One row a file. All are about the same pictures and the same budget."""
    sure = percent(found[0].budget.confidence)
    titles = (
        "top-1", "drop pp [95 %]", f"bounds, each {sure}", "McNemar p", "top-5 drop pp [95 %]", "agreement",
        "calibration error, change pp [95 %]",
    )  # fmt: skip
    rows = tuple(
        (
            one.name,
            f"{percent(one.full_top1, 2)} → {percent(one.file_top1, 2)}",
            interval(one.drop),
            f"{signed(one.bounds.low_pp)} … {signed(one.bounds.high_pp)}",
            p_value(one.drop.mcnemar_p),
            interval(one.top5) if one.top5 else ABSENT,
            percent(one.agreement, 1),
            error(one),
            one.decision.value,
        )
        for one in found
    )
    columns = (Column("file", is_figure=False), *(Column(title) for title in titles), Column("gate", is_figure=False))
    return Table(columns, rows)


def error(gated: Gated) -> str:
    """The calibration error of the full model and of the file, and its change in points, with its interval."""
    change, (low, high) = gated.error_change.change_pp, gated.error_change.ci95_pp
    between = f"{signed(change)} [{signed(low)}, {signed(high)}]"
    return f"{percent(gated.full_error, 1)} → {percent(gated.file_error, 1)}, {between}"


def flipped(gated: Gated) -> str:
    """How many pictures get two answers, and what that did."""
    count = {kind: sum(one.kind == kind for one in gated.flips) for kind in (LOST, GAINED, STILL_WRONG)}
    if not gated.flips:
        return "no picture gets two answers"
    return (
        f"{len(gated.flips):,} pictures get two answers: {count[LOST]:,} lost, {count[GAINED]:,} gained, "
        f"{count[STILL_WRONG]:,} wrong either way"
    )


def lost_most(gated: Gated) -> str:
    """The classes that lost most, and whether chance explains it."""
    if not gated.losses:
        return "no class lost more pictures than it gained"
    named = ", ".join(f"{one.label} {one.gained - one.lost} of {one.pictures}" for one in gated.losses[:SHOWN])
    beyond = sum(loss.p < BEYOND_CHANCE for loss in gated.losses)
    classes = f"{gated.classes} classes"
    chance = f"{beyond} of {classes} lost more than chance" if beyond else f"none more than the chance of {classes}"
    return f"lost most: {named}; {chance}"


def points(value_pp: float) -> str:
    """`1 point`, `0.5 points`."""
    return f"{value_pp:g} point{'' if value_pp == 1 else 's'}"


def percent(share: float, decimals: int | None = None) -> str:
    """`95 %`, or with so many decimals."""
    return f"{100 * share:g} %" if decimals is None else f"{100 * share:.{decimals}f} %"


def p_value(p: float) -> str:
    """Two digits; `< 0.0001` where it is smaller."""
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def rounded(count: int) -> str:
    """Two digits and thousands: an estimate is no more exact than that."""
    digits = len(str(count)) - 2
    return f"{-(-count // 10**digits) * 10**digits:,}" if digits > 0 else str(count)


def interval(drop: PairedDrop) -> str:
    """`+0.40 [-0.15, +0.97]`."""
    low, high = drop.ci95_pp
    return f"{signed(drop.drop_pp)} [{signed(low)}, {signed(high)}]"


def _at_most(high_pp: float) -> str:
    return f"it loses at most {high_pp:.2f} points" if high_pp >= 0 else f"it gains at least {-high_pp:.2f} points"
