"""What came of an export: on a terminal, as a record, and the gate's pages beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fv_benchmark import gate_record
from fv_cli import gated, mixed, output
from fv_core.files import write_text
from fv_core.units import bytes_as_text

if TYPE_CHECKING:
    from rich.table import Table

    from fv_export.pipeline import Exported, ExportedFile
    from fv_export.verify import Verdict

# Names of float tensors shown for each reason.
SHOWN = 3


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
        "gate": gate_record.summary(file.gated) if file.gated else None,
        "mixed": mixed.record(file.mixed) if file.mixed else None,
        "timed": mixed.timed_record(file.timed) if file.timed else None,
        "float_tensors": [{"name": tensor.name, "why": tensor.why} for tensor in file.float_tensors],
        "rewrites": list(file.applied),
        "not_rewritten": list(file.not_applied),
    }


def write_records(exported: Exported, record: dict[str, Any]) -> None:
    """Write `export.json`, and `calibration.json` with the ids of the pictures that set the ranges."""
    write_text(exported.out / "export.json", json.dumps(record, indent=1) + "\n")
    if exported.calibration_ids:
        listing = {"dataset_sha256": exported.calibration_sha256, "ids": list(exported.calibration_ids)}
        write_text(exported.out / "calibration.json", json.dumps(listing, indent=1) + "\n")


def write_pages(exported: Exported) -> list[Path]:
    """The gate's page and record of every file that it judged."""
    if exported.judged_on is None:
        return []
    from fv_benchmark.gate_files import FOLDER, write_gate
    from fv_core.imageset import ImageSet

    imageset = ImageSet.open(exported.judged_on)
    return [write_gate(exported.out / FOLDER, file.gated, imageset) for file in exported.files if file.gated]


def from_before(exported: Exported) -> list[str]:
    """Names of files that this export did not let pass, and that an earlier one left in the folder."""
    from fv_export.pipeline import file_name

    names = {file_name(exported.name, file.pair) for file in exported.files}
    placed = {file.path.name for file in exported.files if file.path}
    return sorted(name for name in names - placed if (exported.out / name).is_file())


def show(exported: Exported, left_out: list[str], *, explain: bool) -> None:
    """Print the table, what stayed in float and why, and what the gate found."""
    console = output.stdout()
    console.print(_table(exported))
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
    mixed.show(exported)
    gated.show([file.gated for file in exported.files if file.gated])


def _table(exported: Exported) -> Table:
    """One row a file. Where the gate has judged, agreement and drop stand in its own table, from more pictures."""
    from rich.table import Table

    table = Table(title=f"{exported.name}: compared with Keras on {exported.verified_on}", title_justify="left")
    shown = ("file", "size", "agreement", "drop (95 % interval)", "largest difference", "verdict")
    hidden = ("agreement", "drop (95 % interval)") if any(file.gated for file in exported.files) else ()
    for name in shown:
        if name not in hidden:
            table.add_column(name, justify="left" if name in ("file", "verdict") else "right", overflow="fold")
    for file in exported.files:
        cells = zip(shown, _row(file), strict=True)
        table.add_row(*(cell for name, cell in cells if name not in hidden))
    return table


def _float_lines(file: ExportedFile) -> list[str]:
    """One line a reason, with the first tensors; `--json` and the manifest have them all."""
    by_reason: dict[str, list[str]] = {}
    for tensor in file.float_tensors:
        # Readers of many float tensors would be a line each.
        _, reads, why = tensor.why.partition(", which is float: ")
        by_reason.setdefault(f"next to a float tensor: {why}" if reads else tensor.why, []).append(tensor.name)
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
    colour, said = _said(verdict, file)
    name = file.path.name if file.path else _label(file)
    size = bytes_as_text(file.size_bytes)
    difference = "-" if verdict.largest_difference is None else f"{verdict.largest_difference:.1e}"
    return (
        output.safe(name), size, agreement, drop, difference,
        f"[{colour}]{output.safe(said)}[/{colour}]",
    )  # fmt: skip


def _said(verdict: Verdict, file: ExportedFile) -> tuple[str, str]:
    """Colour and words of the last column: what the verification says, the target, the gate, the clock."""
    if verdict.kind == "refused":
        return "red", f"refused: {verdict.why}"
    if file.mixed is not None and file.mixed.answer.value != "kept":
        return mixed.COLOURS[file.mixed.answer.value], f"target {file.mixed.answer.value}: see below"
    if file.gated is not None:
        return gated.COLOURS[file.gated.decision], f"{file.gated.decision.value}: see the gate below"
    if file.timed is not None and file.path is None:
        return mixed.COLOURS[file.timed.answer.value], "not faster than float: see below"
    return ("green", "passed") if verdict.kind == "passed" else ("yellow", f"not judged: {verdict.why}")


def _label(file: ExportedFile) -> str:
    return f"{file.pair.format} {file.pair.scheme}"
