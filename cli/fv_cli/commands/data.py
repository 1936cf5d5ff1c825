"""`fv data`: from photos, or a public data set, to an image set."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from fv_cli import output
from fv_core.imageset import ImageSet
from fv_train.prepare.options import PrepareOptions

app = typer.Typer()
_ANY_PICTURES = "mobilenetv3large"


@app.callback(invoke_without_command=True)
def data(context: typer.Context) -> None:
    """Prepare an image set from photos or a public data set."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def prepare(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="tfds:NAME, folder:PATH (a folder for each class) or builtin:plates."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The image set, a new folder.")],
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where TFDS keeps its data sets.")
    ] = PrepareOptions.data_dir,
    size: Annotated[
        int, typer.Option(metavar="PX", help="Side of the squares; smaller if all pictures are.")
    ] = PrepareOptions.size,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this split of the source.")
    ] = PrepareOptions.split,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="At most N pictures of each split, of all classes alike.")
    ] = PrepareOptions.limit,
    max_bad: Annotated[
        float, typer.Option(metavar="SHARE", help="Largest share of unreadable pictures to skip.")
    ] = PrepareOptions.max_bad,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Pictures handled at once.", show_default="one a core")
    ] = PrepareOptions.workers,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Turn a source of labelled pictures into an image set: squares, labels and ids in one folder.

    Interrupted and started again with the same words, it goes on where it was.
    """
    from fv_train.prepare import prepare as prepare_image_set

    options = PrepareOptions(
        source=source,
        out=out,
        data_dir=data_dir,
        size=size,
        split=split,
        limit=limit,
        max_bad=max_bad,
        workers=workers,
    )
    with output.progress() as progress:
        image_set = prepare_image_set(options, progress)
    summary = _summary(image_set, out)
    if as_json:
        output.print_json(summary)
    else:
        _show(summary)
    output.next_step(shlex.join(["fv", "train", _recipe_for(image_set.header.source), "--data", str(out)]))


def _recipe_for(source: str) -> str:
    """The published recipe that was made for this source, or the one for any pictures."""
    from fv_train import recipe

    return next((name for name in recipe.names() if recipe.load_recipe(name).data.source == source), _ANY_PICTURES)


def _summary(image_set: ImageSet, out: Path) -> dict[str, Any]:
    header = image_set.header
    return {
        "imageset": str(out),
        "source": header.source,
        "classes": list(header.classes),
        "size_px": header.size,
        "counts": dict(header.counts),
        "skipped": list(header.skipped),
        "fingerprint": header.content_sha256,
    }


def _show(summary: dict[str, Any]) -> None:
    out = output.stdout()
    counts = ", ".join(f"{name} {count}" for name, count in summary["counts"].items())
    skipped = f"; {len(summary['skipped'])} unreadable pictures skipped" if summary["skipped"] else ""
    out.print(f"image set    {output.safe(summary['imageset'])}", soft_wrap=True)
    out.print(f"source       {output.safe(summary['source'])}", soft_wrap=True)
    out.print(f"pictures     {output.safe(counts)}, {summary['size_px']} px square{skipped}", soft_wrap=True)
    names = summary["classes"]
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    out.print(f"classes      {len(names)}: {output.safe(shown)}", soft_wrap=True)
    out.print(f"fingerprint  {summary['fingerprint']}")
