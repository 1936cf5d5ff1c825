"""Many pictures at once, results in order.

Pillow gives up Python's lock while it decodes and resizes, so photos are read by threads: as fast as processes
(1,151 and 1,163 photos of 256 px a second on two cores, 661 in a plain loop), and nothing has to be copied. What is
drawn in Python holds the lock and goes to processes (286 plates a second against 123 with threads, 149 in a loop).
Processes are started afresh (`spawn`), because forking a process that runs TensorFlow's threads can hang.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

from fv_core.errors import BadPicture, MissingPath
from fv_core.preprocess import Pixels
from fv_core.signals import held_back
from fv_train.prepare.catalogue import Picture

# Pictures handed out ahead of the one that is waited for, so that no worker idles behind a large photo, nor while a
# chunk is flushed to the disk: tens of milliseconds, hundreds on a slow card; a picture takes one. As many squares as
# this memory holds, within reason: two a worker at least, and so few that something is heard soon.
_AHEAD_BYTES = 64 << 20
_AHEAD_PER_WORKER = 2
_AHEAD_AT_MOST = 512


@dataclass(frozen=True)
class Unreadable:
    """Stands in the place of a picture that could not be read."""

    why: str


def squares(
    pictures: Iterable[Picture], size: int, workers: int, drawn: bool
) -> Generator[Pixels | Unreadable, None, None]:
    """The stored squares (size, size, 3) of `pictures`, in their order; `drawn` as in `Catalogue`.

    Closed early, it waits for the pictures that are being read and drops the others.
    """
    if workers == 1:
        for picture in pictures:
            yield _square(picture, size)
        return
    ahead = max(_AHEAD_PER_WORKER * workers, min(_AHEAD_AT_MOST, _AHEAD_BYTES // (3 * size * size)))
    with held_back():  # a semaphore is made in two steps; between them it would be left behind, and Python says so
        executor = _executor(workers, drawn)
    waiting: deque[Future[Pixels | Unreadable]] = deque()
    try:
        for picture in pictures:
            with held_back():  # submitting may start a worker
                waiting.append(executor.submit(_square, picture, size))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def _square(picture: Picture, size: int) -> Pixels | Unreadable:
    try:
        return picture.square(size)
    except (BadPicture, MissingPath) as error:
        return Unreadable(error.why or error.problem)


def _executor(workers: int, drawn: bool) -> Executor:
    if not drawn:
        return ThreadPoolExecutor(workers)
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker)


def _begin_worker() -> None:
    """In a worker: end when the parent does, even by kill -9."""
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
