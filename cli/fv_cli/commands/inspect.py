"""`fv inspect`: what is inside a model file, as a sheet to read or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fv_cli import output
from fv_core.units import bytes_as_text, percent_as_text
from fv_edge_runtime.inspect import inspect_model

if TYPE_CHECKING:
    from fv_core.manifest import Manifest
    from fv_edge_runtime.facts import ModelFacts, TensorFacts

app = typer.Typer()
SCHEMA_VERSION = 1
# More rows than a screen has are counted, not listed; --json has them all.
_MAX_ROWS = 12
_SHA_CHARACTERS = 12
Row = tuple[str, str]


@app.command()
def inspect(
    model: Annotated[Path, typer.Argument(help="A .tflite or .onnx file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Show what is inside a model file: inputs, outputs, operators, types, delegate partitions, manifest."""
    facts = inspect_model(model)
    if as_json:
        output.print_json({"schema_version": SCHEMA_VERSION, **facts.to_data()})
        return
    _draw(facts)
    output.next_step(f"fv predict {model} PICTURE")


def _draw(facts: ModelFacts) -> None:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    for key, value in sheet(facts):
        table.add_row(output.safe(key), output.safe(value))
    output.stdout().print(table)


def sheet(facts: ModelFacts) -> Iterator[Row]:
    """The sheet as (heading, text); a heading is empty where a row continues the one above."""
    scheme = facts.manifest.scheme if facts.manifest else "scheme not stated"
    yield "file", f"{facts.name} · {facts.format} · {scheme} · {bytes_as_text(facts.size_bytes)}"
    yield "sha256", facts.sha256
    if facts.producer:
        yield "made by", facts.producer
    if facts.opsets:
        yield "opsets", ", ".join(f"{domain} {version}" for domain, version in facts.opsets.items())
    yield from _listed("input", [_tensor(tensor) for tensor in facts.inputs])
    yield from _listed("output", [_tensor(tensor) for tensor in facts.outputs])
    yield from _listed("operators", [f"{count:>4} {name}" for name, count in facts.operators.items()])
    yield "computed in", ", ".join(f"{dtype} ({count})" for dtype, count in facts.activation_dtypes.items())
    yield "weights", ", ".join(f"{dtype} {bytes_as_text(size)}" for dtype, size in facts.constant_bytes.items())
    yield from _runtime(facts)
    yield from _floats(facts)
    if facts.free_shapes:
        yield "free sizes", f"{len(facts.free_shapes)} tensors: {', '.join(facts.free_shapes[:3])}"
    if facts.custom_operators:
        yield "not built in", ", ".join(facts.custom_operators)
    yield from _manifest(facts.manifest)


def _tensor(tensor: TensorFacts) -> str:
    shape = ", ".join("free" if size < 0 else str(size) for size in tensor.shape)
    text = f"{tensor.name}: {tensor.dtype} ({shape})"
    if tensor.quantization:
        text += f", real = {tensor.quantization.scale:.6g} · (stored - {tensor.quantization.zero_point})"
    return text


def _runtime(facts: ModelFacts) -> Iterator[Row]:
    if facts.not_opened:
        yield "not opened", facts.not_opened
        return
    yield "opened by", str(facts.runtime)
    if facts.partitions is None:
        return
    yield "partitions", f"{facts.partitions} of the delegate, {len(facts.outside)} operators outside"
    yield from _listed("", [f"{one.operator} ({one.dtype}): {one.why}" for one in facts.outside])


def _floats(facts: ModelFacts) -> Iterator[Row]:
    if facts.float_activations:
        islands = len(facts.float_islands)
        yield "float tensors", f"{len(facts.float_activations)}, {islands} of them islands between quantized ones"
        yield from _listed("", [f"{tensor.name}: {tensor.why}" for tensor in facts.float_activations])


def _manifest(manifest: Manifest | None) -> Iterator[Row]:
    if manifest is None:
        yield "manifest", "none: give its labels with --labels"
        return
    chain = manifest.preprocess
    yield "manifest", f"{manifest.name}, {len(manifest.labels)} labels from {manifest.labels_from}"
    yield "labels", ", ".join(manifest.labels[:3]) + (", …" if len(manifest.labels) > 3 else "")
    yield "pictures", f"square of {chain.store_size} px, {chain.crop_fraction:g} of it, to {chain.input_size} px"
    if manifest.calibration:
        source = manifest.calibration
        yield "calibration", f"{source.count} pictures of {source.split}, {source.method}, seed {source.seed}"
    if manifest.drop:
        drop, (low, high) = manifest.drop, manifest.drop.ci95_pp
        yield "drop", f"{drop.drop_pp:+.2f} points [{low:+.2f}, {high:+.2f}] on {drop.n} pictures of {drop.split}"
        yield "agreement", f"{percent_as_text(drop.agreement)} with the full model"
    if manifest.rewrites:
        yield "rewrites", ", ".join(manifest.rewrites)
    yield "golden", f"{len(manifest.golden)} pictures, tolerance {manifest.golden_tolerance:g}"
    yield "from", f"model {manifest.source_sha256[:_SHA_CHARACTERS]}"
    if manifest.versions:
        yield "versions", ", ".join(f"{name} {version}" for name, version in manifest.versions.items())


def _listed(heading: str, rows: Iterable[str]) -> Iterator[Row]:
    """The rows below one another, equal ones once with their number, the rest counted."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row] = counts.get(row, 0) + 1
    for number, (row, count) in enumerate(counts.items()):
        if number == _MAX_ROWS:
            yield "", f"… and {len(counts) - _MAX_ROWS} more (--json lists them)"
            return
        yield ("" if number else heading), f"{count} × {row}" if count > 1 else row
