"""`fv quickstart`: the whole way once, by typing the other commands: each step is a command line that anybody can type.

A step is skipped when what it makes is there, and every command writes its output whole or not at all; so a quickstart
that was interrupted goes on where it was. The folder is marked, and a folder without the mark is never touched.
"""

from __future__ import annotations

import importlib.util
import json
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fv_cli import __version__, output
from fv_core.errors import AlreadyExists, MissingExtra
from fv_core.files import whole_file, write_text
from fv_core.units import seconds_as_text

app = typer.Typer()
RECIPE = "plates_quick"
MARK = "quickstart.json"
NAME = "plates"
# Larger than any picture of the image set, so that the whole path from a photo to the network is walked.
_PICTURE_SIZE = 320


@dataclass(frozen=True)
class Step:
    """One command line. `makes`: what it writes last; None for a step that only shows something."""

    title: str
    words: tuple[str, ...]
    makes: Path | None


@app.command()
def quickstart(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for everything; a new one, or its own.")] = Path(
        "quickstart"
    ),
) -> None:
    """Go the whole way once, on pictures that fv draws itself: three minutes on two cores, no network.

    Prepare, train, evaluate, export, benchmark, predict. Interrupted and started again, it goes on where it was.
    """
    start_s = time.monotonic()
    _check_installed()
    _claim(out)
    todo = steps(out)
    try:
        for number, step in enumerate(todo, 1):
            _take(step, f"{number}/{len(todo)}")
    except KeyboardInterrupt:
        output.next_step(shlex.join(["fv", "quickstart", "--out", str(out)]))
        raise
    _say_where(out, time.monotonic() - start_s)
    output.next_step("fv data prepare folder:PHOTOS --out data/photos   (a folder of photos for each class)")


def steps(out: Path) -> list[Step]:
    """The whole way as command lines."""
    images, run, picture = out / "data" / NAME, out / "runs" / NAME, out / "lunch.png"
    exported, report = run / "export", out / "report.html"
    resume = ("--resume",) if run.is_dir() else ()
    return [
        Step("Draw plates of food", ("data", "prepare", "builtin:plates", "--out", str(images)), images),
        Step(
            "Train a small network from scratch",
            ("train", RECIPE, "--data", str(images), "--out", str(run), *resume),
            run / "model.keras",
        ),
        Step(
            "Measure it on pictures it never saw",
            ("evaluate", str(run), "--data", str(images)),
            run / "evaluation" / "report_validation.html",
        ),
        Step(
            "Export float and int8, proved on pictures",
            ("export", str(run), "--fp32", "--int8"),
            exported / "export.json",
        ),
        Step(
            "Measure size, latency and accuracy of each file",
            (
                "benchmark", str(exported), "--against", str(run), "--data", str(images),
                "--html", str(report), "--json", str(out / "report.json"),
            ),
            report,
        ),
        Step("Classify one picture", ("predict", str(exported / f"{NAME}_int8.tflite"), str(picture)), None),
    ]  # fmt: skip


def _check_installed() -> None:
    """Say at the beginning, not after a minute, that the half of `fv` that trains is not here."""
    for module in ("tensorflow", "onnx"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtra(
                "the quickstart trains and exports a network",
                why=f"{module} is not installed",
                hint="pip install 'fv[train,export]'",
            )


def _claim(out: Path) -> None:
    """Mark the folder as a quickstart's, and draw its picture; raises `AlreadyExists` for somebody else's folder."""
    mark = out / MARK
    if out.exists() and not mark.is_file() and (not out.is_dir() or any(out.iterdir())):
        raise AlreadyExists(
            f"{out} is not a folder of fv quickstart",
            why="there is something else in it",
            hint=f"fv quickstart --out {out}-fv",
        )
    write_text(mark, json.dumps({"schema_version": 1, "fv": __version__}) + "\n")
    _draw_picture(out / "lunch.png")


def _draw_picture(path: Path) -> None:
    from PIL import Image

    from fv_train.plates import CLASSES, draw, seed_of

    label = CLASSES.index("pizza")
    # A split that no image set has: nobody was trained on this picture.
    picture = Image.fromarray(draw(label, seed_of("lunch", label, 0), _PICTURE_SIZE))
    with whole_file(path) as temporary:
        picture.save(temporary, format="PNG")


def _take(step: Step, number: str) -> None:
    console = output.stdout()
    console.print(f"\n[bold]{number}  {step.title}[/bold]")
    console.print(f"[dim]$ {output.safe(shlex.join(['fv', *step.words]))}[/dim]", soft_wrap=True)
    if step.makes is not None and step.makes.exists():
        console.print("done before")
        return
    with output.without_next_steps():
        _type(step.words)


def _type(words: tuple[str, ...]) -> None:
    from fv_cli.group import run

    run(words)


def _say_where(out: Path, took_s: float) -> None:
    run = out / "runs" / NAME
    console = output.stdout()
    console.print(f"\n[bold]Done in {seconds_as_text(took_s)}.[/bold] Everything is in {output.safe(str(out))}:")
    for path, what in (
        (out / "report.html", "size, latency and accuracy of each file, to be opened in a browser"),
        (run / "export", "the model files; each carries its labels and its preprocessing"),
        (run, "the run: the full model, its history, its evaluation"),
        (out / "data" / NAME, "the pictures"),
    ):
        console.print(f"  {output.safe(str(path)):<32} {what}", soft_wrap=True)
