"""The silent progress is a progress."""

from __future__ import annotations

import pytest

from fv_core.progress import Progress, Silent


def test_silent_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress: Progress = Silent()
    progress.advance("work", 1, None, "note")
    progress.say("hello")
    assert capsys.readouterr() == ("", "")
