"""Figures of a report in words. What was not measured is said, never a zero."""

from __future__ import annotations

from fv_benchmark.accuracy import Accuracy
from fv_benchmark.stats import Ratio

ABSENT = "–"
NOT_MEASURED = "not measured"
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def ms(latency_ms: float | None) -> str:
    """Milliseconds without the unit, in three significant digits."""
    if latency_ms is None:
        return ABSENT
    return _three_digits(latency_ms)


def megabytes(size_bytes: int | None) -> str:
    """Megabytes (10⁶ bytes, as stores and download pages count) without the unit."""
    if size_bytes is None:
        return ABSENT
    return _three_digits(size_bytes / 1e6)


def ratio(value: Ratio) -> str:
    """`0.45 [0.44, 0.47]`, `0.45 [–]` without an interval; `1` for the reference itself."""
    if value.ci95 is None:
        return f"{value.value:.2f} [{ABSENT}]"
    if value == Ratio(1.0, (1.0, 1.0)):
        return "1"
    return f"{value.value:.2f} [{value.ci95[0]:.2f}, {value.ci95[1]:.2f}]"


def top1(accuracy: Accuracy | None) -> str:
    """`37.5 % [36.0, 39.0]`."""
    if accuracy is None:
        return NOT_MEASURED
    low, high = accuracy.top1_ci95
    return f"{100 * accuracy.top1:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def drop(accuracy: Accuracy | None) -> str:
    """`+0.31 [-0.12, +0.74]` percentage points; positive is worse than the full model."""
    if accuracy is None or accuracy.drop_pp is None or accuracy.drop_ci95_pp is None:
        return NOT_MEASURED
    low, high = accuracy.drop_ci95_pp
    return f"{signed(accuracy.drop_pp)} [{signed(low)}, {signed(high)}]"


def agreement(accuracy: Accuracy | None) -> str:
    """`99.1 %`."""
    if accuracy is None or accuracy.agreement is None:
        return NOT_MEASURED
    return f"{100 * accuracy.agreement:.1f} %"


def energy(energy_mj: float | None) -> str:
    """Millijoules without the unit, in three significant digits."""
    return ABSENT if energy_mj is None else _three_digits(energy_mj)


def fact(value: str | float | bool | None) -> str:
    """`yes`, `no`, `unknown`, or the value itself."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:g}"


def superscript(number: int) -> str:
    """`12` -> `¹²`."""
    return str(number).translate(_SUPERSCRIPTS)


def _three_digits(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}" if value >= 0.1 else f"{value:.2g}"


def signed(value_pp: float) -> str:
    """`+0.31`, `-0.12`; a zero without a sign."""
    text = f"{value_pp:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text
