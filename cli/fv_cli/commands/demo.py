"""`fv demo`: a page that shows what a model says, in a browser here or on a phone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fv_cli import output
from fv_core.errors import MissingPath
from fv_edge_runtime.answers import parse_input_range
from fv_edge_runtime.labels import read_labels
from fv_edge_runtime.model_path import FORMATS

if TYPE_CHECKING:
    from fv_benchmark.web.mistakes import Mistake

app = typer.Typer()
_SCHEMES_OF_INT8 = ("_int8", "_int16x8", "_dynamic", "_fp16")
_FLOAT = "_fp32"


@app.command()
def demo(
    model: Annotated[Path, typer.Argument(metavar="MODEL|RUN", help="A .tflite or .onnx file, or a run.")],
    beside: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="Show this file beside it. Default: its float twin.")
    ] = None,
    alone: Annotated[bool, typer.Option("--alone", help="Show no second model.")] = False,
    run: Annotated[Path | None, typer.Option(metavar="RUN", help="Show the mistakes of this run, too.")] = None,
    lan: Annotated[bool, typer.Option("--lan", help="Serve on the local network: for a phone.")] = False,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="With --lan: no certificate; then no camera and no threads.")
    ] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Default: a free one.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels, one a line, for a file that has none.")] = None,
    input_range: Annotated[
        str | None, typer.Option(metavar="LO,HI", help="What 0 and 255 become, for a file of somebody else's.")
    ] = None,
) -> None:
    """Show a model's answers to photos and the camera, in a browser.

    The network runs in the browser, and no picture leaves it. Ctrl-C ends it.
    """
    from fv_benchmark.web.demo import DemoOptions, demo_app
    from fv_benchmark.web.open_page import Where, open_page, say_where

    path = file_of(model)
    second = None if alone else beside or float_twin(path)
    run_folder = run or (model if model.is_dir() else None)
    options = DemoOptions(
        models=(path,) if second is None else (path, second),
        labels=None if labels is None else read_labels(labels),
        input_range=None if input_range is None else parse_input_range(input_range),
        mistakes=() if run_folder is None else mistakes_of(run_folder),
    )
    where = Where(lan, port, plain_http)
    page = open_page(demo_app(options), where)
    try:
        with output.progress() as progress:
            say_where(page, where, progress)
            progress.say("Ctrl-C ends it.")
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        # That is how a demo ends, not how it fails.
        output.next_step(f"fv benchmark {path} --on browser")
    finally:
        page.server.stop()


def float_twin(path: Path) -> Path | None:
    """`x_fp32.tflite` beside `x_int8.tflite`; None where there is none, or for a float file."""
    for scheme in _SCHEMES_OF_INT8:
        if path.stem.endswith(scheme):
            twin = path.with_name(f"{path.stem.removesuffix(scheme)}{_FLOAT}{path.suffix}")
            return twin if twin.is_file() else None
    return None


def file_of(model: Path) -> Path:
    """The file itself; of a run or a folder, the smallest TFLite file, else the smallest ONNX file."""
    if not model.is_dir():
        return model
    for folder in (model, model / "export"):
        for suffix in FORMATS:
            found = sorted(folder.glob(f"*{suffix}"), key=lambda path: (path.stat().st_size, path.name))
            if found:
                return found[0]
    raise MissingPath(f"no model file in {model}", why="nothing has been exported", hint=f"fv export {model}")


def mistakes_of(folder: Path) -> tuple[Mistake, ...]:
    """The surest mistakes of a run's own evaluation; raises `MissingPath` where it has none."""
    from fv_benchmark.web.mistakes import surest_mistakes
    from fv_core.imageset import ImageSet
    from fv_core.predictions import Predictions
    from fv_train.run import Run

    run = Run.open(folder)
    imageset = ImageSet.open(run.dataset_path())
    split = imageset.reported_split()
    stored = run.predictions_path(imageset.fingerprint, split)
    if not stored.is_file():
        raise MissingPath(
            f"the run {folder} has no stored answers on {run.dataset_path()}",
            why="it was not evaluated, or the image set has changed since",
            hint=f"fv evaluate {folder} --data {run.dataset_path()}",
        )
    return tuple(surest_mistakes(Predictions.load(stored), imageset))
