"""`adb reverse`: the page of this machine at the phone's own localhost, through the cable.

A page from localhost is a secure context without any certificate, so the phone gives it threads, WebGPU and camera.
"""

from __future__ import annotations

import shutil
import subprocess

from fv_benchmark.targets.browser.errors import AdbReverseFailed
from fv_core.text import printable

_LIMIT_S = 30.0


def adb_reverse(port: int) -> None:
    """Let the phone's localhost:`port` lead here; raises `AdbReverseFailed`."""
    _adb("reverse", f"tcp:{port}", f"tcp:{port}")


def end_adb_reverse(port: int) -> None:
    """Undo `adb_reverse`; a phone that is gone by now has undone it."""
    try:
        _adb("reverse", "--remove", f"tcp:{port}")
    except AdbReverseFailed:
        return


def _adb(*words: str) -> None:
    adb = shutil.which("adb")
    if adb is None:
        raise AdbReverseFailed("adb is not here", why="it opens the way through the cable", hint="apt install adb")
    try:
        done = subprocess.run([adb, *words], capture_output=True, text=True, errors="replace", timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise AdbReverseFailed("adb did not answer", why=f"waited {_LIMIT_S:.0f} s") from None
    if done.returncode != 0:
        why = printable((done.stderr or done.stdout).strip()) or f"it ended with {done.returncode}"
        raise AdbReverseFailed(f"adb {' '.join(words)} failed", why=why)
