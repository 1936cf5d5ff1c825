import subprocess
import sys

import pytest

from fv_benchmark.condition import Condition
from fv_benchmark.look import Look, grown, look, waited_share

NOWHERE = Look(Condition(), None, None, None)


def test_a_counter_grows_or_says_nothing():
    assert grown(3, 10) == 7
    assert (grown(None, 10), grown(3, None), grown(10, 3)) == (None, None, None)


def test_waiting_is_a_share_of_all_threads_time():
    before, after = Look(Condition(), 1_000, None, None), Look(Condition(), 500_001_000, None, None)
    assert waited_share(before, after, 1.0, 1) == pytest.approx(0.5)
    assert waited_share(before, after, 1.0, 2) == pytest.approx(0.25)
    assert waited_share(before, after, 0.1, 1) == 1.0
    assert waited_share(NOWHERE, after, 1.0, 1) is None


def test_an_empty_machine_tells_nothing(tmp_path):
    assert look(tmp_path) == NOWHERE


def test_the_kernel_counts_a_core_that_is_shared():
    """Two busy programs on one core: each waits for about half of the time."""
    if look().waited_ns is None:
        pytest.skip("this kernel does not count it")
    program = (
        "import os, sys, time\nfrom fv_benchmark.look import look, waited_share\n"
        "other = os.fork()\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "end = time.monotonic() + 1.5\n"
        "before, start = look(), time.monotonic()\n"
        "while time.monotonic() < end: pass\n"
        "if other: print(waited_share(before, look(), time.monotonic() - start, 1)); os.waitpid(other, 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    # Half of it on a quiet machine, more on a busy one; without the counter's meaning it would be next to nothing.
    assert 0.3 < float(done.stdout) <= 1.0
