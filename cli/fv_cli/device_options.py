"""The options of `fv benchmark` that say where and how long; each names the kind of device that understands it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Preset = Annotated[
    str, typer.Option(metavar="NAME", help="default, quick or normal: the last two as long as MLPerf Mobile's.")
]
Sustained = Annotated[
    str | None, typer.Option(metavar="10m|90s", help="Then run each row without a pause for so long.")
]
On = Annotated[
    list[str] | None,
    typer.Option(metavar="DEVICE", help="local, ssh://USER@HOST, adb[:SERIAL], browser; more than once for more."),
]
Install = Annotated[bool, typer.Option("--install", help="ssh: make an environment for fv there.")]
Wheels = Annotated[Path | None, typer.Option(metavar="DIR", help="ssh: install from these, no network.")]
Clean = Annotated[bool, typer.Option("--clean", help="ssh: remove what was put there, afterwards.")]
DecodeOnDevice = Annotated[
    Path | None, typer.Option(metavar="PHOTOS", help="ssh: send the photos of this folder, decode them there.")
]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="browser: serve here; default a free one.")]
PlainHttp = Annotated[
    bool, typer.Option("--plain-http", help="browser: no certificate; then no threads and no WebGPU on phones.")
]
AdbReverse = Annotated[bool, typer.Option("--adb-reverse", help="browser: reach a phone on a cable as its localhost.")]
BenchmarkModel = Annotated[
    Path | None, typer.Option(metavar="FILE", help="adb: the platform's own binary, for the phone's processor.")
]
FixedPerformance = Annotated[
    bool, typer.Option("--fixed-performance", help="adb: switch that mode on, and back at the end.")
]
