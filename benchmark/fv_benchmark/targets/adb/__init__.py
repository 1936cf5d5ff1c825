"""`--on adb[:SERIAL]`: an Android phone on a cable, or on the network through `adb connect`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fv_benchmark.errors import BadTarget
from fv_benchmark.targets import TargetKind, TargetOptions

if TYPE_CHECKING:
    from fv_benchmark.targets.adb.target import AdbTarget

# A serial number, or HOST:PORT of a phone on the network; never an option of adb's.
_SERIAL = re.compile(r"[A-Za-z0-9_.\[\]][A-Za-z0-9_.:\[\]-]{0,127}")


def _make(text: str, options: TargetOptions) -> AdbTarget:
    from fv_benchmark.targets.adb.target import AdbTarget

    _, colon, serial = text.partition(":")
    if colon and not _SERIAL.fullmatch(serial):
        raise BadTarget(
            f"no serial number: {serial!r}", why="letters, digits, dots, colons", hint="adb devices lists them"
        )
    return AdbTarget(text, serial or None, options)


TARGET = TargetKind("adb[:SERIAL]", _make)
