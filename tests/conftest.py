"""Fixtures that every package's tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A shell starts background jobs with Ctrl-C ignored, and children inherit that: the tests that press it start afresh.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of sample pictures and weights that `FV_TEST_DATA` points to; skips where it is not set."""
    value = os.environ.get("FV_TEST_DATA")
    if not value:
        pytest.skip("FV_TEST_DATA is not set: the sample pictures are not here")
    return Path(value).resolve()


@pytest.fixture(autouse=True)
def _no_terminal_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are as wide as where there is no terminal: pytest-xdist's workers are given 80 columns."""
    monkeypatch.delenv("COLUMNS", raising=False)
