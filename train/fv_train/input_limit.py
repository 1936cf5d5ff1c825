"""What holds a training up: the disk, the CPU, or the device that computes the steps.

The feed's threads are timed on three clocks: the wall, the processor time of the thread (CLOCK_THREAD_CPUTIME_ID), and
the time that it was ready to run and no core was free (Linux: /proc/thread-self/schedstat, proc(5)). While a batch is
read from the memory map, a thread that neither computes nor queues for a core sleeps in a page fault: it waits for the
disk.

    disk = wall - computing - queueing, while pictures are read
    CPU  = everything else that making batches took: gathering, random numbers, look-up tables, queueing for a core

Where the system does not tell queueing from sleeping (no schedstat), a slow input is called just that. As long as the
step hardly ever waits, neither matters, and the device is the limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fv_core.units import percent_as_text

# The step is to wait for 2 % of its time at most; the first batch of an epoch is always waited for, and a short epoch
# has few others, so a slow input is one that costs more than twice that.
SLOW_SHARE = 0.05
_SCHEDSTAT = Path("/proc/thread-self/schedstat")


@dataclass(frozen=True)
class Limit:
    """`what`: disk, CPU, device, or input where disk and CPU cannot be told apart.

    `disk_s`, `cpu_s`: of the feed's threads, together. `waiting_share`: of the step's time.
    """

    what: str
    waiting_share: float
    disk_s: float
    cpu_s: float

    def sentence(self) -> str:
        """What to know, and what to do about it; empty where the device is the limit."""
        if self.what == "device":
            return ""
        less = "less to do for each picture: --set augment.rand_operations=0, a smaller --size"
        ways = {
            "disk": "copy the image set to a faster disk, or prepare a smaller one: fv data prepare --size PX",
            "CPU": f"more cores, or {less}",
            "input": f"a faster disk, more cores, or {less}",
        }
        return (
            f"slow input: {percent_as_text(self.waiting_share)} of the time went in waiting for data, and the "
            f"{self.what} is the limit (making batches: {self.disk_s:.1f} s waiting for the disk, {self.cpu_s:.1f} s "
            f"on the CPU); {ways[self.what]}"
        )


class Meter:
    """Adds up what the threads of a feed spend; any thread may be in `making`, and there in `reading`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made_s = 0.0
        self._disk_s = 0.0

    @contextmanager
    def making(self) -> Iterator[None]:
        """A batch is made, from its indices to its arrays."""
        started = time.perf_counter()
        yield
        with self._lock:
            self._made_s += time.perf_counter() - started

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Pictures are read from the memory map."""
        wall_s, busy_s = time.perf_counter(), _busy_s()
        yield
        asleep_s = (time.perf_counter() - wall_s) - (_busy_s() - busy_s)
        with self._lock:
            self._disk_s += max(0.0, asleep_s)

    def limit(self, waiting_share: float) -> Limit:
        """The verdict on everything so far; `waiting_share`: of the training time, spent waiting for data."""
        disk_s, cpu_s = self._disk_s, max(0.0, self._made_s - self._disk_s)
        slow = "input" if not _SCHEDSTAT.is_file() else "disk" if disk_s > cpu_s else "CPU"
        return Limit("device" if waiting_share <= SLOW_SHARE else slow, waiting_share, disk_s, cpu_s)


def _busy_s() -> float:
    """Seconds in which this thread computed, or was ready to and had no core."""
    queued_ns = 0
    if _SCHEDSTAT.is_file():
        queued_ns = int(_SCHEDSTAT.read_text(encoding="ascii").split()[1])
    return time.thread_time() + queued_ns / 1e9
