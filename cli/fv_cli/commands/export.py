"""`fv export`: a run or a `.keras` file in, proven TFLite and ONNX files out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fv_benchmark.gate import Budget, worst
from fv_cli import export_options as words
from fv_cli import output
from fv_cli.frameworks import import_keras
from fv_core.errors import InputError
from fv_core.files import write_text
from fv_core.registry import unknown_name
from fv_core.units import bytes_as_text

if TYPE_CHECKING:
    from fv_export.finetune import Finetune
    from fv_export.gate import Gate
    from fv_export.pipeline import Exported, ExportedFile, ExportOptions
    from fv_export.schemes import Pair

app = typer.Typer()
FORMATS = ("tflite", "onnx")
# Asked for when no scheme is named: the small file, and the float file to hold it against.
DEFAULT_SCHEMES = ("fp32", "int8")
REFUSED = 3
# Names of float tensors shown for each reason.
SHOWN = 3
FAILED = 1


@app.command()
def export(
    source: words.Source = None,
    fp32: words.Fp32 = False,
    fp16: words.Fp16 = False,
    dynamic: words.Dynamic = False,
    int8: words.Int8 = False,
    int16x8: words.Int16x8 = False,
    every: words.Every = False,
    formats: words.Formats = "",
    calibration: words.Calibration = None,
    calibration_samples: words.CalibrationSamples = 200,
    labels: words.Labels = None,
    input_range: words.InputRange = None,
    out: words.Out = None,
    via_converter: words.ViaConverter = False,
    finetune: words.Finetune = False,
    max_drop: words.MaxDrop = None,
    confidence: words.Confidence = Budget.confidence,
    data: words.Data = None,
    epochs: words.Epochs = None,
    keep: words.Keep = False,
    explain: words.Explain = False,
    as_json: words.AsJson = False,
) -> None:
    """Turn a model into small, fast, checked TFLite and ONNX files.

    Without a scheme: --fp32 --int8. Every file is opened, run on real pictures and compared with the Keras model before
    it is put in place.
    """
    import_keras()
    from fv_export.pipeline import ExportOptions

    wanted = {"fp32": fp32, "fp16": fp16, "dynamic": dynamic, "int8": int8, "int16x8": int16x8}
    pairs, left_out = _pairs([name for name, asked in wanted.items() if asked], formats, every=every)
    _check_data(data, finetune=finetune, max_drop=max_drop)
    options = ExportOptions(
        pairs=tuple(pairs),
        source=source,
        calibration=calibration,
        calibration_samples=calibration_samples,
        labels=labels,
        input_range=_range(input_range),
        out=out,
        keep=keep,
        via_converter=via_converter,
        finetune=_finetune(finetune, data, epochs),
        gate=_gate(max_drop, confidence, data),
    )
    _run(options, left_out, as_json=as_json, explain=explain)


def _run(options: ExportOptions, left_out: list[str], *, as_json: bool, explain: bool) -> None:
    """Export, write the records, say what came of it, and end with the exit code of the worst file."""
    from fv_export import pipeline

    with output.progress() as progress:
        exported = pipeline.export(options, progress)
    _write_records(exported, record := as_record(exported, left_out))
    if as_json:
        output.print_json(record)
    else:
        _show(exported, left_out, explain=explain)
    _finish(exported)


def _check_data(data: Path | None, *, finetune: bool, max_drop: float | None) -> None:
    if data is not None and not finetune and max_drop is None:
        raise InputError(
            "--data belongs to --max-drop or --finetune",
            why="it says which pictures the gate judges on, and which ones a fine-tuning learns from",
            hint=f"fv export --int8 --max-drop 1 --data {data}",
        )


def _gate(max_drop: float | None, confidence: float, data: Path | None) -> Gate | None:
    from fv_export.gate import Gate

    return None if max_drop is None else Gate(Budget(max_drop, confidence), data)


def _finetune(asked: bool, data: Path | None, epochs: int | None) -> Finetune | None:
    from fv_export.finetune import Finetune

    if asked:
        return Finetune(data=data, epochs=epochs)
    if epochs is not None:
        raise InputError("--epochs belongs to --finetune", hint="fv export --int8 --finetune")
    return None


def _pairs(schemes: list[str], formats: str, *, every: bool) -> tuple[list[Pair], list[str]]:
    """The (format, scheme) pairs that were asked for, and in words those that there is no file for."""
    from fv_export.schemes import SCHEMES, Pair, why_not

    chosen = [name.strip() for name in formats.split(",")] if formats else list(FORMATS)
    for name in chosen:
        if name not in FORMATS:
            raise unknown_name("format", name, FORMATS)
    names = list(SCHEMES) if every else schemes or list(DEFAULT_SCHEMES)
    pairs, left_out = [], []
    for scheme in names:
        for format_name in chosen:
            pair = Pair(format_name, scheme)
            reason = why_not(pair)
            # What was asked for by name, format and scheme, is an error (raised by the export); the rest is left out.
            if reason and (every or not formats):
                left_out.append(f"{format_name} {scheme}: {reason}")
            else:
                pairs.append(pair)
    return pairs, left_out


def _range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--input-range {text} is not LO,HI", why="two numbers", hint="--input-range -1,1") from None
    if not low < high:
        raise InputError(f"--input-range {text} is empty", why="LO must be below HI", hint="--input-range -1,1")
    return low, high


def as_record(exported: Exported, left_out: list[str]) -> dict[str, Any]:
    """What `--json` prints and `export.json` holds; file names, no paths of this machine."""
    return {
        "schema_version": 1,
        "name": exported.name,
        "verified_on": exported.verified_on,
        "files": [_file_record(file) for file in exported.files],
        "left_out": left_out,
    }


def _file_record(file: ExportedFile) -> dict[str, Any]:
    verdict, drop = file.verdict, file.verdict.drop if file.verdict else None
    return {
        "format": file.pair.format,
        "scheme": file.pair.scheme,
        "file": file.path.name if file.path else None,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "verdict": verdict.kind if verdict else "failed",
        "why": verdict.why if verdict else str(file.failure),
        "largest_difference": verdict.largest_difference if verdict else None,
        "agreement": verdict.agreement if verdict else None,
        "drop_pp": drop.drop_pp if drop else None,
        "drop_ci95_pp": list(drop.ci95_pp) if drop else None,
        "pictures": verdict.n if verdict else 0,
        "float_tensors": [{"name": tensor.name, "why": tensor.why} for tensor in file.float_tensors],
        "rewrites": list(file.applied),
        "not_rewritten": list(file.not_applied),
    }


def _write_records(exported: Exported, record: dict[str, Any]) -> None:
    import json

    write_text(exported.out / "export.json", json.dumps(record, indent=1) + "\n")
    if exported.calibration_ids:
        listing = {"dataset_sha256": exported.calibration_sha256, "ids": list(exported.calibration_ids)}
        write_text(exported.out / "calibration.json", json.dumps(listing, indent=1) + "\n")


def _show(exported: Exported, left_out: list[str], *, explain: bool) -> None:
    from rich.table import Table

    console = output.stdout()
    table = Table(title=f"{exported.name}: compared with Keras on {exported.verified_on}", title_justify="left")
    for name in ("file", "size", "agreement", "drop (95 % interval)", "largest difference", "verdict"):
        table.add_column(name, justify="left" if name in ("file", "verdict") else "right", overflow="fold")
    for file in exported.files:
        table.add_row(*_row(file))
    console.print(table)
    for line in left_out:
        console.print(f"left out: {output.safe(line)}")
    for file in exported.files:
        for line in _float_lines(file):
            console.print(output.safe(line))
        if explain:
            for line in file.applied:
                console.print(f"rewritten in {_label(file)}: {output.safe(line)}")
            for line in file.not_applied:
                console.print(f"not rewritten in {_label(file)}: {output.safe(line)}")


def _float_lines(file: ExportedFile) -> list[str]:
    """One line a reason, with the first tensors; `--json` and the manifest have them all."""
    by_reason: dict[str, list[str]] = {}
    for tensor in file.float_tensors:
        by_reason.setdefault(tensor.why, []).append(tensor.name)
    lines = []
    for why, names in by_reason.items():
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        lines.append(f"float in {_label(file)}: {shown}: {why}")
    return lines


def _row(file: ExportedFile) -> tuple[str, ...]:
    verdict = file.verdict
    if verdict is None:
        return (_label(file), "-", "-", "-", "-", f"[red]failed: {output.safe(str(file.failure))}[/red]")
    agreement = "not measurable" if verdict.agreement is None else f"{verdict.agreement:.1%}"
    drop = "not measured"
    if verdict.drop is not None:
        low, high = verdict.drop.ci95_pp
        drop = f"{verdict.drop.drop_pp:+.2f} pp ({low:+.2f} … {high:+.2f})"
    colour = {"passed": "green", "refused": "red"}.get(verdict.kind, "yellow")
    said = {"passed": "passed", "refused": f"refused: {verdict.why}"}.get(verdict.kind, f"not judged: {verdict.why}")
    name = file.path.name if file.path else _label(file)
    size = bytes_as_text(file.size_bytes)
    difference = "-" if verdict.largest_difference is None else f"{verdict.largest_difference:.1e}"
    return (
        output.safe(name), size, agreement, drop, difference,
        f"[{colour}]{output.safe(said)}[/{colour}]",
    )  # fmt: skip


def _label(file: ExportedFile) -> str:
    return f"{file.pair.format} {file.pair.scheme}"


def _finish(exported: Exported) -> None:
    placed = [file for file in exported.files if file.path is not None]
    if placed:
        output.stderr().print(f"written to {output.safe(str(exported.out))}", soft_wrap=True)
        output.next_step("fv benchmark " + " ".join(str(file.path) for file in placed[:2]))
    if any(file.failure is not None for file in exported.files):
        raise typer.Exit(FAILED)
    refused = any(file.verdict is not None and file.verdict.kind == "refused" for file in exported.files)
    judged = worst([file.gated.decision for file in exported.files if file.gated]).exit_code
    if code := REFUSED if refused else judged:
        raise typer.Exit(code)
