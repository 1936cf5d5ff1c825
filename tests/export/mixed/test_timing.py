from __future__ import annotations

from pathlib import Path

import pytest

from fv_core.progress import Silent
from fv_export.mixed.memory import Memory
from fv_export.mixed.timing import QUICK, Stopwatch
from tests.export.mixed.searched import FLOAT_MS, without_a_clock

FILES = {"a": b"one", "b": b"two", "c": b"three"}


def _stopwatch(folder: Path, on: str = "local") -> Stopwatch:
    return Stopwatch(on, ".tflite", Memory(folder), Silent())


def test_files_are_measured_together_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = without_a_clock(monkeypatch)
    first = _stopwatch(tmp_path).latencies_ms(FILES)
    # The stand-in's calls scatter by 2 %, its blocks by 1 %; the quickest are taken.
    assert first == pytest.approx([FLOAT_MS, FLOAT_MS / 2, FLOAT_MS / 2], rel=0.03)
    assert _stopwatch(tmp_path).latencies_ms(FILES) == first
    assert len(asked) == 1
    assert asked[0].protocol == QUICK
    assert [path.name for path in asked[0].models] == ["a.tflite", "b.tflite", "c.tflite"]


def test_another_file_or_another_device_is_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = without_a_clock(monkeypatch)
    _stopwatch(tmp_path).latencies_ms(FILES)
    _stopwatch(tmp_path).latencies_ms({**FILES, "c": b"four"})
    _stopwatch(tmp_path, "ssh://pi@there").latencies_ms(FILES)
    assert [one.on for one in asked] == [("local",), ("local",), ("ssh://pi@there",)]
