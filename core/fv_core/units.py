"""Figures as people read them. Units are in the names: bytes in, text with a unit out."""

from __future__ import annotations


def bytes_as_text(size_bytes: int) -> str:
    """`1536` -> `1.5 KiB`; binary prefixes (IEC 80000-13)."""
    value = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        # 1023.95 KiB would be rounded to 1024.0 KiB.
        if value < (1024 if unit == "B" else 1023.95) or unit == "GiB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def ms_as_text(latency_ms: float) -> str:
    """Milliseconds with three significant digits below 100, none behind the point above."""
    # The limits are where rounding reaches the next digit: 9.995 would be 10.00.
    if latency_ms >= 99.95:
        return f"{latency_ms:.0f} ms"
    return f"{latency_ms:.1f} ms" if latency_ms >= 9.995 else f"{latency_ms:.2f} ms"


def percent_as_text(share: float) -> str:
    """`0.3755` -> `37.55 %`."""
    return f"{100 * share:.2f} %"


def seconds_as_text(seconds: float) -> str:
    """`75.2` -> `1 min 15 s`."""
    if round(seconds) < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def count_as_text(count: int) -> str:
    """`59100000` -> `59.1 M`; below a thousand as it is. Decimal prefixes, as operations are counted."""
    for size, prefix in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        # 999,950 would be rounded to 1000.0 k.
        if count >= 0.99995 * size:
            return f"{count / size:.1f} {prefix}"
    return str(count)
