"""Which Pythons the device has, and what is installed in each: asked once, with a shell script on standard input.

The private environment of `--install` is looked at first, then what the login finds. A script goes through standard
input, never through the command line, so that no login shell has anything to interpret.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fv_benchmark import strict
from fv_benchmark.device.agent import VENV
from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets.ssh.connection import MAX_NOISE_BYTES, Connection
from fv_benchmark.targets.ssh.errors import DevicePythonMissing
from fv_core.text import printable

# The first release with tomllib, ExceptionGroup and the zip import that the agent needs; Raspberry Pi OS 12 has it.
OLDEST = (3, 11)
_NAMES = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
_DISTRIBUTIONS = ("numpy", "ai-edge-litert", "tflite-runtime", "onnxruntime", "pillow")
# A cold memory card and an emulated processor need seconds for each Python.
_SECONDS = 120.0
_PATH = re.compile(r"/[^\x00-\x1f\x7f]{1,400}")
# Runs on any Python 3, to be able to say which one is too old.
_ASK = """
import json, platform, struct, sys
try:
    from importlib import metadata, util
except ImportError:
    metadata = util = None
def version(name):
    try:
        return metadata.version(name)
    except Exception:
        return None
print(json.dumps({
    "executable": sys.executable,
    "version": list(sys.version_info[:3]),
    "machine": platform.machine(),
    "bits": 8 * struct.calcsize("P"),
    "glibc": platform.libc_ver()[1],
    "has_ensurepip": bool(util and util.find_spec("ensurepip")),
    "installed": {name: version(name) for name in NAMES},
}))
"""
_SCRIPT = """
echo fv-TOKEN
cd /
seen=" "
for name in "$HOME/VENV/bin/python" PYTHONS; do
  path=$(command -v "$name" 2>/dev/null) || continue
  real=$(readlink -f "$path" 2>/dev/null || echo "$path")
  case "$name" in */*) ;; *)
    case "$seen" in *" $real "*) continue ;; esac
    seen="$seen$real "
  ;; esac
  "$path" - <<'END_OF_QUESTION' || echo
ASK
END_OF_QUESTION
done
echo fv-TOKEN
"""


@dataclass(frozen=True)
class RemotePython:
    """A Python on the device. `version`: as in (3, 11, 2). `bits`: of its addresses. `glibc`: its version, empty for
    another C library. `installed`: version of each distribution that matters here, None where it is not there."""

    executable: str
    version: tuple[int, int, int]
    machine: str
    bits: int
    glibc: str
    has_ensurepip: bool
    installed: Mapping[str, str | None]

    @property
    def release(self) -> str:
        """As in `3.11`."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def is_ours(self) -> bool:
        """Whether it is the private environment of `--install`."""
        return f"/{VENV}/" in self.executable

    def words(self) -> str:
        """As in `Python 3.11.2 with numpy 2.4.6, onnxruntime 1.31.1`."""
        there = [f"{name} {version}" for name, version in self.installed.items() if version is not None]
        return f"Python {'.'.join(map(str, self.version))}" + (f" with {', '.join(there)}" if there else "")


def find_pythons(connection: Connection) -> list[RemotePython]:
    """Those that are new enough, best first; raises `DevicePythonMissing` where there is none."""
    token = secrets.token_hex(8)
    script = _SCRIPT.replace("TOKEN", token).replace("VENV", str(VENV)).replace("PYTHONS", " ".join(_NAMES))
    script = script.replace("ASK", _ASK.replace("NAMES", repr(_DISTRIBUTIONS)))
    done = connection.run("exec sh", script, _SECONDS, MAX_NOISE_BYTES)
    parts = done.stdout.decode("utf-8", errors="replace").split(f"fv-{token}\n")
    if len(parts) != 3:
        raise BadAnswer(
            f"{connection.address.host} does not run commands as a shell does",
            why=printable(done.stderr.strip() or parts[-1].strip() or "no answer", max_characters=200),
            hint=f"see what this says: ssh {connection.address.typed()} uname -a",
        )
    found = [_python(line) for line in parts[1].splitlines() if line.strip()]
    fit = [python for python in found if python.version >= OLDEST]
    if fit:
        return fit
    where = connection.address.host
    raise DevicePythonMissing(
        f"{where} has no Python {OLDEST[0]}.{OLDEST[1]} or newer",
        why=f"its newest is {max(found, key=lambda one: one.version).words()}" if found else "it has no python3 at all",
        hint=f"ssh {connection.address.typed()} sudo apt install python3 (Raspberry Pi OS 12 and later have a new one)",
    )


def _python(line: str) -> RemotePython:
    try:
        return _checked(json.loads(line, parse_constant=strict.no_constant))
    except strict.UNFIT as error:
        why = printable(f"{type(error).__name__}: {error}", max_characters=200)
        raise BadAnswer("the device described a Python as nobody does", why=why) from None


def _checked(entry: dict[str, Any]) -> RemotePython:
    major, minor, patch = strict.counts([1 + number for number in entry["version"]])
    installed = strict.facts(entry["installed"])
    python = strict.plain(RemotePython, {**entry, "version": (major - 1, minor - 1, patch - 1), "installed": installed})
    if not _PATH.fullmatch(python.executable):
        raise ValueError(f"no path: {python.executable!r}")
    if set(installed) - set(_DISTRIBUTIONS) or not all(
        value is None or _is_word(value) for value in installed.values()
    ):
        raise ValueError("no versions")
    if not all(_is_word(word) for word in (python.machine, python.glibc or "none")) or python.bits not in (32, 64):
        raise ValueError("no machine")
    return python


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._+-]{1,60}", value) is not None
