"""What native code writes to standard error while it is imported or opens a model: chatter is dropped, the rest not.

The runtimes' C++ writes to file descriptor 2 directly ("INFO: Created TensorFlow Lite XNNPACK delegate for CPU."), so
the descriptor itself is pointed elsewhere for a moment. Where opening fails, what was written says why.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

# TFLite's "INFO: …"; absl's "I0000 00:00:1700000000.000000 …", also as a warning that its logging is not initialized.
_CHATTER = re.compile(rb"^(INFO: |I\d{4} |WARNING: All log messages before absl::InitializeLog|\s*$)")
_STDERR = 2


class Written:
    """What was written to standard error; complete after the block."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def reason(self) -> str:
        """The last line that is no chatter, as text; empty where there is none."""
        return self.lines[-1].decode("utf-8", errors="replace").strip() if self.lines else ""


@contextmanager
def captured_stderr() -> Iterator[Written]:
    """Collect what is written to standard error. Without an exception, all but the chatter is passed on at the end."""
    written = Written()
    try:
        saved = os.dup(_STDERR)
    except OSError:
        # Standard error is closed: there is nothing to keep clean.
        yield written
        return
    with TemporaryFile() as collected:
        sys.stderr.flush()
        os.dup2(collected.fileno(), _STDERR)
        try:
            yield written
        finally:
            os.dup2(saved, _STDERR)
            os.close(saved)
            collected.seek(0)
            written.lines = [line for line in collected.read().splitlines() if not _CHATTER.match(line)]
    for line in written.lines:
        os.write(_STDERR, line + b"\n")
