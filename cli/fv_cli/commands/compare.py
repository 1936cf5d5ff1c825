"""`fv compare`: two reports of `fv benchmark`, model by model: better, worse, or cannot tell."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from fv_benchmark.compare import Comparison, Judgement, Pair, Verdict
from fv_benchmark.compare import compare as compare_reports
from fv_benchmark.render.table import Column, Table
from fv_benchmark.render.words import NOT_MEASURED, megabytes, superscript
from fv_benchmark.report_file import read_report
from fv_cli import output

app = typer.Typer()
SCHEMA_VERSION = 1
_COLOURS = {Verdict.BETTER.value: "green", Verdict.WORSE.value: "red", Verdict.CANNOT_TELL.value: "yellow"}


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A.json", help="Report of before.")],
    b: Annotated[Path, typer.Argument(metavar="B.json", help="Report of now; it is judged against A.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
) -> None:
    """Judge B against A, model by model: better, worse, or cannot tell."""
    comparison = compare_reports(read_report(a), read_report(b))
    if as_json:
        output.print_json({"schema_version": SCHEMA_VERSION, **_as_data(comparison)})
        return
    show(comparison)
    output.next_step(f"fv benchmark MODEL --json {b}")


def show(comparison: Comparison) -> None:
    """Draw the verdicts on stdout, and what a reader has to know."""
    from fv_cli.tables import drawn

    console = output.stdout()
    table = verdict_table(comparison)
    console.print(drawn(table, _COLOURS))
    for mark, text in table.notes:
        console.print(f"{mark} {output.safe(text)}", soft_wrap=True)
    for note in comparison.notes:
        console.print(f"[yellow]! {output.safe(note)}[/yellow]", soft_wrap=True)
    for name, only in (("A", comparison.only_a), ("B", comparison.only_b)):
        if only:
            console.print(f"only in {name}: {output.safe(', '.join(only))}", soft_wrap=True)


def verdict_table(comparison: Comparison) -> Table:
    """One row a model that stands in both reports."""
    titles = ("latency, B ÷ A [95 %]", "top-1, B − A [95 %]", "MB, A → B")
    notes = list(dict.fromkeys(note for pair in comparison.pairs for note in pair.notes))
    return Table(
        columns=tuple(Column(title, is_figure=False) for title in ("model", "threads", *titles)),
        rows=tuple(_row(pair, notes) for pair in comparison.pairs),
        notes=tuple((superscript(index + 1), note) for index, note in enumerate(notes)),
    )


def _row(pair: Pair, notes: list[str]) -> tuple[str, ...]:
    marks = " ".join(superscript(notes.index(note) + 1) for note in pair.notes)
    before, after = pair.size_bytes
    size = megabytes(before) if before == after else f"{megabytes(before)} → {megabytes(after)}"
    where = "" if pair.machines is None else f" · {' → '.join(dict.fromkeys(pair.machines))}"
    return f"{pair.model}{where} {marks}".rstrip(), str(pair.threads), _words(pair.latency), _words(pair.accuracy), size


def _words(judgement: Judgement | None) -> str:
    return NOT_MEASURED if judgement is None else f"{judgement.verdict.value}: {judgement.why}"


def _as_data(comparison: Comparison) -> dict[str, Any]:
    data = asdict(comparison)
    for entry, pair in zip(data["pairs"], comparison.pairs, strict=True):
        entry["latency"]["verdict"] = pair.latency.verdict.value
        if pair.accuracy is not None:
            entry["accuracy"]["verdict"] = pair.accuracy.verdict.value
    return data
