"""Figures as text."""

from __future__ import annotations

import pytest

from fv_core.units import bytes_as_text, count_as_text, ms_as_text, percent_as_text, seconds_as_text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (3 << 40, "3072.0 GiB")],
)
def test_bytes(size_bytes: int, text: str) -> None:
    assert bytes_as_text(size_bytes) == text


@pytest.mark.parametrize(
    ("latency_ms", "text"), [(0.5, "0.50 ms"), (1.234, "1.23 ms"), (12.34, "12.3 ms"), (123.4, "123 ms")]
)
def test_milliseconds(latency_ms: float, text: str) -> None:
    assert ms_as_text(latency_ms) == text


@pytest.mark.parametrize(("share", "text"), [(0.3755, "37.55 %"), (0, "0.00 %"), (1, "100.00 %")])
def test_percent(share: float, text: str) -> None:
    assert percent_as_text(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (10.2, "10 s"), (59.4, "59 s"), (75.2, "1 min 15 s"), (3600, "1 h 0 min")],
)
def test_seconds(seconds: float, text: str) -> None:
    assert seconds_as_text(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(9.97, "10 s"), (59.7, "1 min 0 s"), (119.8, "2 min 0 s")])
def test_rounding_does_not_leave_its_unit(seconds: float, text: str) -> None:
    assert seconds_as_text(seconds) == text


def test_rounding_of_milliseconds_and_bytes_does_not_leave_its_unit() -> None:
    assert ms_as_text(9.999) == "10.0 ms"
    assert ms_as_text(99.97) == "100 ms"
    assert bytes_as_text((1 << 20) - 1) == "1.0 MiB"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1.0 k"), (28_300_000, "28.3 M"), (999_960, "1.0 M"), (5_600_000_000, "5.6 G")],
)
def test_counts(count: int, text: str) -> None:
    assert count_as_text(count) == text
