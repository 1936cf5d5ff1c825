"""`fv train`: a recipe and an image set in, a run out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fv_cli import output
from fv_cli.frameworks import import_keras
from fv_core.errors import InputError

if TYPE_CHECKING:
    from fv_train.begin import TrainOptions

app = typer.Typer()
RUNS = Path("runs")


class NoPictures(InputError):
    """Neither the command line nor the recipe says which pictures to train on, or they are not there."""

    code = "no-pictures"


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe (fv recipes), or a .toml file.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default: runs/RECIPE-N.")] = None,
    data: Annotated[Path | None, typer.Option(help="Image set; default: the recipe's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the recipe.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
) -> None:
    """Train a recipe on an image set.

    Stopped in any way, a run goes on from its last checkpoint with --resume.
    """
    options = _options(recipe, settings or [], data, out, resume=resume)
    import_keras()
    from fv_train.loop import train as run_training

    try:
        with output.progress() as progress:
            run = run_training(options, progress)
    except KeyboardInterrupt:
        # The path of a run that was stopped before its folder was made would lead nowhere.
        if options.out.is_dir():
            output.next_step(_again(recipe, settings or [], data, options.out))
        raise
    output.stdout().print(f"[bold]{output.safe(str(run.folder))}[/bold]", soft_wrap=True)
    output.next_step(f"fv evaluate {run.folder} --data {options.imageset}")
    output.next_step(f"fv export {run.folder} --int8")


def _options(name: str, settings: list[str], data: Path | None, out: Path | None, *, resume: bool) -> TrainOptions:
    from fv_train.begin import TrainOptions
    from fv_train.recipe import load_recipe
    from fv_train.run import newest_unfinished, numbered

    recipe = load_recipe(name, settings)
    imageset = data or Path(recipe.data.imageset)
    if not (data or recipe.data.imageset) or not imageset.is_dir():
        source = recipe.data.source or "folder:PICTURES"
        where = data or recipe.data.imageset or "data/pictures"
        raise NoPictures(
            f"no pictures for {recipe.name}",
            why=f"there is no image set at {imageset}" if data or recipe.data.imageset else "the recipe names none",
            hint=f"fv data prepare {source} --out {where}, or --data IMAGESET",
        )
    if out is None:
        out = newest_unfinished(RUNS, recipe.name) if resume else numbered(RUNS, recipe.name)
    return TrainOptions(recipe, imageset, out, resume)


def _again(recipe: str, settings: list[str], data: Path | None, out: Path) -> str:
    """The command that goes on with the same training."""
    import shlex

    words = ["fv", "train", recipe, "--out", str(out)]
    words += ["--data", str(data)] if data else []
    for setting in settings:
        words += ["--set", setting]
    return shlex.join([*words, "--resume"])
