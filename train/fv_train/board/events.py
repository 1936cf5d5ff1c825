"""TensorBoard's event files, written with TensorBoard's own records and messages: no TensorFlow in the process.

One file a process, named so that TensorBoard reads a resumed run's files in their order. A file begins by saying from
which epoch on it counts (`SessionLog.START`): of a run that was stopped, TensorBoard drops what the process before
wrote about epochs that are trained again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fv_core.files import check_writable, translated_os_errors


class EventFile:
    """The event file of this process, opened for each event. `step` is the epoch, from 1 over the whole run."""

    def __init__(self, folder: Path, first_step: int) -> None:
        """Begin a new file in `folder`; raises `ModuleNotFoundError` without TensorBoard, and `DiskFull`."""
        from tensorboard.compat.proto.event_pb2 import SessionLog

        # Files are read by rising name. No host name in it, unlike TensorBoard's own.
        self._path = folder / f"events.out.tfevents.{time.time_ns():020d}.{os.getpid()}.fv"
        check_writable(self._path)
        with translated_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._write(0, file_version="brain.Event:2")
        self._write(first_step, session_log=SessionLog(status=SessionLog.START))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Add one point to each curve."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        rows = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._write(step, summary=Summary(value=rows))

    def picture(self, step: int, tag: str, png: bytes, width: int, height: int) -> None:
        """Add a PNG of so many pixels."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
        self._write(step, summary=Summary(value=[Summary.Value(tag=tag, image=image)]))

    def _write(self, step: int, **what: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        record = Event(wall_time=time.time(), step=step, **what).SerializeToString()
        with translated_os_errors(self._path), self._path.open("ab") as stream:
            RecordWriter(stream).write(record)
