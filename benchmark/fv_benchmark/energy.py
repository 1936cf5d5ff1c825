"""Energy: measured where the machine counts it, estimated where its maker says what it draws, else not measurable.

Intel and AMD processors count the energy of a package (RAPL); Linux shows it as
/sys/class/powercap/intel-rapl:N/energy_uj (Documentation/power/powercap/powercap.rst), readable by root alone since the
PLATYPUS attack (CVE-2020-8694). It is everything the package did, not our process only: honest on a quiet machine.
"""

from __future__ import annotations

import re
from pathlib import Path

from fv_benchmark.sysfs import read_number

MEASURED_BY_RAPL = "measured (RAPL, processor packages)"
# A package is intel-rapl:N; its parts (cores, memory controller) are intel-rapl:N:M and already counted in it.
_PACKAGE = re.compile(r"intel-rapl:\d+")


def read_energy_uj(root: Path = Path("/")) -> int | None:
    """Microjoules of all packages since some moment; None where they are not counted or not readable."""
    packages = [one for one in root.glob("sys/class/powercap/intel-rapl:*") if _PACKAGE.fullmatch(one.name)]
    known = [read_number(package / "energy_uj") for package in packages]
    return sum(int(one) for one in known if one is not None) if packages and None not in known else None
