"""`fv inspect`: what is inside a model file, whether it still answers as it did, and which of its layers lose most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fv_cli import output
from fv_cli.frameworks import import_keras
from fv_cli.model_sheet import Row, sheet
from fv_core.errors import InputError
from fv_core.units import bytes_as_text, count_as_text
from fv_edge_runtime.answers import parse_input_range
from fv_edge_runtime.errors import BadModelFile
from fv_edge_runtime.inspect import inspect_model

if TYPE_CHECKING:
    from fv_edge_runtime.facts import Layer, ModelFacts
    from fv_edge_runtime.inspect_verify import Verification

app = typer.Typer()
SCHEMA_VERSION = 1
MISMATCH = 3
# Layers shown without --layers: those with the most multiply-adds.
SHOWN_LAYERS = 10


@dataclass(frozen=True)
class Asked:
    """What `--against` was asked for; see the options of the same names."""

    full: Path
    data: Path | None
    samples: int
    input_range: str | None
    html: Path | None


@app.command()
def inspect(
    model: Annotated[Path, typer.Argument(help="A .tflite or .onnx file, from fv or from anybody.")],
    layers: Annotated[bool, typer.Option("--layers", help="List every layer, not the largest alone.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Draw the golden pictures and check the answers.")] = False,
    against: Annotated[
        Path | None, typer.Option(help="A run or a .keras file: which layers of MODEL lose most against it?")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Image set whose reported split --against uses.")] = None,
    samples: Annotated[int, typer.Option(min=4, help="How many of its pictures.")] = 64,
    input_range: Annotated[
        str | None, typer.Option(help="LO,HI that a foreign model expects for pixels 0 and 255.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report of --against as a page, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Show what is inside a model file, even one that no runtime opens.

    Inputs, outputs, quantization, operators, multiply-adds and bytes by layer, what broke the delegate's graph and why,
    float islands, metadata, provenance. With --against: the damage that each layer does to the answer, why, and the
    cure. Exit code 2 for a file that is unsound, 3 where --verify finds a mismatch.
    """
    if against is not None:
        if verify or layers:
            raise InputError("--against is a question of its own", hint=f"fv inspect {model} --against {against}")
        _against(model, Asked(against, data, samples, input_range, html), as_json=as_json)
        return
    if data is not None or html is not None or input_range is not None:
        raise InputError(
            "--data, --html and --input-range belong to --against", hint=f"fv inspect {model} --against RUN"
        )
    if verify:
        _verify(model, as_json=as_json, layers=layers)
        return
    facts = inspect_model(model)
    if as_json:
        output.print_json({"schema_version": SCHEMA_VERSION, **facts.to_data()})
    else:
        _draw(sheet(facts))
        _draw_layers(facts, every=layers)
    if facts.unsound:
        raise BadModelFile(f"{model} is unsound", why=facts.unsound)
    if not as_json:
        _next(model, facts)


def _against(model: Path, asked: Asked, *, as_json: bool) -> None:
    from fv_cli.against import image_set_of
    from fv_cli.damage import report_damage

    imageset = asked.data or image_set_of(asked.full)
    given = None if asked.input_range is None else parse_input_range(asked.input_range)
    import_keras()
    from fv_export.layers import LayerOptions

    options = LayerOptions(model, asked.full, imageset, asked.samples, given)
    report_damage(options, asked.html, as_json=as_json)


def _verify(model: Path, *, as_json: bool, layers: bool) -> None:
    from fv_edge_runtime.inspect_verify import verify

    if layers:
        raise InputError("--layers and --verify are two questions", hint=f"fv inspect {model} --verify")
    found = verify(model)
    if as_json:
        output.print_json({"schema_version": SCHEMA_VERSION, **asdict(found)})
    else:
        _draw(_outcome(model, found))
    if not found.passed:
        raise typer.Exit(MISMATCH)


def _outcome(model: Path, found: Verification) -> Iterable[Row]:
    yield ("verified" if found.passed else "refused"), f"{model.name}: {found.why}"
    yield "run by", found.runtime
    for check in found.checks:
        picture = "drawn to the byte" if check.same_picture else "another picture than the manifest's"
        answer = check.why or "not finite" if check.difference is None else f"off by {check.difference:.2g}"
        yield f"seed {check.seed}", f"{picture}, {answer}"


def _draw(rows: Iterable[Row]) -> None:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for key, value in rows:
        table.add_row(output.safe(key), output.safe(value))
    output.stdout().print(table)


def _draw_layers(facts: ModelFacts, *, every: bool) -> None:
    from rich import box
    from rich.table import Table

    numbered = list(enumerate(facts.layers, start=1))
    shown = numbered if every else _largest(numbered)
    if not shown:
        return
    total = facts.multiply_adds
    weights, written = sum(one.weight_bytes for one in facts.layers), sum(one.result_bytes or 0 for one in facts.layers)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column("#", justify="right")
    table.add_column("layer", overflow="fold", footer="all" if every else f"all {len(numbered)} layers")
    for title in ("operator", "result", "in"):
        table.add_column(title)
    table.add_column("multiply-adds", justify="right", footer=count_as_text(total))
    table.add_column("%", justify="right")
    table.add_column("weights", justify="right", footer=bytes_as_text(weights))
    table.add_column("writes", justify="right", footer=bytes_as_text(written))
    for number, layer in shown:
        table.add_row(str(number), *(output.safe(cell) for cell in _cells(layer, total)))
    output.stdout().print(table)
    if len(shown) < len(numbered):
        output.stderr().print("the layers with the most multiply-adds; --layers lists them all")


def _largest(numbered: Sequence[tuple[int, Layer]]) -> list[tuple[int, Layer]]:
    ordered = sorted(numbered, key=lambda one: -(one[1].multiply_adds or 0))[:SHOWN_LAYERS]
    return sorted(one for one in ordered if one[1].multiply_adds)


def _cells(layer: Layer, total: int) -> tuple[str, ...]:
    sizes = "not known" if layer.shape is None else " x ".join("?" if size < 0 else str(size) for size in layer.shape)
    work = "not known" if layer.multiply_adds is None else count_as_text(layer.multiply_adds)
    share = f"{100 * (layer.multiply_adds or 0) / total:.1f}" if total else "-"
    written = "not known" if layer.result_bytes is None else bytes_as_text(layer.result_bytes)
    return layer.name, layer.operator, sizes, layer.dtype, work, share, bytes_as_text(layer.weight_bytes), written


def _next(model: Path, facts: ModelFacts) -> None:
    if facts.not_opened:
        output.next_step("fv export RUN")
    elif facts.manifest is not None and facts.manifest.golden:
        output.next_step(f"fv inspect {model} --verify")
    else:
        output.next_step(f"fv predict {model} PICTURE")
