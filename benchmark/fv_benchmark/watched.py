"""See how far a child process is: it writes `DONE TOTAL` into a file now and then, a thread here reads it.

The main thread stays free for Ctrl-C.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fv_core.progress import Progress

_LOOK_EVERY_SECONDS = 0.2


@contextmanager
def watched(counter: Path, progress: Progress, task: str) -> Iterator[None]:
    """Show under `task` what stands in the file `counter`, while the block runs and once after it."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_EVERY_SECONDS):
            _show(counter, progress, task)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    _show(counter, progress, task)


def _show(counter: Path, progress: Progress, task: str) -> None:
    try:
        words = counter.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return
    # The file may just be being written.
    if len(words) == 2 and all(word.isdigit() for word in words):
        progress.advance(task, int(words[0]), int(words[1]))
