"""`fv embed`: a model file in, a small project that runs it out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from fv_cli import output
from fv_core.units import bytes_as_text
from fv_embed.project import TARGETS, Embedded
from fv_embed.project import embed as write_project

app = typer.Typer()
SCHEMA_VERSION = 1


@app.command()
def embed(
    model: Annotated[Path, typer.Argument(help="A .tflite or .onnx file that fv export wrote.")],
    target: Annotated[str, typer.Option(help=f"{', '.join(TARGETS.names())}.")],
    out: Annotated[Path, typer.Option(help="A new or an empty folder.")],
    name: Annotated[str | None, typer.Option(help="What the app is called; default: the model's name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a small app around a model file: phone, Pi, web, Space.

    The project holds the model, its labels, its preprocessing in the language of the platform, and a golden test.
    """
    written = write_project(model, target, out, name)
    if as_json:
        output.print_json(_record(written))
        return
    count, size = len(written.files), bytes_as_text(written.size_bytes)
    output.stdout().print(
        f"{output.safe(str(out))}: {written.target} project, {count} files, {size}", soft_wrap=True, highlight=False
    )
    output.next_step(f"cd {shlex.quote(str(out))} && {written.next_step}")


def _record(written: Embedded) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "target": written.target,
        "files": list(written.files),
        "size_bytes": written.size_bytes,
        "next_step": written.next_step,
    }
