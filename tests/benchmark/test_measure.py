import pytest

from fv_benchmark.measure import WINDOW_CALLS, measure
from fv_benchmark.protocol import Protocol

MS = 1_000_000


class World:
    """A clock that only calls move: the n-th call takes `durations(n)` nanoseconds."""

    def __init__(self, durations):
        self.now_ns = 0
        self.calls = 0
        self._durations = durations

    def clock(self):
        return self.now_ns

    def call(self):
        self.now_ns += self._durations(self.calls)
        self.calls += 1


def run(durations, **protocol):
    world = World(durations)
    return measure(world.call, world.clock, Protocol(**protocol)), world


def test_a_steady_call_is_timed_for_the_blocks_time():
    timing, world = run(lambda n: 10 * MS, block_seconds=0.5)
    assert timing.first_ns == 10 * MS
    assert timing.samples_ns == (10 * MS,) * 50
    assert timing.steady
    # Two windows of five calls are the shortest warm-up.
    assert timing.warm_up_calls == 2 * WINDOW_CALLS
    assert world.calls == 1 + timing.warm_up_calls + 50


def test_the_first_call_is_kept_apart():
    timing, _ = run(lambda n: 900 * MS if n == 0 else 10 * MS)
    assert timing.first_ns == 900 * MS
    assert max(timing.samples_ns) == 10 * MS


def test_warm_up_goes_on_while_calls_become_faster():
    # 10 % faster with every window of five calls, from 40 ms down to 10 ms.
    timing, _ = run(lambda n: max(10 * MS, int(40 * MS * 0.9 ** (n // 5))), warm_up_seconds=10.0)
    assert timing.steady
    assert timing.warm_up_calls >= 60
    assert set(timing.samples_ns) == {10 * MS}


def test_a_call_that_never_becomes_steady_is_said_so():
    timing, _ = run(lambda n: 10 * MS * (1 + n // 5), warm_up_seconds=0.5)
    assert not timing.steady
    assert timing.samples_ns


def test_without_time_for_a_warm_up_nothing_is_called_steady():
    timing, _ = run(lambda n: 10 * MS, warm_up_seconds=0.0)
    assert (timing.warm_up_calls, timing.steady) == (0, False)


def test_a_slow_call_is_made_at_least_so_often():
    timing, _ = run(lambda n: 3000 * MS, block_seconds=0.5, min_calls=4)
    assert timing.samples_ns == (3000 * MS,) * 4


def test_a_fast_call_is_made_at_most_so_often():
    timing, _ = run(lambda n: 1000, block_seconds=0.5, max_calls=300)
    assert len(timing.samples_ns) == 300


def test_a_short_window_is_long_enough_to_hold_an_interruption():
    # One of 1,000 fast calls is 50 times slower: the medians of two windows do not see it.
    timing, _ = run(lambda n: 500_000 if n % 1000 == 7 else 10_000)
    assert timing.steady


@pytest.mark.parametrize("wrong", [{"blocks": 0}, {"block_seconds": 0.0}, {"max_calls": 1}, {"order": "AB"}])
def test_a_protocol_that_measures_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match=r"no protocol|only order"):
        Protocol(**wrong)
