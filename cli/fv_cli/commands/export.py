"""`fv export`: a run or a `.keras` file in, proven TFLite and ONNX files out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fv_benchmark.gate import Budget, Decision, worst
from fv_benchmark.gate_record import provable_pp
from fv_cli import export_options as words
from fv_cli import exported as outcome
from fv_cli import mixed as mixing
from fv_cli import output
from fv_cli.frameworks import import_keras
from fv_core.errors import InputError
from fv_core.registry import unknown_name

if TYPE_CHECKING:
    from fv_export.finetune import Finetune
    from fv_export.gate import Gate
    from fv_export.mixed.options import Mix
    from fv_export.pipeline import Exported, ExportOptions
    from fv_export.schemes import Pair

app = typer.Typer()
FORMATS = ("tflite", "onnx")
# Asked for when no scheme is named: the small file, and the float file to hold it against.
DEFAULT_SCHEMES = ("fp32", "int8")
REFUSED = 3
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
    target_drop: words.TargetDrop = None,
    assurance: words.Assurance = None,
    keep_float: words.KeepFloat = None,
    latency_on: words.LatencyOn = None,
    require_faster: words.RequireFaster = False,
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
    import_keras(source)
    from fv_export.mixed.options import Mix
    from fv_export.pipeline import ExportOptions

    wanted = {"fp32": fp32, "fp16": fp16, "dynamic": dynamic, "int8": int8, "int16x8": int16x8}
    pairs, left_out = _pairs([name for name, asked in wanted.items() if asked], formats, every=every)
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
        gate=_gate(max_drop, confidence, data, needed=finetune or target_drop is not None),
        mix=_mix(Mix(target_drop, tuple(keep_float or ()), latency_on, require_faster, data), assurance),
    )
    mixing.check(options)
    _run(options, left_out, as_json=as_json, explain=explain)


def _run(options: ExportOptions, left_out: list[str], *, as_json: bool, explain: bool) -> None:
    """Export, write the records, say what came of it, and end with the exit code of the worst file."""
    from fv_export import pipeline

    with output.progress() as progress:
        exported = pipeline.export(options, progress)
    outcome.write_records(exported, record := outcome.as_record(exported, left_out))
    pages = [*outcome.write_pages(exported), *mixing.write_pages(exported)]
    if as_json:
        output.print_json(record)
    else:
        outcome.show(exported, left_out, explain=explain)
    for page in pages:
        output.stderr().print(f"report: {output.safe(str(page))}", soft_wrap=True)
    _finish(exported, options)


def _gate(max_drop: float | None, confidence: float, data: Path | None, *, needed: bool) -> Gate | None:
    from fv_export.gate import Gate

    if max_drop is not None:
        return Gate(Budget(max_drop, confidence), data)
    if confidence != Budget.confidence:
        raise InputError(
            "--confidence belongs to --max-drop", hint=f"fv export --max-drop 1 --confidence {confidence:g}"
        )
    if data is not None and not needed:
        raise InputError(
            "--data belongs to --max-drop, --target-drop or --finetune",
            why="it says which pictures the gate judges on, and which ones a fine-tuning learns from",
            hint=f"fv export --int8 --max-drop 1 --data {data}",
        )
    return None


def _mix(mix: Mix, assurance: float | None) -> Mix:
    if assurance is None:
        return mix
    if mix.target_drop_pp is None:
        raise InputError(
            "--assurance belongs to --target-drop",
            hint=f"fv export --int8 --target-drop 0.5 --assurance {assurance:g}",
        )
    return replace(mix, assurance=assurance)


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


def _finish(exported: Exported, options: ExportOptions) -> None:
    """Say where the files are and what to type next; raise `Exit` with the code of the worst file."""
    for name in outcome.from_before(exported):
        output.stderr().print(f"[yellow]! {output.safe(name)} is from an earlier export[/yellow]", soft_wrap=True)
    placed = [file for file in exported.files if file.path is not None]
    if placed:
        output.stderr().print(f"written to {output.safe(str(exported.out))}", soft_wrap=True)
        output.next_step("fv benchmark " + " ".join(str(file.path) for file in placed[:2]))
    elif any(file.mixed for file in exported.files):
        output.next_step(mixing.after(options))
    elif any(file.gated for file in exported.files):
        output.next_step(_after_the_gate(exported, options))
    if any(file.failure is not None for file in exported.files):
        raise typer.Exit(FAILED)
    refused = any(file.verdict is not None and file.verdict.kind == "refused" for file in exported.files)
    judged = worst([file.gated.decision for file in exported.files if file.gated]).exit_code
    codes = {judged, mixing.exit_code(exported, options), REFUSED if refused else 0}
    # A refusal goes before a doubt, a doubt before a pass.
    if code := REFUSED if REFUSED in codes else max(codes):
        raise typer.Exit(code)


def _after_the_gate(exported: Exported, options: ExportOptions) -> str:
    """No file passed: the budget that the best of them is proved to keep, or, where it is refused, more learning."""
    judged = [(file.gated, file.pair.scheme) for file in exported.files if file.gated]
    best, scheme = min(judged, key=lambda one: provable_pp(one[0]))
    data = f" --data {options.gate.data}" if options.gate and options.gate.data else ""
    asked = f"fv export {options.source or ''} --{scheme}{data}".replace("  ", " ")
    if best.decision is Decision.CANNOT_TELL or options.finetune is not None:
        return f"{asked} --max-drop {provable_pp(best):g}"
    return f"{asked} --finetune --max-drop {best.budget.max_drop_pp:g}"
