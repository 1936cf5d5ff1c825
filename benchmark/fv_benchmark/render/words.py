"""Figures of a report in words. What was not measured is said, never a zero."""

from __future__ import annotations

from fv_benchmark.accuracy import Accuracy
from fv_benchmark.stats import Ratio

ABSENT = "–"
NOT_MEASURED = "not measured"
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def ms(latency_ms: float | None) -> str:
    """Milliseconds without the unit, three significant digits below 100."""
    if latency_ms is None:
        return ABSENT
    if latency_ms >= 100:
        return f"{latency_ms:.0f}"
    if latency_ms >= 10:
        return f"{latency_ms:.1f}"
    return f"{latency_ms:.2f}" if latency_ms >= 0.1 else f"{latency_ms:.3f}"


def megabytes(size_bytes: int | None) -> str:
    """Megabytes (10⁶ bytes, as stores and download pages count) without the unit."""
    if size_bytes is None:
        return ABSENT
    value = size_bytes / 1e6
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def ratio(value: Ratio | None) -> str:
    """`0.45 [0.44, 0.47]`; `1` for the reference itself."""
    if value is None:
        return ABSENT
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
    return f"{_signed(accuracy.drop_pp)} [{_signed(low)}, {_signed(high)}]"


def agreement(accuracy: Accuracy | None) -> str:
    """`99.1 %`."""
    if accuracy is None or accuracy.agreement is None:
        return NOT_MEASURED
    return f"{100 * accuracy.agreement:.1f} %"


def superscript(number: int) -> str:
    """`12` -> `¹²`."""
    return str(number).translate(_SUPERSCRIPTS)


def _signed(value_pp: float) -> str:
    text = f"{value_pp:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text
