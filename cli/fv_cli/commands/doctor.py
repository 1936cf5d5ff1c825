"""`fv doctor`: what is installed, what is missing, and the command that mends it."""

from __future__ import annotations

import platform
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from fv_benchmark import machine
from fv_cli import __version__, installation, output
from fv_cli.installation import Finding, Gpus, State
from fv_core.units import bytes_as_text

app = typer.Typer()
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Checkup:
    """Everything that `fv doctor` says. No path and no name of the machine: it is made to be pasted into a report."""

    fv: str
    python: str
    system: str
    cpu: str
    cores: int
    int8_features: tuple[str, ...]
    memory_bytes: int | None
    free_disk_bytes: int
    libraries: tuple[State, ...]
    gpus: Gpus
    findings: tuple[Finding, ...]
    schema_version: int = SCHEMA_VERSION


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Say what is installed, what is missing, and the command that mends it.

    The exit code is 1 when something is installed and does not work, else 0.
    """
    with output.progress() as progress:
        progress.say("Loading each library once in a process of its own; TensorFlow takes a few seconds …")
        found = check_up()
    if as_json:
        output.print_json(asdict(found))
    else:
        _draw(found)
    if any(finding.kind == "broken" for finding in found.findings):
        raise typer.Exit(1)


def check_up() -> Checkup:
    """Look at this machine and this Python."""
    now = machine.snapshot()
    here = machine.describe(now, now)
    libraries = installation.states(installation.RUNTIMES + installation.FRAMEWORKS)
    tensorflow_loads = any(
        one.library.name == "tensorflow" and one.version is not None and not one.problem for one in libraries
    )
    graphics = installation.gpus(tensorflow_loads)
    return Checkup(
        fv=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        cpu=here.cpu,
        cores=here.cores,
        int8_features=installation.int8_features(),
        memory_bytes=here.memory_bytes,
        free_disk_bytes=shutil.disk_usage(Path.cwd()).free,
        libraries=tuple(libraries),
        gpus=graphics,
        findings=tuple(installation.findings(libraries, graphics)),
    )


def _draw(found: Checkup) -> None:
    console = output.stdout()
    console.print(f"fv {found.fv}, Python {found.python}, {found.system}")
    console.print(
        f"{output.safe(found.cpu)}, {found.cores} cores, for 8 bits: {' '.join(found.int8_features) or 'none'}"
    )
    memory = "unknown" if found.memory_bytes is None else bytes_as_text(found.memory_bytes)
    console.print(f"memory {memory}, free on this disk {bytes_as_text(found.free_disk_bytes)}")
    console.print(_gpu_line(found.gpus), markup=False)
    console.print(_library_table(found.libraries))
    for finding in found.findings:
        style = "red" if finding.kind == "broken" else "yellow"
        console.print(f"[{style}]{finding.kind}[/] {output.safe(finding.what)}", soft_wrap=True)
        console.print(f"  {output.safe(finding.mend)}", soft_wrap=True)
    if not found.findings:
        console.print("Nothing is missing.")
    output.next_step(found.findings[0].mend if found.findings else "fv quickstart")


def _gpu_line(graphics: Gpus) -> str:
    driver = ", ".join(graphics.driver) or "none"
    seen = "not loaded" if graphics.tensorflow is None else ", ".join(graphics.tensorflow) or "none"
    return f"GPU: driver sees {driver}; TensorFlow sees {seen}"


def _library_table(libraries: tuple[State, ...]) -> object:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("library", "version", "state"):
        table.add_column(heading)
    for one in libraries:
        condition = "not installed" if one.version is None else one.problem or "loads"
        table.add_row(one.library.name, output.safe(one.version or "-"), output.safe(condition))
    return table
