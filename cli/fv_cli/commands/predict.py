"""`fv predict`: what is on the pictures, says a model file, a .keras file or a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fv_cli import output
from fv_cli.frameworks import KERAS_SUFFIXES
from fv_core.errors import InputError
from fv_core.units import percent_as_text
from fv_edge_runtime.answers import Answer, Answers, Question, answer, parse_input_range
from fv_edge_runtime.labels import check_count, read_labels

app = typer.Typer()
SCHEMA_VERSION = 1
_BAR_COLUMNS = 24


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A .tflite, .onnx or .keras file, or the folder of a run.")],
    pictures: Annotated[list[Path], typer.Argument(help="Pictures to classify.")],
    top: Annotated[int, typer.Option(min=1, help="How many labels to show.")] = Question.top,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
    labels: Annotated[Path | None, typer.Option(help="Labels, one a line, for a file that has none.")] = None,
    input_range: Annotated[
        str | None, typer.Option(metavar="LO,HI", help="What 0 and 255 become, for a file of somebody else's.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of computation.")] = Question.threads,
) -> None:
    """Classify pictures with a model file."""
    question = Question(
        model=str(model),
        pictures=tuple(str(picture) for picture in pictures),
        top=top,
        labels=None if labels is None else read_labels(labels),
        input_range=None if input_range is None else parse_input_range(input_range),
        threads=threads,
    )
    is_keras = model.is_dir() or model.suffix.lower() in KERAS_SUFFIXES
    answers = _ask_keras(question) if is_keras else answer(question)
    if as_json:
        output.print_json(_as_data(question, answers))
        return
    for one in answers.answers:
        _draw(one)
    output.next_step(f"fv export --int8 {model}" if is_keras else f"fv inspect {model}")


def _ask_keras(question: Question) -> Answers:
    """Ask the full model. Keras is imported here, and only here."""
    if question.input_range is not None:
        raise InputError(
            "--input-range is for .tflite and .onnx files",
            why="of a .keras model it is decided when it is exported",
            hint=f"fv export {question.model} --fp32 --input-range LO,HI",
        )
    from fv_cli.frameworks import import_keras

    import_keras(Path(question.model))
    from fv_core.preprocess import decode
    from fv_edge_runtime.classifier import most_probable
    from fv_train.evaluate import keras_classifier

    classifier = keras_classifier(Path(question.model))
    names: Sequence[str] = classifier.labels
    if question.labels is not None:
        check_count(question.labels, len(names), "the label file")
        names = question.labels
    answers = []
    for picture in question.pictures:
        shares = classifier.probabilities(classifier.preprocess(decode(picture))[None])[0]
        answers.append(Answer(picture, tuple(most_probable(names, shares, question.top))))
    return Answers("keras", tuple(answers))


def _as_data(question: Question, answers: Answers) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "model": question.model,
        "runtime": answers.runtime,
        "answers": [
            {"picture": one.picture, "top": [{"label": label, "probability": share} for label, share in one.top]}
            for one in answers.answers
        ],
    }


def _draw(one: Answer) -> None:
    """A heading with the picture's name, and a line for each label: probability, bar, name."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for label, share in one.top:
        bar = Text("█" * round(share * _BAR_COLUMNS), style="green")
        bar.pad_right(_BAR_COLUMNS - len(bar))
        table.add_row("", Text(f"{percent_as_text(share):>8}"), bar, output.safe(label))
    console = output.stdout()
    console.print(f"[bold]{output.safe(one.picture)}[/bold]", soft_wrap=True)
    console.print(table)
