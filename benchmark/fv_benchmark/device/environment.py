"""A private Python environment on the device, in `~/.local/share/fv/venv`: nothing of the system's is touched.

It is whole when `made-by-fv.json` lies in it, which is written last; one without is made again from the start.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from fv_benchmark.device.errors import DeviceDiskFull, InstallFailed, VenvMissing
from fv_benchmark.device.store import disk_errors

MARK = "made-by-fv.json"
_TAIL_LINES = 5
_NO_SPACE = "No space left on device"


def install(venv: Path, packages: Sequence[str], wheels: Path | None, say: Callable[[str], None]) -> str:
    """Make the environment where it is not whole, and install `packages`; the path of its Python.

    From the network, or from the folder `wheels` alone. Raises `VenvMissing`, `InstallFailed`, `DeviceDiskFull`.
    """
    python = venv / "bin" / "python"
    if find_spec("ensurepip") is None:
        raise VenvMissing(
            "the device's Python cannot make an environment", why="Debian keeps that in the package python3-venv"
        )
    if not (venv / MARK).is_file():
        shutil.rmtree(venv, ignore_errors=True)
        with disk_errors():
            venv.parent.mkdir(parents=True, exist_ok=True)
        say(f"making an environment in {venv}")
        _run([sys.executable, "-m", "venv", str(venv)], say, venv)
    source = ["--no-index", "--find-links", str(wheels)] if wheels else []
    command = [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
    _run([*command, *source, *packages], say, venv)
    with disk_errors():
        (venv / MARK).write_text(json.dumps({"packages": list(packages)}), encoding="utf-8")
    return str(python)


def _run(command: list[str], say: Callable[[str], None], venv: Path) -> None:
    """Run a command and pass on what it prints; a failure takes the half-made environment with it."""
    lines: list[str] = []
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for above
        for raw in process.stdout:
            line = raw.decode("utf-8", errors="replace").strip()
            if line:
                lines = [*lines[-_TAIL_LINES:], line]
                say(line)
    finally:
        if process.poll() is None:
            process.wait()
        process.stdout.close()  # type: ignore[union-attr]  # it was asked for above
    if process.returncode == 0:
        return
    text = " / ".join(lines)
    if not (venv / MARK).is_file():
        shutil.rmtree(venv, ignore_errors=True)
    if _NO_SPACE in text:
        raise DeviceDiskFull("there is no room on the device for an environment", why=lines[-1])
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    raise InstallFailed("the environment on the device could not be made", why=" / ".join(errors) or "no reason given")
