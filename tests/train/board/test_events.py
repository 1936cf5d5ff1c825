"""Event files: TensorBoard reads back what was written, and no TensorFlow is in the process that writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util import tensor_util

from fv_core.errors import NotWritable
from fv_train.board.events import EventFile


def events(folder: Path) -> list[object]:
    return [event for path in sorted(folder.iterdir()) for event in EventFileLoader(str(path)).Load()]


def test_scalars_and_pictures_come_back(tmp_path: Path) -> None:
    file = EventFile(tmp_path / "board", 1)
    file.scalars(1, {"loss": 2.5, "select_top1": 0.25})
    file.picture(1, "confusion", b"\x89PNG data", 7, 5)
    version, start, scalars, picture = events(tmp_path / "board")
    assert version.file_version == "brain.Event:2"
    assert (start.step, start.session_log.status) == (1, start.session_log.START)
    found = {value.tag: float(tensor_util.make_ndarray(value.tensor)) for value in scalars.summary.value}
    assert found == {"loss": 2.5, "select_top1": 0.25}
    width, height, png = picture.summary.value[0].tensor.string_val
    assert (int(width), int(height), png) == (7, 5, b"\x89PNG data")


def test_a_later_file_is_read_later_and_says_where_it_begins(tmp_path: Path) -> None:
    for step in (1, 2):
        file = EventFile(tmp_path / "board", step)
        file.scalars(step, {"loss": float(step)})
        starts = [event.step for event in events(tmp_path / "board") if event.HasField("session_log")]
    assert starts == [1, 2]


def test_what_is_written_is_on_disk_at_once(tmp_path: Path) -> None:
    file = EventFile(tmp_path / "board", 1)
    file.scalars(1, {"loss": 1.0})
    assert len(events(tmp_path / "board")) == 3


def test_no_tensorflow_is_imported(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from fv_train.board.events import EventFile
file = EventFile(Path({str(tmp_path / "board")!r}), 1)
file.scalars(1, {{"loss": 1.0}})
file.picture(1, "confusion", b"png", 1, 1)
sys.exit("tensorflow" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "board").write_text("")
    with pytest.raises(NotWritable):
        EventFile(tmp_path / "board", 1)
