"""`fv train`: a recipe and an image set in, a run out."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fv_cli import output
from fv_cli.frameworks import import_keras
from fv_core.errors import InputError

if TYPE_CHECKING:
    from fv_train.begin import TrainOptions
    from fv_train.run import Run

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
    worker: Annotated[int | None, typer.Option(help="On several machines: which of --workers this one is.")] = None,
    workers: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT,…", help="All machines, the same on each; the first writes the run."),
    ] = None,
) -> None:
    """Train a recipe on an image set.

    Stopped in any way, a run goes on from its last checkpoint with --resume.

    distribute=data_parallel divides each batch among all devices of this machine, or of those of --workers.
    """
    options = _options(recipe, settings or [], data, out, resume=resume)
    try:
        run = _trained_together(options, worker, workers) if worker is not None or workers else _trained(options)
    except KeyboardInterrupt:
        # The path of a run that was stopped before its folder was made would lead nowhere.
        if options.out.is_dir():
            output.next_step(_again(recipe, settings or [], data, options.out, worker, workers))
        raise
    if run is None:
        output.stderr().print(f"worker {worker} is done: the run is on the machine of worker 0")
        return
    output.stdout().print(f"[bold]{output.safe(str(run.folder))}[/bold]", soft_wrap=True)
    output.next_step(f"fv evaluate {run.folder} --data {options.imageset}")
    # Ranges from the pictures that a file is judged on would flatter it; the published network learnt from none here.
    calibration = " --calibration PICTURES" if run.recipe.model.head == "published" else ""
    output.next_step(f"fv export {run.folder} --int8{calibration}")


def _trained(options: TrainOptions) -> Run:
    import_keras()
    from fv_train.loop import train as run_training

    with output.progress() as progress:
        return run_training(options, progress)


def _trained_together(options: TrainOptions, worker: int | None, workers: str | None) -> Run | None:
    """As one of several; Keras is imported by the process that trains."""
    if importlib.util.find_spec("keras") is None:
        import_keras()  # says what is missing
    from fv_train.distribute.cluster import read_cluster
    from fv_train.distribute.supervise import train_together

    cluster = read_cluster(worker, workers)
    with output.progress() as progress:
        return train_together(options, cluster, progress)


def _options(name: str, settings: list[str], data: Path | None, out: Path | None, *, resume: bool) -> TrainOptions:
    from fv_train.begin import TrainOptions
    from fv_train.recipe import load_recipe
    from fv_train.run import newest_unfinished, numbered

    recipe = load_recipe(name, settings)
    imageset = data or Path(recipe.data.imageset)
    if not (data or recipe.data.imageset) or not imageset.is_dir():
        source = recipe.data.source or "folder:PICTURES"
        where = data or recipe.data.imageset or "data/pictures"
        classes = " --classes imagenet" if recipe.model.head == "published" else ""
        raise NoPictures(
            f"no pictures for {recipe.name}",
            why=f"there is no image set at {imageset}" if data or recipe.data.imageset else "the recipe names none",
            hint=f"fv data prepare {source}{classes} --out {where}, or --data IMAGESET",
        )
    if out is None:
        out = newest_unfinished(RUNS, recipe.name) if resume else numbered(RUNS, recipe.name)
    return TrainOptions(recipe, imageset, out, resume)


def _again(
    recipe: str, settings: list[str], data: Path | None, out: Path, worker: int | None, workers: str | None
) -> str:
    """The command that goes on with the same training."""
    import shlex

    words = ["fv", "train", recipe, "--out", str(out)]
    words += ["--data", str(data)] if data else []
    for setting in settings:
        words += ["--set", setting]
    words += ["--worker", str(worker), "--workers", workers] if worker is not None and workers else []
    return shlex.join([*words, "--resume"])
