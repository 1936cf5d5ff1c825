"""`fv gate`: does a model file, anybody's, lose at most so much against the full model?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fv_benchmark.answer import Question, answer
from fv_benchmark.benchmark import BenchmarkOptions, question_for
from fv_benchmark.gate import Budget, Gated, judge, worst
from fv_benchmark.models import find_models
from fv_cli import against as full_model
from fv_cli import gated, output
from fv_core.files import check_writable
from fv_core.imageset import ImageSet
from fv_core.progress import Progress
from fv_edge_runtime.answers import parse_input_range

app = typer.Typer()


@app.command()
def gate(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL…", help="Model files, folders of them, or runs.")],
    against: Annotated[Path, typer.Option(metavar="RUN|MODEL", help="The full model.")],
    max_drop: Annotated[float, typer.Option(metavar="PP", help="Points of top-1 that a file may lose.")],
    data: Annotated[
        Path | None, typer.Option(metavar="IMAGESET", help="Labelled pictures; default: the run's own.")
    ] = None,
    confidence: Annotated[float, typer.Option(help="How sure the answer must be, either way.")] = Budget.confidence,
    split: Annotated[str | None, typer.Option(help="Default: validation, else test.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Judge on so many pictures only.")] = None,
    input_range: Annotated[
        str | None, typer.Option(metavar="LO,HI", help="What 0 and 255 become, for files of somebody else's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a page and a record of each file, with its pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Judge model files by an accuracy budget: exit code 0 passes, 3 refused, 4 cannot tell.

    The files may come from anywhere. Each is compared with the full model on the same pictures.
    """
    budget = Budget(max_drop, confidence)
    options = BenchmarkOptions(
        models=tuple(models),
        imageset=data or full_model.image_set_of(against),
        split=split,
        limit=limit,
        input_range=None if input_range is None else parse_input_range(input_range),
    )
    if out is not None:
        check_writable(out / "page")
    with output.progress() as progress:
        question = question_for(options)
        assert question is not None  # noqa: S101 - for the type checker: there is an image set
        found = _judged(options, question, against, budget, progress)
    _tell(found, question, out, as_json=as_json)
    output.next_step(_next(models, against, budget, out, found))
    if code := worst([one.decision for one in found]).exit_code:
        raise typer.Exit(code)


def _judged(
    options: BenchmarkOptions, question: Question, against: Path, budget: Budget, progress: Progress
) -> list[Gated]:
    models = find_models(options.models)
    full = full_model.full_answers(against, question, progress)
    return [
        judge(model.name, full, answer(model.path, question, progress, f"answering, {model.name}"), budget)
        for model in models
    ]


def _tell(found: list[Gated], question: Question, out: Path | None, *, as_json: bool) -> None:
    from fv_benchmark.gate_files import write_gate
    from fv_benchmark.gate_record import record

    pages = [write_gate(out, one, ImageSet.open(question.imageset)) for one in found] if out else []
    if as_json:
        output.print_json({"files": [record(one) for one in found]})
    else:
        gated.show(found)
    for page in pages:
        output.stderr().print(f"pictures: {output.safe(str(page))}", soft_wrap=True)


def _next(models: list[Path], against: Path, budget: Budget, out: Path | None, found: list[Gated]) -> str:
    named = " ".join(str(path) for path in models)
    if out is None and any(one.flips for one in found):
        return f"fv gate {named} --against {against} --max-drop {budget.max_drop_pp:g} --out gate"
    return f"fv benchmark {named} --against {against}"
