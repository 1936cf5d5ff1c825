"""The words of `fv export`: each option once, with its help line; `commands/export.py` says their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[Path | None, typer.Argument(help="A run or a .keras file; default: the newest run.")]
Fp32 = Annotated[bool, typer.Option("--fp32", help="32-bit float.")]
Fp16 = Annotated[bool, typer.Option("--fp16", help="16-bit float weights.")]
Dynamic = Annotated[bool, typer.Option("--dynamic", help="8-bit weights, float activations.")]
Int8 = Annotated[bool, typer.Option("--int8", help="8-bit weights and activations.")]
Int16x8 = Annotated[bool, typer.Option("--int16x8", help="8-bit weights, 16-bit activations (TFLite).")]
Every = Annotated[bool, typer.Option("--all", help="Every scheme in every format.")]
Formats = Annotated[str, typer.Option("--format", help="tflite, onnx or both.")]
Calibration = Annotated[Path | None, typer.Option(help="Image set or folder of pictures that set the ranges of int8.")]
CalibrationSamples = Annotated[int, typer.Option(min=16, help="How many of them.")]
Labels = Annotated[Path | None, typer.Option(help="Label file for a .keras file, one label a line.")]
InputRange = Annotated[str | None, typer.Option(help="LO,HI that a foreign model expects for pixels 0 and 255.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the files; default: RUN/export.")]
ViaConverter = Annotated[
    bool, typer.Option("--via-converter", help="Stock converters, float only, for layers that fv does not know.")
]
Finetune = Annotated[
    bool, typer.Option("--finetune", help="Minutes of distillation from the float model into int8, resumable.")
]
MaxDrop = Annotated[
    float | None,
    typer.Option(metavar="PP", help="Put a file in place only if it surely loses at most PP points of top-1."),
]
Confidence = Annotated[float, typer.Option(help="How sure --max-drop must be, either way.")]
TargetDrop = Annotated[
    float | None,
    typer.Option(
        metavar="PP",
        help="Restore the fewest layers of int8 to float that bring its drop, a point estimate, within PP points; "
        "chosen on one half of the pictures, reported on the other. Continues when interrupted.",
    ),
]
Assurance = Annotated[
    float | None,
    typer.Option(help="Probability with which the half that reports is to show --target-drop kept; default: 0.8."),
]
KeepFloat = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Leave these layers of integer files in float (* and ?); may be repeated."),
]
LatencyOn = Annotated[
    str | None,
    typer.Option(metavar="DEVICE", help="Measure integer files against float there, as in fv benchmark --on."),
]
RequireFaster = Annotated[
    bool, typer.Option("--require-faster", help="Refuse an integer file that is not faster than float there.")
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="Image set: --max-drop and --target-drop judge on its reported split, --finetune learns from its training "
        "split."
    ),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Of --finetune; default: a fixed number of steps.")]
Keep = Annotated[bool, typer.Option("--keep", help="Put refused files in place, named .refused.")]
Explain = Annotated[bool, typer.Option("--explain", help="Say what was rewritten and what not.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
