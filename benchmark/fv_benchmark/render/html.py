"""A report as one self-contained HTML page: no script, no network, light and dark, everything escaped by Jinja2.

The plots are SVG in the page (`scatter`, `boxes` say where the marks stand); colours are CSS variables of the template.
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from fv_benchmark.models import SCHEME_ORDER, UNKNOWN_SCHEME
from fv_benchmark.render import boxes, curves, scatter, words
from fv_benchmark.render.axis import WIDTH
from fv_benchmark.render.long_runs import long_run_table
from fv_benchmark.render.table import about, bar_names, main_table, run_notes, start_table
from fv_benchmark.report import Report, Result
from fv_core.text import printable


def html(report: Report, title: str = "Benchmark") -> str:
    """The whole page."""
    environment = Environment(
        loader=PackageLoader("fv_benchmark", "render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    main = main_table(report)
    found = [scatter.size_against_accuracy(report), scatter.latency_against_drop(report)]
    return environment.get_template("report.html.j2").render(
        title=title,
        about=about(report),
        run_notes=run_notes(report),
        main=main,
        start=start_table(report),
        bars=_bars(report),
        long_runs=long_run_table(report, has_curve=False),
        curves=curves.plots(report),
        curve=curves,
        scatters=[one for one in found if one is not None],
        boxes=boxes.latency_boxes(report),
        size=scatter,
        width=WIDTH,
        box=boxes,
        colour=_colour,
        schemes=[
            name for name in (*SCHEME_ORDER, UNKNOWN_SCHEME) if name in {_colour(one.scheme) for one in report.results}
        ],
        protocol=report.protocol,
    )


def _colour(scheme: str) -> str:
    """The CSS class of a scheme; only names of ours, whatever a file says of itself."""
    return scheme if scheme in SCHEME_ORDER else UNKNOWN_SCHEME


def _bars(report: Report) -> list[dict[str, object]]:
    """The overview: each row's size and median latency as a share of the largest, and its accuracy in words."""
    largest = max(result.size_bytes for result in report.results)
    slowest = max((result.latency_ms.p50 or 0.0) for result in report.results)
    names = bar_names(report)
    return [_bar(result, name, largest, slowest) for result, name in zip(report.results, names, strict=True)]


def _bar(result: Result, name: str, largest_bytes: int, slowest_ms: float) -> dict[str, object]:
    p50 = result.latency_ms.p50
    return {
        "name": name,
        "threads": result.threads,
        "colour": _colour(result.scheme),
        "size": f"{words.megabytes(result.size_bytes)} MB",
        "size_share": round(100 * result.size_bytes / largest_bytes, 1),
        "latency": "too few calls" if p50 is None else f"{words.ms(p50)} ms",
        "latency_share": 0.0 if p50 is None else round(100 * p50 / slowest_ms, 1),
        "ratio": words.ratio(result.ratio_to_first),
        "top1": words.top1(result.accuracy),
        "drop": words.drop(result.accuracy),
    }
