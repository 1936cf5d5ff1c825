"""`fv benchmark`: how big, how fast and how much less accurate, with the uncertainty of each figure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fv_benchmark.benchmark import BenchmarkOptions, question_for
from fv_benchmark.benchmark import benchmark as run_benchmark
from fv_benchmark.protocol import DEFAULT, Protocol, protocol_for
from fv_benchmark.targets import TargetOptions
from fv_cli import against as full_model
from fv_cli import output
from fv_cli.device_options import (
    AdbReverse,
    BenchmarkModel,
    Clean,
    DecodeOnDevice,
    FixedPerformance,
    Install,
    On,
    PlainHttp,
    Port,
    Preset,
    Sustained,
    Wheels,
)
from fv_core.errors import InputError
from fv_core.files import check_writable
from fv_edge_runtime.answers import parse_input_range

if TYPE_CHECKING:
    from fv_benchmark.report import Report

app = typer.Typer()
_STDOUT = "-"
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
# A run of a day makes 86,400 slices; a longer one would not be a benchmark.
_LONGEST_S = 86_400.0


@app.command()
def benchmark(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL…", help="Model files, folders of them, or runs.")],
    against: Annotated[
        Path | None, typer.Option(metavar="RUN|MODEL", help="The full model to measure the drop against.")
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="IMAGESET", help="Measure accuracy on this image set.")] = None,
    split: Annotated[str | None, typer.Option(help="Default: validation, else test.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Accuracy on so many pictures only.")] = None,
    threads: Annotated[str, typer.Option(metavar="N,N,…", help="Threads to measure with.")] = "1",
    preset: Preset = DEFAULT,
    runs: Annotated[int, typer.Option(min=1, help="Fresh processes for each row.")] = Protocol.blocks,
    sustained: Sustained = None,
    on: On = None,
    json: Annotated[Path | None, typer.Option(help="Write the report with every call; - is stdout.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report page.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables as Markdown.")] = None,
    input_range: Annotated[
        str | None, typer.Option(metavar="LO,HI", help="What 0 and 255 become, for files of somebody else's.")
    ] = None,
    install: Install = False,
    wheels: Wheels = None,
    clean: Clean = False,
    decode_on_device: DecodeOnDevice = None,
    port: Port = None,
    plain_http: PlainHttp = False,
    adb_reverse: AdbReverse = False,
    benchmark_model: BenchmarkModel = None,
    fixed_performance: FixedPerformance = False,
) -> None:
    """Measure latency, size and accuracy of model files, on this machine or on others."""
    target = TargetOptions(
        install=install,
        wheels=wheels,
        clean=clean,
        decode_on_device=decode_on_device,
        port=port,
        plain_http=plain_http,
        adb_reverse=adb_reverse,
        benchmark_model=benchmark_model,
        fixed_performance=fixed_performance,
    )
    options = BenchmarkOptions(
        models=tuple(models),
        threads=parse_threads(threads),
        imageset=data if data or against is None else full_model.image_set_of(against),
        split=split,
        limit=limit,
        input_range=None if input_range is None else parse_input_range(input_range),
        protocol=protocol_for(preset, runs),
        sustained_seconds=None if sustained is None else parse_duration(sustained),
        on=tuple(on) if on else BenchmarkOptions.on,
        target=target,
    )
    _measure_and_show(options, against, (json, html, markdown))


def _measure_and_show(
    options: BenchmarkOptions, against: Path | None, places: tuple[Path | None, Path | None, Path | None]
) -> None:
    """Measure, write the report as JSON, HTML and Markdown where asked for, and draw it."""
    json, html, _ = places
    for path in places:
        if path is not None and str(path) != _STDOUT:
            check_writable(path)
    with output.progress() as progress:
        question = question_for(options)
        full = full_model.full_answers(against, question, progress) if against and question else None
        report = run_benchmark(options, progress, full)
    _write(report, *places)
    if json is None or str(json) != _STDOUT:
        show(report)
    output.next_step(next_command(options, json, html))


def parse_threads(text: str) -> tuple[int, ...]:
    """`1,2,4` -> (1, 2, 4); raises `InputError`."""
    words = text.split(",")
    if not all(word.strip().isdecimal() and int(word) > 0 for word in words):
        raise InputError(f"cannot measure with {text!r} threads", why="whole numbers from 1", hint="--threads 1,2,4")
    return tuple(dict.fromkeys(int(word) for word in words))


def parse_duration(text: str) -> float:
    """`10m`, `90s`, `1h` or plain seconds -> seconds; raises `InputError`. At most a day."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|)", text)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not 0 < seconds <= _LONGEST_S:
        raise InputError(f"cannot run for {text!r}", why="a time such as 10m, 90s or 1h", hint="--sustained 10m")
    return seconds


def show(report: Report) -> None:
    """Draw the report on stdout: what was measured on, the table, its doubts, start and memory."""
    from fv_benchmark.render.long_runs import long_run_table
    from fv_benchmark.render.table import about, main_table, run_notes, start_table
    from fv_cli.tables import drawn

    console = output.stdout()
    main = main_table(report)
    for line in about(report):
        console.print(f"[dim]{output.safe(line)}[/dim]", soft_wrap=True)
    console.print(drawn(main))
    for mark, text in main.notes:
        console.print(f"[yellow]{mark} {output.safe(text)}[/yellow]", soft_wrap=True)
    for line in run_notes(report):
        console.print(f"[yellow]! {output.safe(line)}[/yellow]", soft_wrap=True)
    long_runs = long_run_table(report)
    if long_runs is not None:
        console.print(drawn(long_runs))
    console.print(drawn(start_table(report)))


def _write(report: Report, json: Path | None, html: Path | None, markdown: Path | None) -> None:
    from fv_benchmark.render import html as page
    from fv_benchmark.render import markdown as text
    from fv_benchmark.report_file import write_report
    from fv_core.files import write_text

    if json is not None and str(json) == _STDOUT:
        output.print_json(report.to_json())
    elif json is not None:
        write_report(json, report)
    if html is not None:
        write_text(html, page.html(report))
    if markdown is not None:
        write_text(markdown, text.markdown(report))


def next_command(options: BenchmarkOptions, json: Path | None, html: Path | None) -> str:
    """More about the first file, on the same devices."""
    on = "" if options.on == BenchmarkOptions.on else "".join(f" --on {device}" for device in options.on)
    asked = f"fv benchmark {options.models[0]}{on}"
    if options.imageset is None:
        return f"{asked} --data IMAGESET"
    if html is None:
        return f"{asked} --data {options.imageset} --html report.html"
    if json is None or str(json) == _STDOUT:
        return f"{asked} --data {options.imageset} --json before.json"
    return f"fv compare {json} LATER.json"
