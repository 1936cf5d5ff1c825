"""What a board says of itself beyond /proc and /sys: emulation, big cores, and the Raspberry Pi's firmware.

`vcgencmd` (Raspberry Pi OS) answers `throttled=0x50005`, `temp=48.3'C` and `frequency(0)=2400028928`. `root` is the
file system to read from, so that a test can build a board of its own.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from fv_benchmark.condition import THROTTLED_NOW_BITS
from fv_benchmark.sysfs import read_number, read_text

_VCGENCMD_SECONDS = 5.0
_THROTTLED = re.compile(r"throttled=(0x[0-9a-fA-F]+)")
_X86_VENDOR = re.compile(r"^vendor_id\s*:\s*(GenuineIntel|AuthenticAMD)", re.MULTILINE)
_X86 = ("x86_64", "i386", "i486", "i586", "i686")


def emulated_by(root: Path = Path("/"), machine: str = "") -> str | None:
    """What emulates this processor; None for a real one, as far as can be seen from inside.

    The kernel's own architecture (Linux 6.1 and later, /proc/sys/kernel/arch) or the processors' maker, where a program
    for another architecture asks: qemu's user mode passes both through.
    """
    machine = machine or platform.machine()
    kernel = read_text(root / "proc/sys/kernel/arch")
    if kernel and (kernel in _X86) != (machine in _X86):
        return f"qemu-user on {kernel}"
    if machine not in _X86 and _X86_VENDOR.search(read_text(root / "proc/cpuinfo")):
        return "qemu-user on x86_64"
    return None


def big_cores(root: Path = Path("/")) -> tuple[int, ...]:
    """Numbers of the fastest cores where a processor has fast and slow ones; empty where all are alike.

    By the kernel's measure of what a core can do (cpu_capacity), else by its highest clock; of the cores that this
    process may use.
    """
    usable = os.sched_getaffinity(0) if root == Path("/") else range(1 << 16)
    for file in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):
        found = {
            int(core.name[3:]): read_number(core / file)
            for core in root.glob("sys/devices/system/cpu/cpu[0-9]*")
            if core.name[3:].isdigit()
        }
        known = {core: value for core, value in found.items() if value is not None and core in usable}
        if len(set(known.values())) > 1:
            return tuple(sorted(core for core, value in known.items() if value == max(known.values())))
    return ()


class Pinned:
    """While the block runs, this process and the children that it starts use `cores` only; no cores: any."""

    def __init__(self, cores: tuple[int, ...]) -> None:
        self._cores = cores
        self._before: set[int] = set()

    def __enter__(self) -> None:
        if self._cores:
            self._before = os.sched_getaffinity(0)
            os.sched_setaffinity(0, self._cores)

    def __exit__(self, *_: object) -> None:
        if self._before:
            os.sched_setaffinity(0, self._before)


def throttled_bits() -> int | None:
    """The bits of `Condition.throttled_bits` from `vcgencmd`; None where there is none."""
    match = _THROTTLED.search(vcgencmd("get_throttled"))
    return int(match[1], 16) & THROTTLED_NOW_BITS if match else None


def vcgencmd(*words: str) -> str:
    """What the firmware answers; empty where it cannot be asked."""
    try:
        done = subprocess.run(
            ["vcgencmd", *words],  # noqa: S607 - the board's own tool, wherever the system keeps it
            capture_output=True,
            timeout=_VCGENCMD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else ""
