"""The QR code in the terminal holds the modules of the library's, two to a character."""

from __future__ import annotations

import sys

import pytest
import segno

from fv_benchmark.web.qr import qr_lines

URL = "https://192.0.2.7:43210/abcdefghijklmnopqrstuv/"
# Character -> (upper module is dark, lower module is dark).
MODULES = {" ": (1, 1), "▄": (1, 0), "▀": (0, 1), "█": (0, 0)}


def test_every_module_is_there() -> None:
    rows = []
    for line in qr_lines(URL):
        rows.append([MODULES[character][0] for character in line])
        rows.append([MODULES[character][1] for character in line])
    wanted = [list(row) for row in segno.make(URL, error="l", micro=False).matrix_iter(border=2)]
    assert rows[: len(wanted)] == wanted
    assert not any(map(any, rows[len(wanted) :]))


def test_it_is_framed_by_light_modules() -> None:
    lines = qr_lines(URL)
    assert len({len(line) for line in lines}) == 1
    assert set(lines[0]) == {"█"}
    assert all(line.startswith("██") and line.endswith("██") for line in lines)


def test_without_the_library_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    assert qr_lines(URL) == []
