"""One look at this machine and this process, taken at either end of every stretch of timed calls.

How long this process wanted a core and another program had it, Linux counts thread by thread: the second number of
/proc/PID/task/TID/schedstat is the time spent on a run queue, in nanoseconds (Documentation/scheduler/sched-stats.rst).
It says more than the load of the whole machine: a busy neighbour on a core of its own disturbs little, one on our core
doubles every latency.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fv_benchmark.condition import Condition, read_condition
from fv_benchmark.energy import read_energy_uj
from fv_benchmark.machine import read_throttle_events
from fv_benchmark.sysfs import read_text

_RUN_QUEUE_FIELD = 1
_FIELDS = 3


@dataclass(frozen=True)
class Look:
    """The machine's state, and counters that only grow; None where nobody counts.

    `waited_ns`: what the threads of this process, those that live, have waited for a core. `throttle_events`: of the
    processor. `energy_uj`: microjoules of the whole machine.
    """

    condition: Condition
    waited_ns: int | None
    throttle_events: int | None
    energy_uj: int | None


def look(root: Path = Path("/")) -> Look:
    """This machine and this process, now."""
    return Look(read_condition(root), _waited_ns(root), read_throttle_events(root), read_energy_uj(root))


def grown(before: int | None, after: int | None) -> int | None:
    """The growth of a counter; None where it is not there, or wrapped round."""
    return None if before is None or after is None or after < before else after - before


def waited_share(before: Look, after: Look, seconds: float, threads: int) -> float | None:
    """Share of `threads` threads' time that was spent waiting; a thread that ended meanwhile takes its count along."""
    waited_ns = grown(before.waited_ns, after.waited_ns)
    return None if waited_ns is None else min(1.0, waited_ns / (1e9 * seconds * threads))


def _waited_ns(root: Path) -> int | None:
    fields = [read_text(path).split() for path in root.glob("proc/self/task/*/schedstat")]
    known = [int(one[_RUN_QUEUE_FIELD]) for one in fields if len(one) == _FIELDS]
    return sum(known) if known else None
