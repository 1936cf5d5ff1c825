"""The process that trains, as its supervisor starts it.

It is apart because a framework's collective operation that waits for a worker that is gone cannot be interrupted, and
because JAX ends the process that loses its coordinator; this process can be ended at any moment. It ends by itself when
its supervisor does.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection
from typing import Any

from fv_core.errors import FvError
from fv_train.begin import TrainOptions


class Asking:
    """A `Team` whose answers come from the supervisor, and a `Progress` that it shows."""

    def __init__(self, pipe: Connection, index: int, addresses: tuple[str, ...]) -> None:
        self.index = index
        self.count = len(addresses)
        self.addresses = addresses
        self._pipe = pipe

    def share(self, data: bytes) -> bytes:
        """The chief's data."""
        self._pipe.send(("share", data))
        answer: bytes = self._pipe.recv()
        return answer

    def total(self, number: int) -> int:
        """The sum."""
        self._pipe.send(("total", number))
        answer: int = self._pipe.recv()
        return answer

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """Shown by the supervisor."""
        self._pipe.send(("advance", (task, done, total, note)))

    def say(self, message: str) -> None:
        """Shown by the supervisor."""
        self._pipe.send(("say", message))


def work(pipe: Connection, options: TrainOptions, index: int, addresses: tuple[str, ...], log: str) -> None:
    """Train, tell the supervisor how it ended, and wait to be ended: others may still need this process."""
    # Ctrl-C goes to all processes of a terminal; the supervisor ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    _write_to(log)
    asking = Asking(pipe, index, addresses)
    ended: tuple[str, Any]
    try:
        from fv_train.loop import train

        train(options, asking, asking)
        ended = ("done", None)
    except FvError as error:
        ended = ("error", error)
    except Exception as error:  # noqa: BLE001 - the border of a child process: everything is told to the parent
        lines = str(error).splitlines() or [""]
        ended = ("fault", f"{type(error).__name__}: {lines[0]}")
    pipe.send(ended)
    threading.Event().wait()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _write_to(log: str) -> None:
    """What native code and warnings write goes to a file that the supervisor reads when this process dies."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
