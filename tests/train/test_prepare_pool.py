"""Pictures in parallel: in order, not too far ahead, bad ones as values."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from fv_core.errors import BadPicture, MissingPath
from fv_core.preprocess import Pixels
from fv_train.prepare.pool import Unreadable, squares


@dataclass(frozen=True)
class Plain:
    """A picture of one value; the first ones take longest."""

    value: int

    def short_side(self) -> int:
        return 8

    def square(self, size: int) -> Pixels:
        time.sleep(0.002 * (self.value % 3))
        if self.value == 7:
            raise BadPicture("cannot read 7", why="it is odd")
        if self.value == 8:
            raise MissingPath("no 8")
        return np.full((size, size, 3), self.value, np.uint8)


@pytest.mark.parametrize(("workers", "drawn"), [(1, False), (3, False), (1, True), (2, True)])
def test_results_are_in_order_and_bad_ones_are_values(workers: int, drawn: bool) -> None:
    results = list(squares((Plain(k) for k in range(40)), 4, workers, drawn))
    assert results[7] == Unreadable("it is odd")
    assert results[8] == Unreadable("no 8")
    good = [(k, result) for k, result in enumerate(results) if not isinstance(result, Unreadable)]
    assert len(good) == 38
    assert all(np.array_equal(result, np.full((4, 4, 3), k)) for k, result in good)


def test_nothing_gives_nothing() -> None:
    assert list(squares(iter(()), 4, 2, False)) == []


# A small square: no more than a chunk of them. One of 2,048 px has 12 MiB: five fill the 64 MiB.
@pytest.mark.parametrize(("size", "ahead"), [(4, 512), (2048, 5)])
def test_it_does_not_run_far_ahead(size: int, ahead: int) -> None:
    taken = 0

    def pictures() -> Iterator[Plain]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield Plain(0)

    results = squares(pictures(), size, 2, False)
    next(results)
    assert taken == ahead
    results.close()


def test_stopping_early_ends_the_threads() -> None:
    before = threading.active_count()
    results = squares((Plain(0) for _ in range(1000)), 4, 4, False)
    next(results)
    results.close()
    assert threading.active_count() == before


@dataclass(frozen=True)
class Faulty(Plain):
    """Fails in a way that is no picture's fault."""

    def square(self, size: int) -> Pixels:
        raise RuntimeError("a fault")


@pytest.mark.parametrize("workers", [1, 2])
def test_any_other_error_comes_through(workers: int) -> None:
    with pytest.raises(RuntimeError, match="a fault"):
        list(squares([Faulty(1)], 4, workers, False))


# A signal that arrives right after a semaphore was announced to Python's tracker of resources, before the object that
# takes it back is there. With a handler that raises, as the command line has for both.
LEAK = """
import multiprocessing.resource_tracker as tracker
import signal
import sys

announce = tracker.register

def announce_and_press(name, kind):
    announce(name, kind)
    signal.raise_signal(int(sys.argv[1]))

def stop(number, frame):
    raise KeyboardInterrupt

tracker.register = announce_and_press
signal.signal(int(sys.argv[1]), stop)
from fv_train.prepare.pool import squares
try:
    list(squares([], 4, 2, True))
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_while_the_workers_are_prepared_leaves_no_semaphore_behind(how: signal.Signals) -> None:
    command = [sys.executable, "-c", LEAK, str(int(how))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("stopped\n", "")
