"""Energy: measured where the machine counts it, estimated where its maker says what it draws, else not measurable.

Intel and AMD processors count the energy of a package (RAPL); Linux shows it as
/sys/class/powercap/intel-rapl:N/energy_uj (Documentation/power/powercap/powercap.rst), readable by root alone since the
PLATYPUS attack (CVE-2020-8694). It is everything the package did, not our process only: honest on a quiet machine.

A Raspberry Pi counts nothing up to the 4; its maker says what each board typically draws when it is active, and so
    energy of a call ≈ 5.1 V · typical active current · latency,
of the whole board, and the same for one busy core as for four: an estimate, and called so.
"""

from __future__ import annotations

import re
from pathlib import Path

from fv_benchmark.sysfs import read_number

NO_ENERGY = "not measurable here"
MEASURED_BY_RAPL = "measured (RAPL, processor packages)"
# A package is intel-rapl:N; its parts (cores, memory controller) are intel-rapl:N:M and already counted in it.
_PACKAGE = re.compile(r"intel-rapl:\d+")
# "Typical bare-board active current consumption" in amperes, and the supply's voltage (Raspberry Pi documentation,
# computers/raspberry-pi.html, power supply). The longest name that a board's begins with counts.
_SUPPLY_V = 5.1
_ACTIVE_A = {
    "Raspberry Pi 3 Model B": 0.4,
    "Raspberry Pi 3 Model B Plus": 0.5,
    "Raspberry Pi Zero 2 W": 0.35,
    "Raspberry Pi 4 Model B": 0.6,
    "Raspberry Pi 5": 0.8,
}


def energy_source(board: str | None, *, is_counted: bool) -> str:
    """How energy figures of such a machine come about, in the words of a report."""
    if is_counted:
        return MEASURED_BY_RAPL
    power_w = board_power_w(board)
    if power_w is None:
        return NO_ENERGY
    return f"estimated ({power_w:.1f} W, the board's typical active power, × latency)"


def board_power_w(board: str | None) -> float | None:
    """The board's typical active power in watts; None for a board that its maker says nothing about."""
    fitting = [name for name in _ACTIVE_A if board is not None and board.startswith(name)]
    return _SUPPLY_V * _ACTIVE_A[max(fitting, key=len)] if fitting else None


def read_energy_uj(root: Path = Path("/")) -> int | None:
    """Microjoules of all packages since some moment; None where they are not counted or not readable."""
    packages = [one for one in root.glob("sys/class/powercap/intel-rapl:*") if _PACKAGE.fullmatch(one.name)]
    known = [read_number(package / "energy_uj") for package in packages]
    return sum(int(one) for one in known if one is not None) if packages and None not in known else None
