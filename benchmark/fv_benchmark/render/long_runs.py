"""Long runs in words: burst, sustained and clean figures apart, and the curve as a line of characters."""

from __future__ import annotations

from fv_benchmark.curve import LongRun
from fv_benchmark.render import words
from fv_benchmark.render.curves import binned
from fv_benchmark.render.labels import row_name
from fv_benchmark.render.tables import Column, Table
from fv_benchmark.report import Report

_LEVELS = "▁▂▃▄▅▆▇█"
_SPARKS = 32
# A steady run is a flat line: what is drawn is at least this share of the lowest value, from below it to above it.
_LEAST_SPAN = 0.2


def long_run_table(report: Report, *, has_curve: bool = True) -> Table | None:
    """A row for each long run, with its curve unless a plot shows it; None where there is no long run."""
    rows = []
    for result in report.results:
        run = result.long_run
        if run is not None:
            figures = (run.burst_ms, run.sustained_ms, run.clean_ms)
            rows.append(
                (
                    row_name(report, result),
                    str(result.threads),
                    *(words.ms(figure) for figure in figures),
                    f"{run.clean_seconds / run.seconds:.0%}",
                    words.energy(run.energy_mj),
                    *([sparks(run)] if has_curve else []),
                )
            )
    if not rows:
        return None
    titles = ("threads", "burst ms", "sustained ms", "clean ms", "of the time clean", "mJ a call")
    columns = (Column("model", is_figure=False), *(Column(title) for title in titles))
    return Table((*columns, *([Column("median over time", is_figure=False)] if has_curve else [])), tuple(rows))


def long_run_words(run: LongRun) -> str:
    """`burst 5.2 ms, sustained 5.3 ms, clean 5.2 ms (78% of 600 s)`."""
    figures = (("burst", run.burst_ms), ("sustained", run.sustained_ms), ("clean", run.clean_ms))
    said = ", ".join(f"{name} {words.ms(figure)} ms" for name, figure in figures)
    return f"{said} ({run.clean_seconds / run.seconds:.0%} of {run.seconds:.0f} s)"


def sparks(run: LongRun) -> str:
    """The binned medians, low to high, as at most `_SPARKS` characters."""
    medians = [one.median_ms for one in binned(run, _SPARKS)]
    low, high = min(medians), max(medians)
    spare = max(0.0, _LEAST_SPAN * low - (high - low)) / 2
    low, high = low - spare, high + spare
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[round(top * (value - low) / (high - low))] for value in medians)
