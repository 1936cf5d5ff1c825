"""`fv inspect MODEL --against FULL --data IMAGESET`: the layer report on a terminal, as JSON and as HTML."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fv_cli import output
from fv_cli.frameworks import import_keras
from fv_core.files import write_text

if TYPE_CHECKING:
    from fv_export.layers import LayerOptions, LayerReport, TensorReport

SCHEMA_VERSION = 1
# What fits a screen; --json and --html have them all.
SHOWN = 10


def report_damage(options: LayerOptions, html: Path | None, *, as_json: bool) -> None:
    """Make the report and show it."""
    import_keras()
    from fv_export.layers import layer_report

    with output.progress() as progress:
        report = layer_report(options, progress)
    if html is not None:
        from fv_export.layer_html import html as page

        write_text(html, page(report))
        output.stderr().print(f"written to {output.safe(str(html))}", soft_wrap=True)
    if as_json:
        output.print_json(as_data(report))
        return
    _draw(report)
    cure = next((one.reason.cure for one in report.tensors if one.reason.cure), "")
    output.next_step(with_run(cure, options.full) or f"fv benchmark {options.model} --against {options.full}")


def as_data(report: LayerReport) -> dict[str, Any]:
    """The report as JSON-able data; file names, no paths."""
    return {"schema_version": SCHEMA_VERSION, **asdict(report)}


def with_run(cure: str, full: Path) -> str:
    """The cure with the full model's own path in place of RUN."""
    return cure.replace(" RUN ", f" {shlex.quote(str(full))} ")


def _draw(report: LayerReport) -> None:
    from rich import box
    from rich.table import Table

    console = output.stdout()
    for line in summary(report):
        console.print(output.safe(line), soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for title in ("damage", "own SQNR", "SQNR", "cosine", "cut off"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("tensor", "why, and what to type"):
        table.add_column(title, overflow="fold")
    for one in report.tensors[:SHOWN]:
        table.add_row(*(output.safe(cell) for cell in _cells(one)))
        if one.reason.cure:
            table.add_row(*[""] * 6, output.safe(f"  {one.reason.cure}"))
    console.print(table)
    if len(report.tensors) > SHOWN:
        output.stderr().print(f"the worst {SHOWN} of {len(report.tensors)} tensors; --json and --html have them all")


def summary(report: LayerReport) -> list[str]:
    """What stands above the table."""
    lines = [
        f"{report.model} ({report.scheme}) against {report.full}: "
        f"{report.pictures} pictures of {report.split}, {report.runtime}",
        f"equal answers {report.agreement:.1%}",
    ]
    if report.answer_snr_db is not None:
        lines[1] += f", signal to error of the answer {report.answer_snr_db:.1f} dB"
    if report.predicted_snr_db is not None:
        lines[1] += f" (summed over the tensors {report.predicted_snr_db:.1f} dB)"
    return [*lines, *(f"note: {note}" for note in report.notes)]


def _cells(one: TensorReport) -> tuple[str, ...]:
    figures = one.figures
    cut = figures.cut_off.low + figures.cut_off.high
    dead = f"; {figures.dead} of {figures.channels} channels dead" if figures.dead else ""
    died = f"; {figures.died} constant in the file alone" if figures.died else ""
    return (
        f"{one.damage:.1%}",
        f"{figures.own_sqnr_db:.1f} dB",
        f"{figures.sqnr_db:.1f} dB",
        f"{figures.cosine:.4f}",
        f"{cut:.2%}" if cut else "-",
        f"{one.name} ({one.operator})",
        f"{one.reason.text}{dead}{died}",
    )
