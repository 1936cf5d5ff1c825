"""What a search for mixed precision found, and how fast integer files are: on a terminal, as a record, as pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fv_cli import output
from fv_core.errors import InputError
from fv_core.files import write_text

if TYPE_CHECKING:
    from fv_export.mixed.outcome import Outcome, Point, Timed
    from fv_export.pipeline import Exported, ExportOptions

# Of an answer and of its sentence.
COLOURS = {"kept": "green", "broken": "red", "cannot tell": "yellow"}
# Of the restored layers on the terminal; the page and `--json` have them all.
_SHOWN = 6
_REFUSED = 3


def check(options: ExportOptions) -> None:
    """Refuse what the options of mixed precision cannot be about."""
    from fv_export.mixed.options import Mix

    if options.mix == Mix(data=options.mix.data):
        return
    schemes = {pair.scheme for pair in options.pairs}
    if options.via_converter:
        raise InputError(
            "--via-converter writes float files alone",
            why="layers are mixed by fv's own writers",
            hint="leave --via-converter out",
        )
    if options.mix.target_drop_pp is not None and "int8" not in schemes:
        raise InputError("--target-drop belongs to --int8", hint="fv export --int8 --target-drop 0.5")
    if not schemes & {"int8", "int16x8"}:
        raise InputError("there is no integer file to mix or to time", hint="fv export --int8 --latency-on local")


def show(exported: Exported) -> None:
    """Print the frontier, the answer and the restored layers of each searched file; how fast each integer file is."""
    from fv_cli.tables import drawn
    from fv_export.mixed import words

    console = output.stdout()
    for file in exported.files:
        name = f"{file.pair.format} {file.pair.scheme}"
        if file.mixed is not None:
            console.print(drawn(words.frontier_table(file.mixed), {"→": "bold"}))
            console.print(_answer(name, words.sentence(file.mixed), file.mixed.answer.value), soft_wrap=True)
            for line in (
                words.promise(file.mixed),
                words.composition(file.mixed),
                _layers(file.mixed),
                words.effort(file.mixed),
            ):
                console.print(f"  {output.safe(line)}", soft_wrap=True)
        if file.timed is not None:
            console.print(_answer(name, words.timing(file.timed), file.timed.answer.value), soft_wrap=True)
            for doubt in dict.fromkeys(file.timed.doubts):
                console.print(f"[yellow]! {output.safe(doubt)}[/yellow]", soft_wrap=True)


def write_pages(exported: Exported) -> list[Path]:
    """The frontier's page of each searched file, beside the files."""
    from fv_export.mixed.page import html
    from fv_export.pipeline import file_name

    pages = []
    for file in exported.files:
        if file.mixed is not None:
            name = file_name(exported.name, file.pair)
            pages.append(exported.out / f"{name}.frontier.html")
            write_text(pages[-1], html(file.mixed, name))
    return pages


def exit_code(exported: Exported, options: ExportOptions) -> int:
    """3 where a promise is broken, 4 where it cannot be told, else 0."""
    answers = [file.mixed.answer for file in exported.files if file.mixed is not None]
    if options.mix.require_faster:
        answers += [file.timed.answer for file in exported.files if file.timed is not None]
    codes = {answer.exit_code for answer in answers}
    return _REFUSED if _REFUSED in codes else max(codes, default=0)


def after(options: ExportOptions) -> str:
    """What to type when no mixture keeps the target."""
    run = f" {options.source}" if options.source else ""
    return f"fv export{run} --int8 --finetune --target-drop {options.mix.target_drop_pp:g}"


def record(outcome: Outcome) -> dict[str, Any]:
    """For `--json` and `export.json`."""
    return {
        "target_drop_pp": outcome.target_pp,
        "answer": outcome.answer.value,
        "assurance": outcome.assurance,
        "assurance_wanted": outcome.wanted,
        "pictures_that_choose": outcome.pictures[0],
        "pictures_that_report": outcome.pictures[1],
        "restored": [
            {"layer": one.layer, "tensor": one.tensor, "divergence": one.damage, "extra_ms": one.extra_ms}
            for one in outcome.restored
        ],
        "chosen": outcome.chosen,
        "frontier": [_point(point) for point in outcome.points],
        "machine": outcome.machine,
        "doubts": list(outcome.doubts),
        "mixtures_tried": outcome.tried,
        "results_computed": outcome.computed,
        "results_remembered": outcome.remembered,
    }


def timed_record(timed: Timed) -> dict[str, Any]:
    """For `--json` and `export.json`."""
    return {
        "answer": timed.answer.value,
        "latency_ms": timed.latency_ms,
        "float_latency_ms": timed.float_ms,
        "ratio": timed.ratio.value,
        "ratio_ci95": list(timed.ratio.ci95) if timed.ratio.ci95 else None,
        "machine": timed.machine,
        "doubts": list(timed.doubts),
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "name": point.name,
        "layers_in_float": point.layers,
        "multiply_adds_in_integers": point.integer_share,
        "size_bytes": point.size_bytes,
        "latency_ms": point.latency_ms,
        "ratio_to_float": point.ratio.value if point.ratio else None,
        "ratio_to_float_ci95": list(point.ratio.ci95) if point.ratio and point.ratio.ci95 else None,
        "drop_pp": point.drop.drop_pp,
        "drop_ci95_pp": list(point.drop.ci_pp),
        "agreement": point.agreement,
        "drop_pp_on_choosing_pictures": point.chosen_drop_pp,
    }


def _answer(name: str, said: str, answer: str) -> str:
    colour = COLOURS[answer]
    return f"[bold]{output.safe(name)}[/bold] [{colour}]{output.safe(said)}[/{colour}]"


def _layers(outcome: Outcome) -> str:
    names = [one.layer for one in outcome.restored]
    if not names:
        return "no layer restored"
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"restored, the most guilty first: {', '.join(names[:_SHOWN])}{rest}"
