"""How hot, how fast and how busy a machine is at one moment: taken beside every block of samples.

Absent is not zero: what a machine does not tell is None. `root` is the file system to read from, so that a test can
build a machine of its own. It reads Linux's /proc and /sys; a target that asks another way (`vcgencmd` over ssh,
`dumpsys` over adb) fills the same fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fv_benchmark.sysfs import read_number, read_text, read_throttled_bits

# vcgencmd get_throttled (Raspberry Pi documentation): bit 0 low voltage, 1 clock capped, 2 throttled, 3 soft
# temperature limit, all of them "now"; bits 16 to 19 are the same "since boot" and say nothing about a block.
THROTTLED_NOW_BITS = 0b1111
# Types of thermal zones that are the processor's: x86_pkg_temp, cpu-thermal (Raspberry Pi), CPU-therm (Jetson),
# cpu-0-0-usr (Snapdragon), soc_thermal (Rockchip). A zone of the mainboard or the battery says little.
_PROCESSOR_ZONE = re.compile(r"cpu|soc|x86_pkg", re.IGNORECASE)


@dataclass(frozen=True)
class Condition:
    """The state of a machine at one moment.

    `temperature_c`: the hottest sensor of the processor. `clock_mhz`: of its fastest core now. `governor`: who sets the
    clock. `throttled_bits`: what the Raspberry Pi's firmware says is so *now* (`THROTTLED_NOW_BITS`), or 1 and 0 where
    another system says just yes and no. `load`: one-minute load average.
    """

    temperature_c: float | None = None
    clock_mhz: float | None = None
    governor: str | None = None
    throttled_bits: int | None = None
    load: float | None = None

    @property
    def is_throttled(self) -> bool:
        """Whether the machine itself says that it slows down."""
        return bool(self.throttled_bits)


def read_condition(root: Path = Path("/")) -> Condition:
    """This machine, now; well under a millisecond."""
    bits = read_throttled_bits(root)
    load = read_text(root / "proc/loadavg").partition(" ")[0]
    return Condition(
        temperature_c=_temperature_c(root),
        clock_mhz=_clock_mhz(root),
        governor=read_text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or None,
        throttled_bits=None if bits is None else bits & THROTTLED_NOW_BITS,
        load=float(load) if load else None,
    )


def _temperature_c(root: Path) -> float | None:
    zones = [
        read_number(zone / "temp")
        for zone in root.glob("sys/class/thermal/thermal_zone*")
        if _PROCESSOR_ZONE.search(read_text(zone / "type"))
    ]
    # Thousandths of a degree (Documentation/driver-api/thermal/sysfs-api.rst).
    known = [zone / 1000 for zone in zones if zone is not None]
    return max(known) if known else None


def _clock_mhz(root: Path) -> float | None:
    clocks = [read_number(path) for path in root.glob("sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq")]
    known = [clock / 1000 for clock in clocks if clock is not None]
    return max(known) if known else None
