"""`fv evaluate`: how good a run or a model file is on an image set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fv_cli import output
from fv_cli.frameworks import import_keras
from fv_edge_runtime.model_path import FORMATS

app = typer.Typer()
_HARDEST = 5


@app.command()
def evaluate(
    source: Annotated[Path, typer.Argument(metavar="RUN|MODEL", help="A run, or a .keras, .tflite or .onnx file.")],
    data: Annotated[Path, typer.Option(help="Image set.")],
    split: Annotated[str | None, typer.Option(help="Default: validation, else test.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; default: inside the run.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure accuracy on every picture of a split, and write a report."""
    is_device_file = source.suffix.lower() in FORMATS
    if source.exists() and not is_device_file:
        import_keras(source)
    from fv_train.evaluate import EvaluateOptions
    from fv_train.evaluate import evaluate as run_evaluation

    with output.progress() as progress:
        report = run_evaluation(EvaluateOptions(source, data, split, out), progress)
    if as_json:
        output.print_json(report.to_json())
        return
    console = output.stdout()
    console.print(output.safe(report.sentence()), soft_wrap=True)
    hardest = sorted(report.metrics.seen(), key=lambda row: row.f1)[:_HARDEST]
    listed = ", ".join(f"{output.safe(row.label)} {row.f1:.2f}" for row in hardest)
    console.print(f"mean F1 {report.metrics.mean_f1:.3f}; hardest: {listed}", soft_wrap=True)
    console.print(f"report: {output.safe(str(report.html))}", soft_wrap=True)
    output.next_step(f"fv benchmark {source} --data {data}" if is_device_file else f"fv export {source} --int8")
