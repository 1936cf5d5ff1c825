"""Pillow's warnings, switched off while any thread is inside `pillow_is_quiet`.

`warnings.catch_warnings` alone is not for threads: two that overlap restore each other's filters, and one of them
decodes with filters that may turn a warning into an exception. Here the first thread in saves the filters, the last
one out restores them.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0
_saved = warnings.catch_warnings()


@contextmanager
def pillow_is_quiet() -> Iterator[None]:
    """Ignore what modules of Pillow warn of; warnings of others pass as before."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside, _saved
    with _lock:
        if _inside == 0:
            _saved = warnings.catch_warnings()
            _saved.__enter__()
            warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
        _inside += 1


def _leave() -> None:
    global _inside
    with _lock:
        _inside -= 1
        if _inside == 0:
            _saved.__exit__(None, None, None)
