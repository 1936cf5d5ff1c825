"""`fv data`: from photos, or a public data set, to an image set."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fv_cli import output
from fv_core.imageset import ImageSet
from fv_train.prepare.options import PrepareOptions

if TYPE_CHECKING:
    from fv_train.check import CheckReport

app = typer.Typer()
_GATE_SAYS_NO = 3
_TWINS_SHOWN = 10
_ANY_PICTURES = "mobilenetv3large"
_AS_PUBLISHED = "as_is"


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
    classes: Annotated[
        str,
        typer.Option(metavar="own|imagenet", help="imagenet: numbered as a published network's outputs, for as_is."),
    ] = PrepareOptions.classes,
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="With imagenet: what a class of the source is called there."),
    ] = None,
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

    labels = classes, tuple(rename or ())
    options = PrepareOptions(source, out, data_dir, size, split, limit, *labels, max_bad=max_bad, workers=workers)
    with output.progress() as progress:
        image_set = prepare_image_set(options, progress)
    summary = _summary(image_set, out)
    if as_json:
        output.print_json(summary)
    else:
        _show(summary)
    recipe = _recipe_for(image_set.header.source) if classes == PrepareOptions.classes else _AS_PUBLISHED
    output.next_step(shlex.join(["fv", "train", recipe, "--data", str(out)]))


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="IMAGESET", help="A prepared image set.")],
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 when something should be mended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Look for what spoils a training: duplicates, leaks between splits, imbalance, labels that colours give away."""
    from fv_train.check import check as check_image_set

    image_set = ImageSet.open(folder)
    with output.progress() as progress:
        report = check_image_set(image_set, progress)
    if as_json:
        output.print_json(report.to_json())
    else:
        _show_check(report)
    output.next_step(shlex.join(["fv", "train", _recipe_for(image_set.header.source), "--data", str(folder)]))
    if strict and report.problems():
        raise typer.Exit(_GATE_SAYS_NO)


def _show_check(report: CheckReport) -> None:
    out = output.stdout()
    for split, counts in report.counts.items():
        classes = f"{min(counts)} to {max(counts)} of each of {len(counts)} classes"
        out.print(f"{output.safe(split):<12} {sum(counts)} pictures, {classes}", soft_wrap=True)
    for twin in report.twins[:_TWINS_SHOWN]:
        how = "same bytes" if twin.exact else f"correlation {twin.correlation:.3f}"
        names = [report.classes[label] for label in (twin.first_label, twin.second_label)]
        labels = names[0] if names[0] == names[1] else " and ".join(names)
        out.print(f"twice        {twin.first_id} = {twin.second_id} ({output.safe(labels)}; {how})", soft_wrap=True)
    if len(report.twins) > _TWINS_SHOWN:
        out.print(f"             and {len(report.twins) - _TWINS_SHOWN} more pairs (--json has all)")
    if report.shortcut:
        known, (low, high) = report.shortcut, report.shortcut.top1_ci95
        out.print(
            f"shortcut     a linear model on mean colours: top-1 {known.top1:.1%} [{low:.1%}, {high:.1%}] of {known.n} "
            f"pictures; the largest class has {known.chance:.1%}",
            soft_wrap=True,
        )
    for problem in report.problems():
        out.print(f"[yellow]! {output.safe(problem)}[/yellow]", soft_wrap=True)
    if not report.problems():
        out.print("nothing to mend")


def _recipe_for(source: str) -> str:
    """The recipe that was made for this source, one with a measured accuracy first; or the one for any pictures."""
    from fv_train import recipe

    made = [one for name in recipe.names() if (one := recipe.load_recipe(name)).data.source == source]
    made.sort(key=lambda one: "not measured" in one.expect.top1)
    return made[0].name if made else _ANY_PICTURES


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
