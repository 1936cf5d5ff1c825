"""Ctrl-C and SIGTERM, put off for a moment: where an exception in the middle would leave half of something behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def held_back() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the end of the block, in the main thread; no other one is asked about signals.

    A process started inside never gets Ctrl-C: it leaves it to its parent. The mask is for that process, which inherits
    it. It does not keep Ctrl-C from this one: a signal to a process goes to any of its threads, and Python acts on it
    in the main thread; so its handler is put aside as well.
    """
    pressed: list[int] = []
    in_charge = threading.current_thread() is threading.main_thread()  # no other may set handlers
    with ExitStack() as restored:
        restored.callback(_raise_all, pressed)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        restored.callback(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        for end in (signal.SIGINT, signal.SIGTERM) if in_charge else ():
            handler = signal.signal(end, lambda number, _: pressed.append(number))
            restored.callback(signal.signal, end, handler or signal.SIG_DFL)
        yield


def _raise_all(numbers: list[int]) -> None:
    """Raise signals that were held back, each once; the first whose handler raises is the last."""
    for number in dict.fromkeys(numbers):
        signal.raise_signal(number)
