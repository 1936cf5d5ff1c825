"""What was measured on, and what else went on there: read from Linux's /proc and /sys, without any other library.

Absent is not zero: what a machine does not tell is None. No host or user name. `root` is the file system to read from,
so that a test can build a machine of its own.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fv_benchmark.energy import NO_ENERGY, energy_source, read_energy_uj
from fv_benchmark.sysfs import read_number, read_text, read_throttled_bits

_CLOCK_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# proc(5), /proc/stat: user nice system idle iowait irq softirq steal. Busy is all but idle, iowait and steal.
_IDLE_FIELDS = (3, 4)
_STEAL_FIELD = 7
# proc(5) field names that hold a processor's name: x86, older Arm, and the board's name on a Raspberry Pi.
_CPU_NAME = re.compile(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", re.MULTILINE)
# Bits 0 and 2 of the firmware's answer: low voltage now, throttled now (raspberrypi/documentation, vcgencmd).
_PI_THROTTLED_BITS = 0b1101


@dataclass(frozen=True)
class Machine:
    """A machine in words. `cores`: those that this process may use. `frequency_mhz`: the highest it can reach.

    `load_before`, `load_after`: the kernel's one-minute load average at either end of the measurement.
    `target`: how it was reached (`local`, `ssh`, `adb`, `browser`), never a user, host or serial number. `board`: the
    device's model. `emulated`: what emulates this processor, None for a real one; such latencies are no figures of a
    device. `energy`: where its energy figures come from: "measured (SOURCE)", "estimated (FORMULA)" or
    "not measurable here". `facts`: what else this kind of target knows, by name.
    """

    cpu: str
    architecture: str
    cores: int
    memory_bytes: int | None
    os: str
    kernel: str
    python: str | None
    governor: str | None
    frequency_mhz: float | None
    load_before: float | None
    load_after: float | None
    target: str = "local"
    board: str | None = None
    emulated: str | None = None
    energy: str = NO_ENERGY
    facts: Mapping[str, str | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Counters at one moment: seconds since some fixed moment, and seconds of processor time summed over cores.

    `busy_s`: spent by anybody; `own_s`: by this process and its ended children; `stolen_s`: taken by the hypervisor.
    `throttle_events`: counted by the kernel (Intel) or the firmware (Raspberry Pi: 1 while throttled).
    """

    at_s: float
    busy_s: float | None
    stolen_s: float | None
    own_s: float
    throttle_events: int | None
    load: float | None


@dataclass(frozen=True)
class Activity:
    """What happened between two snapshots: cores used by others, share of time stolen, throttle events."""

    other_cores: float | None
    stolen_share: float | None
    throttle_events: int | None


def describe(before: Snapshot, after: Snapshot, root: Path = Path("/")) -> Machine:
    """This machine, and the load average at either end of the measurement."""
    cpu0 = root / "sys/devices/system/cpu/cpu0/cpufreq"
    frequency_khz = read_number(cpu0 / "cpuinfo_max_freq")
    return Machine(
        board=_board(root),
        cpu=_cpu_name(root),
        architecture=platform.machine(),
        cores=usable_cores(),
        memory_bytes=_memory_bytes(root),
        os=_os_name(root),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        governor=read_text(cpu0 / "scaling_governor") or None,
        frequency_mhz=None if frequency_khz is None else frequency_khz / 1000,
        load_before=before.load,
        load_after=after.load,
        energy=energy_source(_board(root), is_counted=read_energy_uj(root) is not None),
    )


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def snapshot(root: Path = Path("/")) -> Snapshot:
    """Read the counters."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    fields = read_text(root / "proc/stat").partition("\n")[0].split()[1:9]
    ticks = [int(field) for field in fields] if len(fields) == 8 else None
    load = read_text(root / "proc/loadavg").partition(" ")[0]
    return Snapshot(
        at_s=time.monotonic(),
        busy_s=_busy_s(ticks) if ticks else None,
        stolen_s=ticks[_STEAL_FIELD] / _CLOCK_TICKS_A_SECOND if ticks else None,
        own_s=sum(usage.ru_utime + usage.ru_stime for usage in own),
        throttle_events=read_throttle_events(root),
        load=float(load) if load else None,
    )


def between(before: Snapshot, after: Snapshot, cores: int) -> Activity:
    """What went on from `before` to `after` on `cores` cores."""
    elapsed_s = max(after.at_s - before.at_s, 1 / _CLOCK_TICKS_A_SECOND)
    other = stolen = events = None
    if before.busy_s is not None and after.busy_s is not None:
        other = max(0.0, (after.busy_s - before.busy_s) - (after.own_s - before.own_s)) / elapsed_s
    if before.stolen_s is not None and after.stolen_s is not None:
        stolen = (after.stolen_s - before.stolen_s) / (elapsed_s * cores)
    if before.throttle_events is not None and after.throttle_events is not None:
        events = after.throttle_events - before.throttle_events
    return Activity(other, stolen, events)


def _busy_s(ticks: list[int]) -> float:
    rest = sum(ticks[field] for field in (*_IDLE_FIELDS, _STEAL_FIELD))
    return (sum(ticks) - rest) / _CLOCK_TICKS_A_SECOND


def read_throttle_events(root: Path = Path("/")) -> int | None:
    """See `Snapshot.throttle_events`."""
    counts = [
        read_number(path) for path in root.glob("sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count")
    ]
    known = [int(count) for count in counts if count is not None]
    bits = read_throttled_bits(root)
    if bits is not None:
        known.append(int((bits & _PI_THROTTLED_BITS) != 0))
    return sum(known) if known else None


def _board(root: Path) -> str | None:
    return read_text(root / "proc/device-tree/model").rstrip("\0") or None


def _cpu_name(root: Path) -> str:
    match = _CPU_NAME.search(read_text(root / "proc/cpuinfo"))
    return _board(root) or (match[1].strip() if match else platform.processor() or platform.machine())


def _memory_bytes(root: Path) -> int | None:
    match = re.search(r"^MemTotal:\s*(\d+) kB", read_text(root / "proc/meminfo"), re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def _os_name(root: Path) -> str:
    match = re.search(r'^PRETTY_NAME="?([^"\n]*)"?', read_text(root / "etc/os-release"), re.MULTILINE)
    return match[1] if match else platform.system()
