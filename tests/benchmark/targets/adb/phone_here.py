"""A phone for tests: the stand-in `adb` in the PATH, with a phone's own commands, and a `benchmark_model`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from fv_benchmark.targets import TargetOptions
from tests.benchmark.targets.adb import printed

HERE = Path(__file__).parent
PROPERTIES = """\
[ro.product.manufacturer]: [Stand]
[ro.product.model]: [In 1]
[ro.soc.model]: [Kirin 0]
[ro.build.version.release]: [14]
[ro.build.version.sdk]: [34]
[ro.product.cpu.abi]: [arm64-v8a]
"""


@dataclass(frozen=True)
class PhoneHere:
    """`root`: its file system. `faults`: see the stand-in. `said`: what was told to `cmd`, line by line."""

    root: Path
    faults: Path
    said: Path
    binary: Path

    def options(self, **changes: object) -> TargetOptions:
        return TargetOptions(benchmark_model=self.binary, **changes)  # type: ignore[arg-type]

    def break_with(self, fault: str, after: int = 0) -> None:
        (self.faults / fault).write_text(str(after))

    def left(self) -> list[Path]:
        """Whatever lies in the phone's temporary folder."""
        return sorted((self.root / "data/local/tmp").iterdir())


def phone_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PhoneHere:
    root, faults = tmp_path / "phone", tmp_path / "faults"
    (root / "data/local/tmp").mkdir(parents=True)
    faults.mkdir()
    said = tmp_path / "cmd.log"
    write_commands(root, f'echo "$*" >> {said}')
    tools = tmp_path / "tools"
    tools.mkdir()
    script(tools / "adb", f'exec {sys.executable} -I -S {HERE}/standin_adb.py "$@"')
    binary = tmp_path / "benchmark_model"
    script(binary, f'exec {sys.executable} {HERE}/standin_benchmark_model.py "$@"')
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("FV_ADB_ROOT", str(root))
    monkeypatch.setenv("FV_ADB_LOCAL", "1")
    monkeypatch.setenv("FV_ADB_FAULTS", str(faults))
    return PhoneHere(root, faults, said, binary)


def write_commands(root: Path, cmd: str, properties: str = PROPERTIES) -> None:
    """`getprop`, `dumpsys` and `cmd`, which only Android has."""
    tools = root / "system/bin"
    tools.mkdir(parents=True, exist_ok=True)
    script(tools / "getprop", f"cat <<'END'\n{properties}END")
    script(tools / "dumpsys", f"cat <<'END'\n{printed.THERMAL_SHIELD}END")
    script(tools / "cmd", cmd)


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
