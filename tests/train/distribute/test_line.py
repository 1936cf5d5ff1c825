"""A worker that says nothing for too long is lost; one that gives signs of life is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from fv_train.distribute import line as lines
from fv_train.distribute.frames import Connection, Kind
from fv_train.distribute.line import Line
from fv_train.errors import WorkerLost
from tests.train.distribute._loopback import cluster


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lines, "time", clock)
    return clock


@pytest.fixture
def ends(clock: Clock) -> Iterator[tuple[Line, Line]]:
    one, other = socket.socketpair()
    view = cluster(0, ("a:1", "b:1"), silence_s=30.0)
    with (
        Line(view, {1: Connection(one, "worker 1", clock.now - 1000.0)}) as chief,
        Line(view, {0: Connection(other, "worker 0", clock.now)}) as worker,
    ):
        yield chief, worker


def test_signs_of_life_go_out_when_it_is_time(ends: tuple[Line, Line], clock: Clock) -> None:
    chief, worker = ends
    chief.beat()
    clock.now += lines.BEAT_S
    chief.beat()
    chief.beat()
    assert worker.receive(0) == [(Kind.ALIVE, b"")]


def test_silence_is_a_lost_worker_only_when_it_is_long(ends: tuple[Line, Line], clock: Clock) -> None:
    chief, worker = ends
    clock.now += 29.0
    worker.beat()
    assert chief.receive(1) == [(Kind.ALIVE, b"")]
    clock.now += 29.0
    chief.beat()
    clock.now += 2.0
    with pytest.raises(WorkerLost, match="worker 1 is gone: nothing was heard of it for 30 s"):
        chief.beat()


def test_who_waited_long_for_others_is_not_lost(ends: tuple[Line, Line], clock: Clock) -> None:
    clock.now += lines.BEAT_S
    ends[0].beat()
