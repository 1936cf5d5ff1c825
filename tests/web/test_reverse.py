"""`adb reverse` through a stand-in that keeps what it was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from fv_benchmark.targets.browser import reverse
from fv_benchmark.targets.browser.errors import AdbReverseFailed
from fv_benchmark.targets.browser.reverse import adb_reverse, end_adb_reverse


@pytest.fixture
def adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that appends its words to `asked`, says what stands in `says` and ends with what stands in `ends`."""
    program = tmp_path / "adb"
    lines = ("#!/bin/sh", f'echo "$@" >> {tmp_path}/asked', f"cat {tmp_path}/says >&2", f"exit $(cat {tmp_path}/ends)")
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    (tmp_path / "says").write_text("")
    (tmp_path / "ends").write_text("0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_the_way_is_opened_and_closed(adb: Path) -> None:
    adb_reverse(8080)
    end_adb_reverse(8080)
    assert (adb / "asked").read_text().splitlines() == ["reverse tcp:8080 tcp:8080", "reverse --remove tcp:8080"]


def test_what_adb_says_is_passed_on_in_printable_words(adb: Path) -> None:
    (adb / "says").write_text("error: no devices\x1b[2J/emulators found")
    (adb / "ends").write_text("1")
    with pytest.raises(AdbReverseFailed) as raised:
        adb_reverse(8080)
    assert raised.value.why == "error: no devices\\x1b[2J/emulators found"
    assert "adb devices" in raised.value.hint
    end_adb_reverse(8080)  # a phone that is gone has undone it itself


def test_without_adb_its_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AdbReverseFailed) as raised:
        adb_reverse(8080)
    assert raised.value.hint == "apt install adb"


def test_an_adb_that_hangs_is_given_up(adb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (adb / "adb").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(reverse, "_LIMIT_S", 0.2)
    with pytest.raises(AdbReverseFailed, match="did not answer"):
        adb_reverse(8080)
